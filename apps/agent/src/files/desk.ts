/** What the agent does with files: it describes them, answers questions, writes a report, sends and deletes. */
import { createHash } from 'node:crypto';
import type { AgentTurn } from '@surfaces/sdk';
import type { History, Note } from '../history.ts';
import type { Phrases } from '../phrases.ts';
import { answerFrom } from './ask-facts.ts';
import { code, describe, describeProblem, figure, offer, sizeText } from './describe.ts';
import { FactsCache, type FileFacts, firstLines } from './examine.ts';
import { isFileProblem } from './file-problem.ts';
import { isLastFile, looksLikeFile, type Question, readErrand, readQuestion, splitFile } from './requests.ts';
import type { OpenFile, Place, Workspace } from './workspace.ts';

const REPORT = 'report.md';
const SHOWN_FILES = 100;
/** Larger files are read with a word to the person. */
const LARGE_BYTES = 4 * 1024 * 1024;
const PROGRESS_MS = 2000;

/** A turn, its words, and where the person's files are. */
interface Work {
  readonly turn: AgentTurn;
  readonly say: Phrases;
  readonly place: Place;
}

export class Desk {
  private readonly workspace: Workspace;
  private readonly history: History;
  private readonly cache = new FactsCache();

  constructor(workspace: Workspace, history: History) {
    this.workspace = workspace;
    this.history = history;
  }

  /** The files that came with the message and can be opened: only of these can be spoken later. */
  async taken(turn: AgentTurn): Promise<readonly string[]> {
    const taken: string[] = [];
    for (const path of turn.attachments) {
      try {
        const place = this.place(turn);
        await (await place.open(place.nameOf(path))).handle.close();
        taken.push(path);
      } catch (error) {
        // What is wrong with it is said in the answer.
        if (!isFileProblem(error)) throw error;
      }
    }
    return taken;
  }

  /** Answers what asks for something about files; false: it was not meant for them. */
  async answer(turn: AgentTurn, say: Phrases): Promise<boolean> {
    const errand = readErrand(turn.text);
    const split = splitFile(turn.text);
    const question = readQuestion(turn.text);
    const questionOfFile = split === undefined ? undefined : readQuestion(split.question);
    if (errand === undefined && question === undefined && questionOfFile === undefined) return false;
    try {
      const work = { turn, say, place: this.place(turn) };
      if (errand?.kind === 'report') return await done(this.report(work));
      if (errand?.kind === 'files') return await done(this.list(work));
      if (errand !== undefined) return await this.onFile(work, errand.kind, errand.name);
      if (split !== undefined && questionOfFile !== undefined && (await work.place.has(split.file))) {
        return await this.question(work, questionOfFile, split.file);
      }
      const last = await this.lastFile(work);
      return question !== undefined && last !== undefined && (await this.question(work, question, last));
    } catch (error) {
      if (!isFileProblem(error)) throw error;
      await turn.write(describeProblem(error, say.files));
      return true;
    }
  }

  /** Says what is in the files that came with the message. `lead`: something was written before. */
  async describeAttachments(turn: AgentTurn, say: Phrases, lead: boolean): Promise<void> {
    let first = !lead;
    for (const path of turn.attachments) {
      const said = await this.describeOne(turn, say, path);
      await turn.write(first ? said.text : `\n\n${said.text}`);
      first = false;
      if (path === turn.attachments.at(-1) && said.offer !== undefined) await turn.write(`\n\n${said.offer}`);
    }
  }

  private async describeOne(
    turn: AgentTurn,
    say: Phrases,
    path: string,
  ): Promise<{ readonly text: string; readonly offer?: string | undefined }> {
    try {
      const place = this.place(turn);
      const facts = await this.facts({ turn, say, place }, place.nameOf(path));
      return { text: describe(facts, say.files), offer: offer(facts, say.files) };
    } catch (error) {
      if (!isFileProblem(error)) throw error;
      return { text: describeProblem(error, say.files) };
    }
  }

  private place(turn: AgentTurn): Place {
    return this.workspace.place(turn.person?.directory);
  }

  /** The files of this context that are this person's, the one spoken of last at the end. */
  private async names({ turn, place }: Work): Promise<readonly string[]> {
    const paths = await this.history.files(turn.platformChatId);
    return paths.flatMap((path) => {
      try {
        return [place.nameOf(path)];
      } catch (error) {
        // Of somebody else in the same room.
        if (!isFileProblem(error)) throw error;
        return [];
      }
    });
  }

