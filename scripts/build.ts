/** Builds what needs a build (the page). Says nothing unless it fails: who starts the system wants its address. */
import { spawnSync } from 'node:child_process';

const built = spawnSync('turbo', ['run', 'build', '--output-logs=errors-only', '--no-update-notifier'], {
  encoding: 'utf8',
  env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1' },
});
if (built.error) throw built.error;
if (built.status !== 0) {
  process.stderr.write(`${built.stdout}${built.stderr}`);
  process.exitCode = built.status ?? 1;
}
