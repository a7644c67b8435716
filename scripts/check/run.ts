/** Runs a program of the repository, and gives back what it said. */
import { spawn } from 'node:child_process';
import path from 'node:path';

export interface Ran {
  readonly ok: boolean;
  readonly output: string;
  /** Of the output, what came on stdout. */
  readonly stdout: string;
}

/** `script` is a path below the root. */
export function runNode(root: string, script: string, ...args: string[]): Promise<Ran> {
  return run(root, process.execPath, path.join(root, script), ...args);
}

/** The pinned Node comes first on the PATH. */
export function run(root: string, program: string, ...args: string[]): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        PATH: `${path.join(root, 'node_modules/.bin')}${path.delimiter}${process.env.PATH}`,
        TURBO_TELEMETRY_DISABLED: '1',
        TURBO_NO_UPDATE_NOTIFIER: '1',
        DO_NOT_TRACK: '1',
        npm_config_loglevel: 'silent',
        NO_COLOR: '1',
        FORCE_COLOR: '0',
      },
    });
    let output = '';
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ ok: code === 0, output, stdout }));
  });
}
