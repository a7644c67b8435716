import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { agentUrl, basicAuth, publicUrl } from './agent-url.ts';

const host = fc.constantFrom('agents.example.org', 'localhost:7000', '127.0.0.1:80', '[::1]:9000');
const prefix = fc
  .array(fc.stringMatching(/^[a-z0-9_-]{1,8}$/), { maxLength: 3 })
  .map((parts) => parts.map((part) => `/${part}`).join(''));
const id = fc.maxSafeNat().map(String);

describe('agentUrl', () => {
  test('all forms of a base URL are the same address', () => {
    fc.assert(
      fc.property(host, prefix, fc.boolean(), id, id, (name, path, tls, given, wanted) => {
        const s = tls ? 's' : '';
        const expected = new URL(`ws${s}://${name}${path}/v1/agent_ws/${wanted}/`).href;
        for (const scheme of [`http${s}`, `ws${s}`, ` HTTP${s.toUpperCase()}`]) {
          for (const tail of ['', '/', `/v1/agent_ws/${given}`, `/v1/agent_ws/${given}/`, '/v1/agent_ws/']) {
            expect(agentUrl(`${scheme}://${name}${path}${tail}`, wanted)).toBe(expected);
          }
        }
      }),
    );
  });

  test('its own result is a base URL', () => {
    fc.assert(
      fc.property(host, prefix, id, id, (name, path, one, two) => {
        const url = agentUrl(`http://${name}${path}`, one);
        expect(agentUrl(url, one)).toBe(url);
        expect(agentUrl(agentUrl(url, two), one)).toBe(url);
      }),
    );
  });

  test('nonsense is refused without repeating a secret', () => {
    for (const bad of [
      '',
      'agent',
      'ftp://u:hunter2@x/',
      'u:hunter2@host:1/',
      'http://',
      'http://u:hunter2@:1',
      'http://%?k=hunter2',
      'http://u:%hunter2@h/',
    ]) {
      let message = 'did not throw';
      try {
        agentUrl(bad, '1');
      } catch (error) {
        expect(error).toBeInstanceOf(TypeError);
        message = String(error);
      }
      expect(message).toMatch(/address/);
      expect(message).not.toMatch(/hunter2/);
    }
  });

  test('a password goes into a header, a query stays and is not shown', () => {
    const base = 'https://me:p%40ss@h/a?key=s3cret';
    expect(agentUrl(base, '1')).toBe('wss://h/a/v1/agent_ws/1/?key=s3cret');
    expect(basicAuth(base)).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`);
    expect(publicUrl(agentUrl(base, '1'))).not.toMatch(/s3cret/);
  });
});
