import { parentPort, workerData } from 'node:worker_threads';
import type { Reading } from './read-aside.ts';
import { readRegistry } from './read-registry.ts';

// What `read-aside.ts` gives it.
const { path, env, now } = workerData as Reading;
parentPort?.postMessage(await readRegistry(path, env, now));
