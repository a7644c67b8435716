/** Says at the end of a run which tests were skipped, and why. A skip without a reason is a failure. */
import type { Reporter, TestModule, Vitest } from 'vitest/node';

export default class SkipReporter implements Reporter {
  #filtered = false;

  onInit(vitest: Vitest): void {
    // `-t` leaves tests out; they are not skipped by themselves.
    this.#filtered = vitest.getGlobalTestNamePattern() !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    if (this.#filtered) return;
    let lines = '';
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        const result = test.result();
        // A hook that failed took its tests along; that is reported already.
        const reason = result.state === 'skipped' ? result.note : undefined;
        if (!reason && module.state() === 'failed') continue;
        if (!reason) process.exitCode = 1;
        lines += `  ${module.relativeModuleId} > ${test.fullName}: ${reason ?? 'NO REASON GIVEN (use context.skip)'}\n`;
      }
    }
    if (lines) process.stdout.write(`\nSkipped:\n${lines}`);
  }
}
