import { echo, FakeAgent, type Script } from './fake-agent.ts';
import { FakeMessenger } from './fake-messenger.ts';
import { MemoryDisk } from './memory-disk.ts';
import { MemoryFileTables } from './memory-files.ts';
import { createMemoryDatabase, type MemoryDatabase } from './memory-store.ts';
import { type System, type SystemOptions, startSystem } from './system.ts';

/** What the tests of the core play on: a messenger, an agent and a database, and one system at a time over them. */
export class Stage {
  database: MemoryDatabase = createMemoryDatabase();
  messenger = new FakeMessenger();
  agent = new FakeAgent();
  disk = new MemoryDisk();
  files = new MemoryFileTables(this.disk);
  /** The agent's, which serves one person. */
  workspace = this.disk.addWorkspace(this.agent.agentId);
  system: System | undefined;

  readonly begin = async (options: Partial<SystemOptions> = {}): Promise<System> => {
    const { database, messenger, agent, files } = this;
    this.system = await startSystem({ database, messenger, agent, files, ...options });
    return this.system;
  };

  /** As after SIGKILL: a new process, a new client of the same agent. */
  readonly restart = (script: Script = echo, options: Partial<SystemOptions> = {}): Promise<System> => {
    this.system?.kill();
    this.agent = new FakeAgent(script);
    return this.begin(options);
  };

  /** Begins with a fault function that kills the process the `times`-th time it comes to `point`. */
  readonly beginMortal = async (
    point: string,
    times = 1,
    options: Partial<SystemOptions> = {},
  ): Promise<{ readonly died: Promise<void> }> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let left = times;
    await this.begin({
      ...options,
      fault: (at) => {
        if (at !== point) return;
        left -= 1;
        if (left === 0) {
          this.system?.kill();
          resolve();
        }
      },
    });
    return { died: promise };
  };

  readonly room = () => this.messenger.room('r1');

  readonly texts = (address = this.room()) =>
    this.messenger.shown(address).map((shown) => shown.message.markdown);

  /** Waits until a check passes; after five seconds it fails as the check did. */
  readonly seen = async (check: () => unknown): Promise<void> => {
    for (const until = Date.now() + 5000; ; ) {
      try {
        await check();
        return;
      } catch (error) {
        if (Date.now() > until) throw error;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  };

  /** Ends what runs, and everything is new. */
  async clear(): Promise<void> {
    await this.system?.stop(0);
    this.system = undefined;
    this.database = createMemoryDatabase();
    this.messenger = new FakeMessenger();
    this.agent = new FakeAgent();
    this.disk = new MemoryDisk();
    this.files = new MemoryFileTables(this.disk);
    this.workspace = this.disk.addWorkspace(this.agent.agentId);
  }
}
