import { afterEach, describe, expect, it } from 'vitest';
import { reachedFrom } from './listener.ts';
import { closeAll, silent, startWeb } from './testing-web.ts';

afterEach(closeAll);

const at = (address: string, family: 'IPv4' | 'IPv6', internal = false) => {
  const common = { address, netmask: '', mac: '', cidr: null, internal };
  return family === 'IPv4' ? { ...common, family } : { ...common, family, scopeid: 0 };
};

describe('where others open the page', () => {
  const open = new URL('http://127.0.0.1:8080/');
  const interfaces = {
    lo: [at('127.0.0.1', 'IPv4', true), at('::1', 'IPv6', true)],
    eth0: [at('192.0.2.7', 'IPv4'), at('2001:db8::7', 'IPv6'), at('fe80::7', 'IPv6')],
    usb0: [at('169.254.3.3', 'IPv4')],
    none: undefined,
  };

  it('is at the addresses of the machine, when it listens on all of them', () => {
    expect(reachedFrom(open, '0.0.0.0', interfaces)).toEqual(['http://192.0.2.7:8080/']);
    const { eth0 } = interfaces;
    expect(reachedFrom(open, '[::]', { eth0: eth0.slice(1) })).toEqual(['http://[2001:db8::7]:8080/']);
    expect(reachedFrom(open, '0.0.0.0', { eth0: eth0.slice(1) })).toEqual([]);
    expect(reachedFrom(open, '192.0.2.7', interfaces)).toEqual([]);
  });

  it('is said beside the address for this machine, or that nobody can log in', async () => {
    const here = await startWeb();
    expect(here.adapter.place).toBe(here.url);
    const closed = await startWeb({ host: '0.0.0.0' });
    expect(closed.adapter.place).toBe(`${closed.url} (nobody can log in: set WEB_ACCESS_KEYS)`);
    const keyed = await startWeb({ host: '0.0.0.0', accessKeys: [{ name: 'a', key: 'k'.repeat(20) }] });
    const others = reachedFrom(new URL(keyed.url), '0.0.0.0');
    expect(keyed.adapter.place.startsWith(keyed.url)).toBe(true);
    for (const url of others) expect(keyed.adapter.place).toContain(url);
  });
});

it('warns of an access key without a name by its number, and never shows it', async () => {
  const said: string[] = [];
  const logger = {
    ...silent,
    warn: (fields: object, text: string) => void said.push(JSON.stringify([fields, text])),
  };
  const accessKeys = [{ name: 'anna', key: 'a-long-random-key-of-anna' }, { key: 'a-secret-of-zoe-alone' }];
  await startWeb({ accessKeys, logger });
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/entry 2 of WEB_ACCESS_KEYS .*name:key/);
  expect(said[0]).not.toContain('zoe');
});