  private async lastFile(work: Work): Promise<string | undefined> {
    return (await this.names(work)).at(-1);
  }

  private async facts({ turn, say, place }: Work, name: string): Promise<FileFacts> {
    const file = await place.open(name);
    try {
      const { signal } = turn;
      if (file.size < LARGE_BYTES) return await this.cache.examine(file, { signal });
      return await this.factsOfLarge(turn, say, file);
    } finally {
      await file.handle.close();
    }
  }

  /** The person sees that something goes on; so does the caller, who would give up on silence. */
  private async factsOfLarge(turn: AgentTurn, say: Phrases, file: OpenFile): Promise<FileFacts> {
    const { reading, read, percent, tag } = say.files;
    const step = { id: `read-${file.version}`, name: 'read' };
    await turn.toolCall({ ...step, text: reading(file.name) });
    let next = performance.now() + PROGRESS_MS;
    const format = new Intl.NumberFormat(tag, { style: 'percent' });
    const facts = await this.cache.examine(file, {
      signal: turn.signal,
      onProgress: (part) => {
        if (performance.now() < next) return undefined;
        next = performance.now() + PROGRESS_MS;
        return turn.update(percent(file.name, format.format(part)));
      },
    });
    await turn.toolResult({ ...step, text: read(file.name) });
    return facts;
  }

  private async question(work: Work, question: Question, name: string): Promise<boolean> {
    const { turn, place } = work;
    const say = work.say.files;
    if (question.kind === 'first') {
      const file = await place.open(name);
      try {
        const lines = await firstLines(file, question.lines);
        const shown = lines?.map((line) => code(line)).join('  \n');
        await turn.write(shown === undefined ? say.noText(code(name)) : shown || say.empty);
        return true;
      } finally {
        await file.handle.close();
      }
    }
    const answer = answerFrom(await this.facts(work, name), question, say);
    if (answer === undefined) return false;
    await turn.write(answer);
    return true;
  }

  private async list({ turn, say, place }: Work): Promise<void> {
    const files = await place.list();
    if (files.length === 0) return turn.write(say.files.noFiles);
    const lines = files
      .slice(0, SHOWN_FILES)
      .map(({ name, size }) => `- ${code(name)}: ${sizeText(size, say.files)}`);
    const more = files.length - lines.length;
    if (more > 0) lines.push(`- ${say.files.andMore(figure(more, say.files))}`);
    return turn.write(`${say.files.yourFiles}\n\n${lines.join('\n')}`);
  }

  private async onFile(work: Work, kind: 'delete' | 'send' | 'read', said: string): Promise<boolean> {
    const { turn, say, place } = work;
    const last = isLastFile(said) ? await this.lastFile(work) : undefined;
    const name = last ?? said;
    const exists = await exactlyThere(place, name);
    const notes = await this.history.notes(turn.platformChatId, turn.requestId);
    if (!exists && !looksLikeFile(name) && decisionOf(notes, `delete ${name}`) === undefined) return false;
    if (kind === 'delete') await this.remove(work, name);
    else if (kind === 'send') {
      const file = await place.open(name);
      await file.handle.close();
      await turn.sendFile(place.pathOf(name));
      await turn.write(say.files.sent(code(name)));
    } else {
      const facts = await this.facts(work, name);
      await this.history.note(turn.platformChatId, turn.requestId, { files: [place.pathOf(name)] });
      await turn.write(describe(facts, say.files));
    }
    return true;
  }

  private async remove(work: Work, name: string): Promise<void> {
    const { turn, say, place } = work;
    const what = `delete ${name}`;
    const notes = await this.history.notes(turn.platformChatId, turn.requestId);
    const again = decisionOf(notes, what) !== undefined;
    // What cannot be deleted is not asked about; what this request deleted before it was cut off is gone.
    if (!again) await (await place.open(name)).handle.close();
    const allowed = await this.ask(work, 'delete', what, say.files.askDelete(code(name)));
    if (allowed === undefined) return turn.write(say.cannotAsk);
    if (!allowed) return turn.write(say.files.kept(code(name)));
    await place.remove(name).catch((error: unknown) => {
      if (!(again && isFileProblem(error) && error.code === 'missing')) throw error;
    });
    await this.history.note(turn.platformChatId, turn.requestId, { gone: place.pathOf(name) });
    return turn.write(say.files.deleted(code(name)));
  }

