/** Deliberately broken implementations, made of a good one: the suite must catch each. */
import type { AgentClient, AgentEvent } from '@surfaces/protocol';
import type { AgentHarness, SuiteServer } from './harness.ts';
import type { RawFrame } from './raw-peers.ts';
import { Relay, type RelayRules } from './relay.ts';

export interface BrokenAgent {
  readonly name: string;
  /** Part of the name of a case that must fail on it. */
  readonly caughtBy: string;
  readonly harness: AgentHarness;
}

/** The control: a relay that changes nothing, through which a good host must still pass. */
export function throughRelay(good: AgentHarness): AgentHarness {
  return { ...good, serve: async (options) => relayed(await good.serve(options), {}) };
}

export function brokenAgents(good: AgentHarness): readonly BrokenAgent[] {
  const client = (
    name: string,
    caughtBy: string,
    spoil: (client: AgentClient) => AgentClient,
  ): BrokenAgent => ({
    name: `a client that ${name}`,
    caughtBy,
    harness: { ...good, createClient: (options) => spoil(good.createClient(options)) },
  });
  const events = (name: string, caughtBy: string, spoil: (event: AgentEvent) => AgentEvent[]): BrokenAgent =>
    client(name, caughtBy, (inner) => ({
      ...inner,
      async *send(request, signal) {
        for await (const event of inner.send(request, signal)) yield* spoil(event);
      },
    }));
  const host = (name: string, caughtBy: string, rules: () => RelayRules): BrokenAgent => ({
    name: `a host that ${name}`,
    caughtBy,
    harness: { ...good, serve: async (options) => relayed(await good.serve(options), rules()) },
  });

  return [
    {
      name: 'a client that yields what comes again on resume',
      caughtBy: 'events that come again on resume',
      harness: { ...good, createClient: (options) => doubling(good, options) },
    },
    events('yields everything twice', 'mid_answer with resume:', (event) => [event, event]),
    events('numbers as it likes', 'an answer of all kinds', (event) => [{ ...event, seq: event.seq + 1 }]),
    events('does not say that the answer began anew', 'mid_answer with idempotent:', (event) =>
      event.kind === 'restarted' ? [] : [event],
    ),
    events('swallows the end', 'an answer of all kinds', (event) => (event.kind === 'end' ? [] : [event])),
    client('cancels when it is closed', 'close: running calls fail', (inner) => {
      const running = new Set<AbortController>();
      return {
        ...inner,
        async *send(request, signal) {
          const own = new AbortController();
          running.add(own);
          yield* inner.send(request, AbortSignal.any([signal, own.signal]));
        },
        async close() {
          for (const own of running) own.abort(new Error('closing'));
          await new Promise((resolve) => setTimeout(resolve, 20));
          await inner.close();
        },
      };
    }),
    client('does not cancel', 'cancel: the agent is told', (inner) => ({
      ...inner,
      send: (request) => inner.send(request, new AbortController().signal),
    })),
    client('loses replies', 'confirm: the question has no time limit', (inner) => ({
      ...inner,
      reply: async () => {},
    })),
    client('mixes contexts', 'each context has its own', (inner) => ({
      ...inner,
      send: (request, signal) =>
        inner.send({ ...request, platformChatId: '11' as typeof request.platformChatId }, signal),
    })),
    client('takes up nothing', 'taken up by a later process', (inner) => ({
      ...inner,
      send: ({ resumeAfter: _, ...request }, signal) => inner.send(request, signal),
    })),
    {
      name: 'a client that takes every frame for fatal',
      caughtBy: 'tolerated: an unknown event',
      harness: { ...good, createClient: (options) => fussy(good, options) },
    },
    host('runs the same request again', 'the same request twice', () => {
      const real = new Map<string, string>();
      let n = 0;
      return {
        toAgent(frame) {
          if (frame.type !== 'USER_MESSAGE' || frame.request_id === undefined) return frame;
          const id = `${String(frame.request_id)}#${++n}`;
          real.set(id, String(frame.request_id));
          return { ...frame, request_id: id };
        },
        toClient: (frame) => ({ ...frame, ...named(real.get(String(frame.request_id))) }),
      };
    }),
    host('forgets finished turns', 'host_killed_after_end with resume:', () => ({
      toClient: (frame) => (frame.state === 'done' ? { ...frame, state: 'unknown' } : frame),
    })),
    host('sends from the start on resume, newly numbered', 'after_first_chunk with resume:', () => {
      let shift = 0;
      return {
        toAgent(frame) {
          if (frame.type !== 'RESUME') return frame;
          shift = Number(frame.after_seq);
          return { ...frame, after_seq: 0 };
        },
        toClient: (frame) => (typeof frame.seq === 'number' ? { ...frame, seq: frame.seq + shift } : frame),
      };
    }),
    host('loses an event on resume', 'mid_answer with resume:', () => {
      let lose = false;
      return {
        toClient(frame) {
          if (frame.type === 'RESUMED') lose = true;
          else if (lose) return undefined;
          return frame;
        },
      };
    }),
    host('ignores CANCEL', 'host: CANCEL aborts', () => ({
      toAgent: (frame) => (frame.type === 'CANCEL' ? undefined : frame),
    })),
    host('does not ask again on resume', 'host: an open confirmation', () => {
      let asked = false;
      return {
        toClient(frame) {
          if (frame.type !== 'AGENT_EVENT_CONFIRM') return frame;
          if (asked) return undefined;
          asked = true;
          return frame;
        },
      };
    }),
    host('numbers frames of plain callers', 'host: a plain caller gets plain frames', () => ({
      toClient: (frame) => (frame.type.startsWith('AGENT_EVENT') ? { ...frame, seq: 1 } : frame),
    })),
    host('has one context for all', 'host: messages of one context', () => ({
      path: (path) => path.replace(/\d+\/?$/, '77/'),
    })),
    host('keeps the person to itself', 'the person reaches', () => ({
      toAgent: ({ person: _, ...frame }) => frame as RawFrame,
    })),
    {
      name: 'a host that keeps no log on disk',
      caughtBy: 'host: the file log answers',
      harness: {
        ...good,
        serve: ({ turnLogDirectory: _, ...options }) => good.serve(options),
      },
    },
    {
      name: 'a host that asks nobody for a key',
      caughtBy: 'host: browsers, wrong keys',
      harness: { ...good, serve: ({ bearer: _, ...options }) => good.serve(options) },
    },
    {
      name: 'a host that never closes idle connections',
      caughtBy: 'host: an idle connection',
      harness: { ...good, serve: ({ idleMs: _, ...options }) => good.serve(options) },
    },
  ];
}

