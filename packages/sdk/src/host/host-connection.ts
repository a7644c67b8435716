/** One caller's WebSocket at the host. */
import type { Socket } from 'node:net';
import type { AgentFrame, WireFeature } from '@surfaces/protocol';
import WebSocket from 'ws';
import { isTerminal, type TurnEvents } from './host-event.ts';

/** A turn that this caller reads, and how far it was written to it. */
interface Feed {
  readonly source: TurnEvents;
  cursor: number;
  /** The caller named the request, so its events are marked. */
  readonly named: boolean;
}

export class HostConnection {
  readonly ws: WebSocket;
  /** Agreed on by HELLO. */
  features: ReadonlySet<WireFeature> = new Set();
  /** Did anything come from the other side since the last ping? */
  alive = true;
  private readonly socket: Socket;
  private readonly feeds: Feed[] = [];
  private corked = false;
  private room: Promise<void> | undefined;

  constructor(ws: WebSocket, socket: Socket) {
    this.ws = ws;
    this.socket = socket;
  }

  get isOpen(): boolean {
    return this.ws.readyState === WebSocket.OPEN;
  }

  /** Writes the events of a turn from `afterSeq` on, now and as they come. */
  follow(source: TurnEvents, afterSeq: number, named: boolean): void {
    const earlier = this.feeds.findIndex((feed) => feed.source === source);
    if (earlier >= 0) this.feeds.splice(earlier, 1);
    this.feeds.push({ source, cursor: afterSeq, named });
    this.flow();
  }

  follows(source: TurnEvents): boolean {
    return this.feeds.some((feed) => feed.source === source);
  }

  /** Writes what is there, as long as the other side keeps up; goes on by itself when it does again. */
  flow(): void {
    for (let feed = this.feeds[0]; feed !== undefined; feed = this.feeds[0]) {
      const { events } = feed.source;
      // Nothing may be left to write of a turn that is over.
      let over = this.isOver(feed);
      while (feed.cursor < events.length) {
        if (!this.isOpen) return;
        if (this.socket.writableNeedDrain) {
          void this.waitForRoom().then(() => this.flow());
          return;
        }
        this.write(feed, feed.cursor++);
        over = this.isOver(feed);
      }
      if (!over) return;
      this.feeds.shift();
    }
  }

  /** Sends an event once more, out of turn: an open confirmation that the caller may have lost. */
  repeat(source: TurnEvents, index: number): void {
    this.write({ source, cursor: 0, named: true }, index);
  }

  /** Resolves when there is room for more, or nobody to write to. */
  whenRoom(): Promise<void> | undefined {
    return this.isOpen && this.socket.writableNeedDrain ? this.waitForRoom() : undefined;
  }

  /** Frames of the same moment leave in one system call. */
  send(frame: AgentFrame | Record<string, unknown>): void {
    if (!this.isOpen) return;
    if (!this.corked) {
      this.corked = true;
      this.socket.cork();
      // After all that is ready to run now: an answer and its end are often written in the same moment.
      queueMicrotask(() => process.nextTick(this.uncork));
    }
    this.ws.send(JSON.stringify(frame), ignore);
  }

  private readonly uncork = (): void => {
    this.corked = false;
    this.socket.uncork();
  };

  private isOver({ source, cursor }: Feed): boolean {
    const last = source.events[cursor - 1];
    return last !== undefined && isTerminal(last);
  }

  private write(feed: Feed, index: number): void {
    const event = feed.source.events[index];
    if (event === undefined) return;
    const request_id = feed.named ? feed.source.requestId : undefined;
    const seq = this.features.has('resume') ? index + 1 : undefined;
    // Most of the traffic, without a copy: `undefined` is not written.
    if (event.type === 'AGENT_EVENT_TEXT_CHUNK')
      this.send({ type: event.type, text: event.text, request_id, seq });
    else this.send({ ...event, request_id, seq });
  }

  private waitForRoom(): Promise<void> {
    this.room ??= new Promise((resolve) => {
      const done = () => {
        this.socket.off('drain', done);
        this.socket.off('close', done);
        this.room = undefined;
        resolve();
      };
      this.socket.on('drain', done);
      this.socket.on('close', done);
    });
    return this.room;
  }
}

function ignore(): void {
  // A failed write shows itself as the end of the connection.
}
