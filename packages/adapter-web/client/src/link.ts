/** The connection to the server: comes back by itself, and notices when it is dead without having been closed. */
import { signal } from '@preact/signals';
import { CLOSE, type ClientFrame, FRAMES_VERSION, ServerFrame } from '../../src/frames.ts';

const PING_MS = 20_000;
const SILENCE_MS = 10_000;
/** A socket that is neither open nor refused by then is given up. */
const OPEN_MS = 10_000;
const FIRST_RETRY_MS = 300;
/** Before chance is added. Whoever looks at the page should not have to wait. */
const MAX_RETRY_MS = { visible: 2000, hidden: 15_000 } as const;

export interface LinkEvents {
  /** The first frame of a connection. */
  hello(): ClientFrame;
  frame(frame: ServerFrame): void;
  closed(): void;
}

export class Link {
  readonly state = signal<'connecting' | 'online' | 'offline' | 'logged_out' | 'outdated'>('connecting');
  readonly #events: LinkEvents;
  #socket: WebSocket | undefined;
  #retryMs = FIRST_RETRY_MS;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #pingTimer: ReturnType<typeof setTimeout> | undefined;
  #silenceTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(events: LinkEvents) {
    this.#events = events;
    window.addEventListener('online', () => this.#soon());
    window.addEventListener('focus', () => this.#wake());
    window.addEventListener('offline', () => this.#drop());
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.#wake();
    });
  }

  connect(): void {
    clearTimeout(this.#retryTimer);
    const socket = new WebSocket(new URL('./ws', location.href.replace(/^http/, 'ws')));
    this.#socket = socket;
    this.#silenceTimer = setTimeout(() => this.#drop(), OPEN_MS);
    socket.onopen = () => {
      socket.send(JSON.stringify(this.#events.hello()));
      this.#listen();
    };
    socket.onmessage = (event) => {
      if (this.#socket === socket) this.#receive(String(event.data));
    };
    socket.onclose = (event) => {
      if (this.#socket === socket) this.#lost(event.code);
    };
  }

  /** Says whether it could be handed over; not that it arrived. */
  post(frame: ClientFrame): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #receive(data: string): void {
    this.#listen();
    const parsed = ServerFrame.safeParse(readJson(data));
    if (!parsed.success || (parsed.data.type === 'welcome' && parsed.data.version !== FRAMES_VERSION)) {
      // The server was replaced by one that speaks otherwise; its own page understands it.
      this.state.value = 'outdated';
      this.#socket?.close();
      return;
    }
    if (parsed.data.type === 'caught_up') {
      this.#retryMs = FIRST_RETRY_MS;
      this.state.value = 'online';
    }
    this.#events.frame(parsed.data);
  }

  /** Anything heard proves life; after a while of silence we ask. */
  #listen(): void {
    clearTimeout(this.#pingTimer);
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = undefined;
    this.#pingTimer = setTimeout(() => this.#wake(), PING_MS);
  }

  #wake(): void {
    if (this.state.value === 'offline') this.#soon();
    if (this.#silenceTimer !== undefined || !this.post({ type: 'ping' })) return;
    this.#silenceTimer = setTimeout(() => this.#drop(), SILENCE_MS);
  }

  /** A socket that is dead may take minutes to say so; we do not wait for it. */
  #drop(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    socket.close();
    this.#lost(0);
  }

  #soon(): void {
    // One that is opening is not overtaken: it has its own time.
    if (this.state.value !== 'offline' || this.#socket !== undefined) return;
    this.#retryMs = FIRST_RETRY_MS;
    this.connect();
  }

  #lost(code: number): void {
    this.#socket = undefined;
    clearTimeout(this.#pingTimer);
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = undefined;
    this.#events.closed();
    if (this.state.value === 'outdated') return;
    this.state.value = code === CLOSE.loggedOut ? 'logged_out' : 'offline';
    if (code === CLOSE.loggedOut) return;
    // A little chance, so that a thousand pages do not come back at the same moment.
    const most = MAX_RETRY_MS[document.visibilityState];
    const wait = Math.min(this.#retryMs, most) * (0.5 + Math.random());
    this.#retryMs = Math.min(this.#retryMs * 2, most);
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => void this.#again(), wait);
  }

  /** A browser does not tell why an upgrade was refused, so that is asked for first. */
  async #again(): Promise<void> {
    if (this.#socket !== undefined) return;
    try {
      const response = await fetch('./session', { cache: 'no-store', signal: AbortSignal.timeout(10_000) });
      if (response.status === 401 || response.status === 403) {
        this.state.value = 'logged_out';
        return;
      }
    } catch {
      if (this.#socket === undefined) this.#lost(0);
      return;
    }
    if (this.#socket === undefined) this.connect();
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