function named(id: string | undefined): object {
  return id === undefined ? {} : { request_id: id };
}

async function relayed(server: SuiteServer, rules: RelayRules): Promise<SuiteServer> {
  const relay = await Relay.start(server.url, rules);
  return {
    url: relay.url,
    port: server.port,
    async close(options) {
      await server.close(options);
      await relay.close();
    },
  };
}

/** Fails the whole answer at the first frame that was of no use. */
function fussy(good: AgentHarness, options: Parameters<AgentHarness['createClient']>[0]): AgentClient {
  const stop = new AbortController();
  const inner = good.createClient({ ...options, onIgnored: (reason) => stop.abort(new Error(reason)) });
  return {
    ...inner,
    send: (request, signal) => inner.send(request, AbortSignal.any([signal, stop.signal])),
  };
}

/** As if it did not look at `seq`: an event that was left out for having come before is yielded again. */
function doubling(good: AgentHarness, options: Parameters<AgentHarness['createClient']>[0]): AgentClient {
  let again = 0;
  const inner = good.createClient({
    ...options,
    onIgnored(reason) {
      if (reason === 'duplicate') again++;
      options.onIgnored?.(reason);
    },
  });
  return {
    ...inner,
    async *send(request, signal) {
      const had: AgentEvent[] = [];
      for await (const event of inner.send(request, signal)) {
        yield* had.slice(0, again);
        again = 0;
        had.push(event);
        yield event;
      }
    },
  };
}
