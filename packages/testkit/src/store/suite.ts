/** The contract of `Store` as tests. An implementation's own test calls `storeSuite`. */
import { describe, it } from 'vitest';
import { acceptCases } from './accept-cases.ts';
import { careCases } from './care-cases.ts';
import { chatsCases } from './chats-cases.ts';
import { confirmationCases } from './confirmation-cases.ts';
import { contextsCases } from './contexts-cases.ts';
import { filesCases } from './files-cases.ts';
import type { StoreCase, StoreHarness } from './harness.ts';
import { leaseCases } from './lease-cases.ts';
import { checkModel } from './model.ts';
import { operationCases } from './operation-cases.ts';
import { peopleCases } from './people-cases.ts';
import { recoveryCases } from './recovery-cases.ts';
import { timelineCases } from './timeline-cases.ts';
import { turnCases } from './turn-cases.ts';

export type { StoreCase, StoreHarness, StoreProcess } from './harness.ts';

export const storeCases: readonly StoreCase[] = [
  ...acceptCases,
  ...turnCases,
  ...leaseCases,
  ...operationCases,
  ...confirmationCases,
  ...recoveryCases,
  ...timelineCases,
  ...peopleCases,
  ...chatsCases,
  ...contextsCases,
  ...filesCases,
  ...careCases,
];

export interface StoreSuiteOptions {
  /** Why cases with two live processes cannot be run here. */
  readonly noTwoLive?: string;
  /** Sequences of the property test. Default 50. */
  readonly runs?: number;
}

/** Runs one case on fresh data. */
export async function runStoreCase(one: StoreCase, fresh: () => Promise<StoreHarness>): Promise<void> {
  const harness = await fresh();
  try {
    await one.run(harness);
  } finally {
    await harness.cleanup();
  }
}

/** `fresh` makes new, empty data. */
export function storeSuite(
  name: string,
  fresh: () => Promise<StoreHarness>,
  options: StoreSuiteOptions = {},
): void {
  describe(`${name} keeps the contract of Store`, () => {
    for (const one of storeCases) {
      it(one.name, (context) => {
        if (one.needs === 'two_live' && options.noTwoLive !== undefined) context.skip(options.noTwoLive);
        return runStoreCase(one, fresh);
      });
    }
    it('any sequence of accepts, starts, commits and kills is as in the model', () =>
      checkModel(fresh, options.runs ?? 50));
  });
}
