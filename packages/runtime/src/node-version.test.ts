import { afterEach, expect, test, vi } from 'vitest';
import { requireNode } from './node-version.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

test.each(['24.0.0', '24.21.0', '100.1.0', process.versions.node])('Node %s will do', (version) => {
  const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
  requireNode(version);
  expect(exit).not.toHaveBeenCalled();
});

test.each(['20.20.2', '22.22.0', '9.9.9'])('Node %s is told what to do', (version) => {
  const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
  const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  requireNode(version);
  expect(exit).toHaveBeenCalledWith(78);
  expect(String(write.mock.calls[0]?.[0])).toMatch(new RegExp(`^This is Node ${version}; .*npm start.*\n$`));
});
