/** Reads a large registry without holding up the messages of the people who are served by the last one. */
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import type { Environment } from '../settings.ts';
import { type RegistryReading, readRegistry } from './read-registry.ts';

/** Bytes: some 1,500 people, read in about 50 ms. */
const LARGE = 64 * 1024;

export interface Reading {
  readonly path: string;
  readonly env: Environment;
  readonly now: number;
}

/** As `readRegistry`, in a thread of its own where the file is large. Rejects only when that thread fails. */
export async function readAside(path: string, env: Environment, now: number): Promise<RegistryReading> {
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  if (size < LARGE) return readRegistry(path, env, now);
  const workerData: Reading = { path, env: { ...env }, now };
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData });
  try {
    const [reading] = await once(worker, 'message');
    // Only `worker.ts` sends, and it sends this.
    return reading as RegistryReading;
  } finally {
    await worker.terminate();
  }
}
