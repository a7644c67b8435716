/**
 * The contract of `SurfaceAdapter`. An adapter's own test calls `surfaceAdapterSuite` with a factory
 * that makes it together with its messenger, or the messenger's emulator.
 */
import { describe, test } from 'vitest';
import { chatCases } from './chat-cases.ts';
import { fileCases } from './file-cases.ts';
import { incomingCases } from './incoming-cases.ts';
import { lifecycleCases } from './lifecycle-cases.ts';
import { outgoingCases } from './outgoing-cases.ts';
import { splitCases } from './split-cases.ts';
import { Stage, type SurfaceCase, type SurfaceFactory, type SurfaceUnderTest } from './world.ts';

export const surfaceAdapterCases: readonly SurfaceCase[] = [
  ...lifecycleCases,
  ...incomingCases,
  ...outgoingCases,
  ...chatCases,
  ...fileCases,
  ...splitCases,
];

/** `patienceMs`: how long something that must happen may take. */
export async function runSurfaceCase(
  { run }: SurfaceCase,
  surface: SurfaceUnderTest,
  patienceMs: number,
): Promise<void> {
  const stage = new Stage(surface, patienceMs);
  try {
    await run(stage);
  } finally {
    await stage.adapter.stop();
    await surface.close();
  }
}

export function surfaceAdapterSuite(name: string, factory: SurfaceFactory, patienceMs = 5000): void {
  describe(`${name} as a SurfaceAdapter`, async () => {
    const sample = await factory();
    const cases = surfaceAdapterCases.filter(({ applies }) => applies?.(sample.adapter) ?? true);
    await sample.close();
    for (const one of cases) {
      test(one.name, async (context) => {
        const surface = await factory();
        const missing = [one.needs ?? []].flat().find((need) => !surface[need]);
        if (missing) {
          await surface.close();
          context.skip(`the factory gives no ${missing}`);
        }
        await runSurfaceCase(one, surface, patienceMs);
      });
    }
  });
}
