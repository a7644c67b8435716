/** One agent, stage by stage. */
import { randomUUID } from 'node:crypto';
import {
  type AgentClient,
  AgentId,
  isAgentError,
  newPlatformChatId,
  type PlatformChatId,
  RequestId,
} from '@surfaces/protocol';
import { type AgentClientOptions, createAgentClient, probeAgent } from '@surfaces/sdk';
import type { Access } from '../registry/index.ts';
import { adviceFor, type Failure, stageOf } from './advice.ts';
import { type MountProbe, placeProbe } from './mount.ts';
import type { AgentReport, Stage } from './report.ts';

export interface CheckedAgent {
  readonly id: string;
  readonly access: Access;
  readonly workspacePath: string | undefined;
}

export interface CheckLimits {
  readonly message: string | undefined;
  readonly timeoutMs: number;
  readonly answerTimeoutMs: number;
}

/** Rejects with the reason of `signal` alone. Leaves nothing behind, however it ends. */
export async function checkAgent(
  agent: CheckedAgent,
  limits: CheckLimits,
  signal: AbortSignal,
): Promise<AgentReport> {
  const { timeoutMs, answerTimeoutMs } = limits;
  const options: AgentClientOptions = {
    agentId: AgentId.parse(agent.id),
    ...agent.access,
    connectTimeoutMs: timeoutMs,
    connectWindowMs: timeoutMs,
    statusTimeoutMs: timeoutMs,
    firstEventTimeoutMs: answerTimeoutMs,
    idleTimeoutMs: answerTimeoutMs,
    toolIdleTimeoutMs: answerTimeoutMs,
  };
  const context = newPlatformChatId();
  const health = await probeAgent(options, context, signal);
  const { url } = health;
  if (!health.ok) {
    const failure = {
      code: health.code ?? 'unreachable',
      status: health.status,
      message: health.error ?? '',
    };
    return failed({ agent: agent.id, url }, stageOf(failure), failure);
  }
  const { latencyMs, features } = health;
  const known = {
    agent: agent.id,
    url,
    ...(latencyMs === undefined ? {} : { latencyMs: Math.round(latencyMs) }),
    ...(features === undefined ? {} : { features }),
  };
  const mount = await mountOf(agent.workspacePath);
  const client = createAgentClient(options);
  try {
    const answer =
      limits.message === undefined
        ? undefined
        : await ask(client, context, limits.message, mount, { answerTimeoutMs, signal });
    if (answer !== undefined && 'code' in answer) return failed(known, 'message', answer);
    const said = answer === undefined ? known : { ...known, answerMs: answer.ms };
    const reached = answer === undefined ? 'status' : 'message';
    if (mount === undefined) return { ...said, ok: true, stage: reached };
    if (mount instanceof Error) return { ...said, ok: false, stage: 'mount', error: mount.message };
    if (answer !== undefined && (await mount.proves(answer))) return { ...said, ok: true, stage: 'mount' };
    const warning =
      answer === undefined
        ? 'the workspace is writable here; whether the agent sees it can only show with --message'
        : 'the workspace is writable here; the agent did not show that it sees it (it neither repeated the word in the first line of the text file that came with the message, nor sent the file back)';
    return { ...said, ok: true, stage: 'mount', warning };
  } finally {
    if (mount !== undefined && !(mount instanceof Error)) await mount.remove().catch(() => undefined);
    await disposeOf(client, context, features?.includes('dispose') === true, timeoutMs);
    await client.close();
  }
}

function failed(known: { agent: string; url: string }, stage: Stage, failure: Failure): AgentReport {
  const advice = adviceFor(failure);
  return { ...known, ok: false, stage, error: failure.message, ...(advice === undefined ? {} : { advice }) };
}

/** The error says what is wrong with the directory; `undefined`: none is configured. */
async function mountOf(workspace: string | undefined): Promise<MountProbe | Error | undefined> {
  if (workspace === undefined) return undefined;
  return placeProbe(workspace).catch((error: unknown) =>
    error instanceof Error ? error : new Error(String(error)),
  );
}

/** Of one answer: UTF-16 units, and files. */
const MOST_TEXT = 4_000_000;
const MOST_FILES = 100;

type Answer = { readonly text: string; readonly files: readonly string[]; readonly ms: number };

async function ask(
  client: AgentClient,
  platformChatId: PlatformChatId,
  text: string,
  mount: MountProbe | Error | undefined,
  { answerTimeoutMs, signal }: { answerTimeoutMs: number; signal: AbortSignal },
): Promise<Answer | Failure> {
  const limit = AbortSignal.timeout(answerTimeoutMs);
  const requestId = RequestId.parse(randomUUID());
  const attachments = mount === undefined || mount instanceof Error ? [] : [mount.path];
  const request = { platformChatId, requestId, text, attachments };
  const began = performance.now();
  const files: string[] = [];
  let said = '';
  try {
    for await (const event of client.send(request, AbortSignal.any([signal, limit]))) {
      if (event.kind === 'text') said += event.text;
      else if (event.kind === 'file') files.push(event.path);
      else if (event.kind === 'restarted') said = '';
      else if (event.kind === 'error') {
        return {
          code: 'refused',
          message: `the agent answered with an error: ${event.message} (${event.code})`,
        };
      } else if (event.kind === 'confirm') {
        // It works, and nobody is here to allow it anything.
        const refusal = event.options.find(({ kind }) => kind === 'reject');
        if (refusal === undefined) break;
        await client.reply(platformChatId, requestId, event.id, refusal.id);
      }
      if (said.length > MOST_TEXT || files.length > MOST_FILES) {
        return { code: 'refused', message: 'the agent answered far too much: it was cut off' };
      }
    }
    return { text: said, files, ms: Math.round(performance.now() - began) };
  } catch (error) {
    signal.throwIfAborted();
    if (limit.aborted) {
      const heard = said === '' ? 'nothing was said' : `it had said ${said.length} characters`;
      return {
        code: 'idle_timeout',
        message: `the answer did not end within ${answerTimeoutMs / 1000} s; ${heard} so far`,
      };
    }
    if (isAgentError(error)) return error;
    return { code: 'protocol', message: error instanceof Error ? error.message : String(error) };
  }
}

/** Also after Ctrl-C: the context is of no use to anybody. Where it fails, the agent has one idle context more. */
async function disposeOf(
  client: AgentClient,
  context: PlatformChatId,
  offered: boolean,
  timeoutMs: number,
): Promise<void> {
  if (!offered) return;
  await client.dispose(context, AbortSignal.timeout(Math.min(timeoutMs, 2_000))).catch(() => undefined);
}
