// What masters remember of a run, and which of them it belongs to. All notes stand on one subject of the run's stream, and each
// is kept only if the one before it is the last that its master knows: the servers compare and keep in one step.
//
//   master 1   start . pause .              resume   refused: not the last that it knows
//   master 2                  taken . speed . over
//   master 3                                      taken   refused: it is over
//
// So there is one line of masters, each of which has the run from its note on, in a term of its own. A master that was only
// frozen, or cut off, hears of the next one by its note, asks when it is connected again, and cannot note anything: neither an
// order nor that the run is over, which comes before everything is removed.
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { JetStreamApiError } from "@nats-io/jetstream";
import { DrayageError, messageOf } from "../../core/errors.ts";
import type { Hub } from "./hub.ts";
import { patiently } from "./patiently.ts";

/** How long is tried. Source: cluster.md 4. */
const NOTE_MS_MAX = 30_000;
/** That a run is over is noted for its removal, which is worth no more: what is left is removed by the servers in the end. */
const END_MS_MAX = 10_000;
const ANSWER_MS_MAX = 2000;
const AGAIN_MS = 100;
const LOOK_MS_MAX = 20_000;
/** Of the servers: another note is the last one. */
const NOT_THE_LAST = 10_071;
const AUTHOR_BYTES = 8;

/** As it is kept, JSON. `by`: the master, for people; `author`: for itself. */
type Entry = {
  readonly term: number;
  readonly by: string;
  readonly author: string;
  readonly kind: "taken" | "note" | "over";
  readonly note?: unknown;
};

/** The first master of a run. */
export const FIRST_TERM = 1;

export class RunNotes {
  readonly #hub: Hub;
  readonly #run: string;
  readonly #by: string;
  /** Of everybody who notes: two that take a run at once count the same. */
  readonly #author = randomBytes(AUTHOR_BYTES).toString("hex");
  readonly #takenOver = Promise.withResolvers<string>();
  /** 0 while the run is somebody else's. */
  term = 0;
  /** Number in the stream of the last note. */
  #last = 0;
  #count = 0;
  /** One note after the other. */
  #turn: Promise<void> = Promise.resolve();
  #watching: { stop(): void } | undefined;

  constructor(hub: Hub, run: string, by: string) {
    this.#hub = hub;
    this.#run = run;
    this.#by = by;
  }

  /** Settled with a sentence when the run is another master's. */
  get takenOver(): Promise<string> {
    return this.#takenOver.promise;
  }

  /** Number in the stream of the last note that is known here. */
  get last(): number {
    return this.#last;
  }

