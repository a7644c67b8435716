/** What is going on at each address now, and who watches. Nothing here is durable. Rooms are named by address key. */
import type { Clock, Draft } from '@surfaces/core';
import type { TurnId } from '@surfaces/protocol';

/** A preview and the last stored entry of its turn that it does not contain. */
export interface ShownDraft {
  readonly text: string;
  readonly progress: string | undefined;
  /** Entries of the turn up to this `seq` came before it. */
  readonly since: number;
}

/** Somebody who is shown a room. Each method only says that there is something new to fetch. */
export interface Watcher {
  entriesChanged(): void;
  draftsChanged(): void;
  draftCleared(turnId: string): void;
  busyChanged(on: boolean): void;
}

interface Room {
  readonly watchers: Set<Watcher>;
  readonly drafts: Map<string, ShownDraft>;
  /** The last stored entry of turns that may still go on; the oldest are forgotten. */
  readonly lastSeq: Map<string, number>;
  cancelBusy: (() => void) | undefined;
}

const REMEMBERED_TURNS = 100;
const NO_DRAFTS: ReadonlyMap<string, ShownDraft> = new Map();

export class Rooms {
  readonly #rooms = new Map<string, Room>();
  readonly #clock: Clock;
  readonly #busyMs: number;

  /** `busyMs`: how long 'the agent works' lasts when nobody renews it. */
  constructor(clock: Clock, busyMs: number) {
    this.#clock = clock;
    this.#busyMs = busyMs;
  }

  watch(name: string, watcher: Watcher): void {
    this.#room(name).watchers.add(watcher);
  }

  leave(name: string, watcher: Watcher): void {
    this.#rooms.get(name)?.watchers.delete(watcher);
    this.#tidy(name);
  }

  drafts(name: string): ReadonlyMap<string, ShownDraft> {
    return this.#rooms.get(name)?.drafts ?? NO_DRAFTS;
  }

  isBusy(name: string): boolean {
    return this.#rooms.get(name)?.cancelBusy !== undefined;
  }

  /** Something durable was added at the address. */
  entryAdded(name: string, ended?: { readonly turnId: string; readonly seq: number }): void {
    const room = this.#rooms.get(name);
    if (room === undefined) return;
    if (ended !== undefined) {
      room.drafts.delete(ended.turnId);
      room.lastSeq.delete(ended.turnId);
      room.lastSeq.set(ended.turnId, ended.seq);
      for (const turn of room.lastSeq.keys()) {
        if (room.lastSeq.size <= REMEMBERED_TURNS) break;
        room.lastSeq.delete(turn);
      }
    }
    for (const watcher of room.watchers) watcher.entriesChanged();
    this.#tidy(name);
  }

  showDraft(name: string, draft: Draft): void {
    const room = this.#room(name);
    const before = room.drafts.get(draft.turnId);
    room.drafts.set(draft.turnId, {
      text: draft.text,
      progress: draft.progress,
      since: before?.since ?? room.lastSeq.get(draft.turnId) ?? 0,
    });
    for (const watcher of room.watchers) watcher.draftsChanged();
  }

  clearDraft(name: string, turnId: TurnId): void {
    const room = this.#rooms.get(name);
    if (room?.drafts.delete(turnId) !== true) return;
    for (const watcher of room.watchers) watcher.draftCleared(turnId);
    this.#tidy(name);
  }

  /** `onChange`: it began or ended, now or when nobody renewed it. */
  setBusy(name: string, on: boolean, onChange: () => void): void {
    const room = on ? this.#room(name) : this.#rooms.get(name);
    if (room === undefined) return;
    const was = room.cancelBusy !== undefined;
    room.cancelBusy?.();
    room.cancelBusy = on
      ? this.#clock.after(this.#busyMs, () => this.setBusy(name, false, onChange))
      : undefined;
    if (was !== on) {
      for (const watcher of room.watchers) watcher.busyChanged(on);
      onChange();
    }
    this.#tidy(name);
  }

  /** Forgets everything; timers end. */
  clear(): void {
    for (const room of this.#rooms.values()) room.cancelBusy?.();
    this.#rooms.clear();
  }

  #room(name: string): Room {
    let room = this.#rooms.get(name);
    if (room === undefined) {
      room = { watchers: new Set(), drafts: new Map(), lastSeq: new Map(), cancelBusy: undefined };
      this.#rooms.set(name, room);
    }
    return room;
  }

  #tidy(name: string): void {
    const room = this.#rooms.get(name);
    if (room === undefined || room.watchers.size > 0 || room.drafts.size > 0) return;
    if (room.cancelBusy === undefined) this.#rooms.delete(name);
  }
}