  /** `undefined`: the caller cannot ask. What was answered before the turn was cut off is not asked again. */
  private async ask(
    { turn, say }: Work,
    about: string,
    what: string,
    text: string,
  ): Promise<boolean | undefined> {
    const { platformChatId: context, requestId } = turn;
    const decided = decisionOf(await this.history.notes(context, requestId), what);
    if (decided !== undefined) return decided;
    const always = `${about}/${turn.person?.id ?? ''}`;
    if (await this.history.isAlways(context, always)) {
      await this.history.note(context, requestId, { decided: what, allowed: true });
      return true;
    }
    if (!turn.features.has('confirm')) return undefined;
    const chosen = await turn.confirm({
      text,
      options: [
        { id: 'once', label: say.once, kind: 'allow_once' },
        { id: 'always', label: say.always, kind: 'allow_always' },
        { id: 'no', label: say.reject, kind: 'reject' },
      ],
    });
    const allowed = chosen !== 'no';
    const note: Note = { decided: what, allowed, ...(chosen === 'always' ? { always } : {}) };
    await this.history.note(context, requestId, note);
    if (chosen === 'always') await turn.write(`${say.files.neverAgain}\n\n`);
    return allowed;
  }

  private async report(work: Work): Promise<void> {
    const { turn, say, place } = work;
    const names = await this.names(work);
    if (names.length === 0) return turn.write(say.files.noFileYet);
    const mark = createHash('sha256').update(turn.requestId).digest('hex').slice(0, 16);
    const name = await this.writeReport(work, await this.reportText(work, names, mark), mark);
    await turn.sendFile(place.pathOf(name));
    const aside = name !== REPORT;
    const said = aside ? say.files.reportedAside(code(name), code(REPORT)) : say.files.reported(code(name));
    return turn.write(said);
  }

  private async reportText(work: Work, names: readonly string[], mark: string): Promise<string> {
    const { turn, say, place } = work;
    const parts = [`# ${say.files.reportTitle}`];
    for (const name of names) parts.push((await this.describeOne(turn, say, place.pathOf(name))).text);
    return `${parts.join('\n\n')}\n\n<!-- ${mark} -->\n`;
  }

  /**
   * Under which name the report is written is noted before it is, so that the same request, run again after
   * a crash, writes no second one; its mark tells its own report from somebody else's of that name.
   */
  private async writeReport(work: Work, text: string, mark: string): Promise<string> {
    const { turn, say, place } = work;
    const { platformChatId: context, requestId } = turn;
    const planned = (await this.history.notes(context, requestId)).findLast((note) => 'writes' in note);
    let plan = planned !== undefined && 'writes' in planned ? planned : undefined;
    if (plan === undefined) {
      let [writes, replace] = [REPORT, false];
      if (await place.has(REPORT)) {
        replace =
          (await this.ask(work, 'overwrite', 'overwrite', say.files.askOverwrite(code(REPORT)))) === true;
        if (!replace) writes = await freeName(place);
      }
      plan = { writes, replace };
      await this.history.note(context, requestId, plan);
    }
    for (let { writes, replace } = plan; ; ) {
      try {
        await place.write(writes, text, { replace });
        return writes;
      } catch (error) {
        if (!isFileProblem(error) || error.code !== 'taken') throw error;
        if (await bears(place, writes, mark)) return writes;
        writes = await freeName(place);
        replace = false;
        await this.history.note(context, requestId, { writes, replace });
      }
    }
  }
}

async function done(work: Promise<void>): Promise<true> {
  await work;
  return true;
}

/** A name with a strange path is no file that is there; what is wrong with it is said when it is opened. */
async function exactlyThere(place: Place, name: string): Promise<boolean> {
  return place.has(name).catch(() => false);
}

function decisionOf(notes: readonly Note[], what: string): boolean | undefined {
  const found = notes.find((note) => 'decided' in note && note.decided === what);
  return found !== undefined && 'decided' in found ? found.allowed : undefined;
}

async function freeName(place: Place): Promise<string> {
  for (let n = 1; ; n++) {
    const name = REPORT.replace('.', ` (${n}).`);
    if (!(await place.has(name))) return name;
  }
}

/** Ends the file with this mark? */
async function bears(place: Place, name: string, mark: string): Promise<boolean> {
  const file = await place.open(name).catch(() => undefined);
  if (file === undefined) return false;
  try {
    const end = Buffer.alloc(64);
    const { bytesRead } = await file.handle.read(end, 0, end.length, Math.max(0, file.size - end.length));
    return end.toString('latin1', 0, bytesRead).includes(mark);
  } finally {
    await file.handle.close();
  }
}