  get #subject(): string {
    return `${this.#hub.names.run(this.#run)}.notes`;
  }

  /** The first master, of a stream that is its own. */
  begin(): void {
    this.#own(FIRST_TERM, 0);
  }

  /** Makes the run this master's. Throws DrayageError where it is over, or another one was faster. */
  async take(): Promise<void> {
    const last = await this.#lastEntry();
    if (last?.entry.kind === "over")
      throw new DrayageError(
        "target-unreachable",
        `run ${this.#run} has ended: ${sentenceOf(last.entry)}`,
      );
    this.#own((last?.entry.term ?? FIRST_TERM) + 1, last?.seq ?? 0);
    await this.#write({ kind: "taken" });
  }

  #own(term: number, last: number): void {
    this.term = term;
    this.#last = last;
    this.#watch();
  }

  /** Hears of the next master. */
  #watch(): void {
    const { connection } = this.#hub;
    const subscription = connection.subscribe(this.#subject, {
      callback: (error, message) => {
        if (error === null) this.#hear(entryIn(message.data));
      },
    });
    // What was said while the connection was cut was not heard.
    const stop = this.#hub.onConnected((up) => {
      if (up) void this.#look();
    });
    this.#watching = {
      stop: () => {
        stop();
        if (!connection.isClosed()) subscription.unsubscribe();
      },
    };
  }

  async #look(): Promise<void> {
    // It cannot note anything in any case: that it is told early is not worth more than this.
    const last = await this.#lastEntry().catch(() => undefined);
    this.#hear(last?.entry);
  }

  #hear(entry: Entry | undefined): void {
    if (entry !== undefined && entry.term > this.term) this.#giveUp(entry.by);
  }

  async #lastEntry(): Promise<{ readonly entry: Entry; readonly seq: number } | undefined> {
    const { manager, names } = this.#hub;
    const message = await patiently(LOOK_MS_MAX, () =>
      manager.streams.getMessage(names.stream(this.#run), { last_by_subj: this.#subject }),
    );
    const entry = message === null ? undefined : entryIn(message.data);
    return message === null || entry === undefined ? undefined : { entry, seq: message.seq };
  }

  /** Settled when it is kept. Throws DrayageError `taken-over`, or Error where no server has kept it for some time. */
  add(note: unknown): Promise<void> {
    return this.#inTurn(() => this.#write({ kind: "note", note }));
  }

  /** Nobody can take the run from now on. Throws as `add` does. */
  end(): Promise<void> {
    return this.#inTurn(() => this.#write({ kind: "over" }, END_MS_MAX));
  }

  #inTurn(write: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(write);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #write(entry: Pick<Entry, "kind" | "note">, triesMs = NOTE_MS_MAX): Promise<void> {
    const own = { term: this.term, by: this.#by, author: this.#author };
    const content = JSON.stringify({ ...own, ...entry } satisfies Entry);
    const msgID = `${this.#author} ${++this.#count}`;
    const until = performance.now() + triesMs;
    for (;;) {
      try {
        const expect = { lastSubjectSequence: this.#last };
        const asked = { msgID, timeout: ANSWER_MS_MAX, expect };
        const { seq } = await this.#hub.streams.publish(this.#subject, content, asked);
        this.#last = seq;
        return;
      } catch (error) {
        if (error instanceof JetStreamApiError && error.code === NOT_THE_LAST)
          await this.#catchUp();
        else if (performance.now() >= until)
          throw new Error(`the servers kept no note for ${triesMs / 1000} s: ${messageOf(error)}`);
      }
      await delay(AGAIN_MS);
    }
  }

  /** Somebody has noted something since. Throws DrayageError `taken-over` where it was not this master. */
  async #catchUp(): Promise<void> {
    const last = await this.#lastEntry();
    // The servers have dropped what was noted, and nobody takes a run of which something is missing.
    if (last === undefined) this.#last = 0;
    // One that was given up, and kept after all.
    else if (last.entry.author === this.#author) this.#last = last.seq;
    else {
      this.#giveUp(last.entry.by);
      throw new DrayageError("taken-over", takenBy(last.entry.by, this.#run));
    }
  }

  #giveUp(by: string): void {
    this.#takenOver.resolve(takenBy(by, this.#run));
  }

  stop(): void {
    this.#watching?.stop();
  }
}

/** What a master noted, for the next one; undefined for what only says whose the run is. */
export function noteIn(bytes: Uint8Array): unknown {
  const entry = entryIn(bytes);
  return entry?.kind === "note" ? entry.note : undefined;
}

function entryIn(bytes: Uint8Array): Entry | undefined {
  try {
    const entry = JSON.parse(Buffer.from(bytes).toString()) as Partial<Entry>;
    const { term, by, author = "", kind, note } = entry;
    if (typeof term !== "number" || typeof by !== "string") return undefined;
    return kind === "taken" || kind === "note" || kind === "over"
      ? { term, by, author, kind, note }
      : undefined;
  } catch {
    return undefined;
  }
}

const takenBy = (by: string, run: string): string =>
  `another master, on ${by}, has taken run ${run} over: it has the report, and nothing of this one counts`;

const sentenceOf = ({ by }: Entry): string => `a master on ${by} has its report`;
