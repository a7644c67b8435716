/** Whether the system does its work: each part is made to prove it. */
import type { Agents, Store, SurfaceAdapter } from '@surfaces/core';

export interface Check {
  readonly ok: boolean;
  readonly detail: string;
}

export interface HealthReport {
  /** `degraded`: some agents do not answer, others do; or a new version of the registry is not used. */
  readonly status: 'ok' | 'degraded' | 'failing' | 'stopping';
  readonly store: Check;
  /** The agent registry that is in force, where there is a file; not ok: a newer one is not, and why. */
  readonly registry?: Check;
  readonly agents: Readonly<Record<string, Check>>;
  readonly surfaces: Readonly<Record<string, Check>>;
}

/** A surface that runs, or why it does not. */
export type SurfaceState =
  | { readonly name: string; readonly adapter: SurfaceAdapter }
  | { readonly name: string; readonly failed: string };

export interface HealthOptions {
  readonly store: Pick<Store, 'probe'>;
  readonly agents: Pick<Agents, 'all'>;
  readonly registry?: () => Check | undefined;
  readonly surfaces: () => readonly SurfaceState[];
  readonly scrub: (text: string) => string;
  readonly isStopping: () => boolean;
  /** For each probe, milliseconds. Default 3 s. */
  readonly timeoutMs?: number;
  /** How long a report is given again, milliseconds: asking often costs nothing. Default 2 s. */
  readonly cacheMs?: number;
}

/** The result asks every part at most once per `cacheMs`, however many ask it at once. */
export function createHealth(options: HealthOptions): () => Promise<HealthReport> {
  const { cacheMs = 2_000 } = options;
  let last: { readonly at: number; readonly report: Promise<HealthReport> } | undefined;
  return async () => {
    // From the end of the last one: probes that take as long as they may are not repeated at once.
    if (last === undefined || performance.now() - last.at > cacheMs) {
      const running = { at: Number.POSITIVE_INFINITY, report: examine(options) };
      last = running;
      void running.report.then(() => {
        if (last === running) last = { at: performance.now(), report: running.report };
      });
    }
    const report = await last.report;
    return options.isStopping() ? { ...report, status: 'stopping' } : report;
  };
}

async function examine(options: HealthOptions): Promise<HealthReport> {
  const probe = (run: (signal: AbortSignal) => Promise<Check>) =>
    withLimit(run, options.timeoutMs ?? 3_000, options.scrub);
  const [store, agents, surfaces] = await Promise.all([
    probe(async () => {
      await options.store.probe();
      return { ok: true, detail: 'a write reaches the disk' };
    }),
    record(
      options.agents.all(),
      async (agent): Promise<[string, Check]> => [
        agent.agentId,
        await probe(async (signal) => {
          const { ok, url, error, latencyMs } = await agent.health(signal);
          const answer = ok
            ? `answers${latencyMs === undefined ? '' : ` in ${Math.round(latencyMs)} ms`}`
            : error;
          return { ok, detail: `${url}: ${answer ?? 'does not answer'}` };
        }),
      ],
    ),
    record(
      options.surfaces(),
      async (state): Promise<[string, Check]> => [
        state.name,
        'failed' in state
          ? { ok: false, detail: options.scrub(state.failed) }
          : await probe(surfaceProbe(state.adapter)),
      ],
    ),
  ]);
  const found = options.registry?.();
  const registry = found && { ok: found.ok, detail: options.scrub(found.detail) };
  const served = Object.values(agents).map(({ ok }) => ok);
  const ours = [store, ...Object.values(surfaces)].every(({ ok }) => ok);
  const works = ours && (served.length === 0 || served.includes(true));
  // The version before it goes on: people are served.
  const whole = !served.includes(false) && registry?.ok !== false;
  return {
    status: works ? (whole ? 'ok' : 'degraded') : 'failing',
    store,
    ...(registry && { registry }),
    agents,
    surfaces,
  };
}

function surfaceProbe(adapter: SurfaceAdapter): (signal: AbortSignal) => Promise<Check> {
  return async (signal) =>
    (await adapter.health?.probe(signal)) ?? { ok: true, detail: 'started; it has no probe of its own' };
}

async function record<T>(items: readonly T[], entry: (item: T) => Promise<[string, Check]>) {
  return Object.fromEntries(await Promise.all(items.map(entry)));
}

/** Never rejects and never takes much longer than `ms`, whatever is probed. */
async function withLimit(
  run: (signal: AbortSignal) => Promise<Check>,
  ms: number,
  scrub: (text: string) => string,
): Promise<Check> {
  const limit = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Check>((resolve) => {
    timer = setTimeout(() => {
      limit.abort(new Error(`no answer within ${ms} ms`));
      resolve({ ok: false, detail: `no answer within ${ms} ms` });
    }, ms);
  });
  const answer = Promise.resolve()
    .then(() => run(limit.signal))
    .catch((error): Check => ({ ok: false, detail: error instanceof Error ? error.message : String(error) }));
  const { ok, detail } = await Promise.race([answer, late]);
  clearTimeout(timer);
  return { ok, detail: scrub(detail) };
}
