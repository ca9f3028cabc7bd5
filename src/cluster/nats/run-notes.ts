// What masters remember of a run, and which of them it belongs to. All notes stand on one subject of the run's stream, and each
// is kept only if the one before it is the last that its master knows: the servers compare and keep in one step.
//
//   master 1   begun . start . pause .              resume   refused: not the last that it knows
//   master 2                        taken  . speed . over
//   master 3                                             ^ refused: it is over
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
const ANSWER_MS_MAX = 2000;
const AGAIN_MS = 100;
const LOOK_MS_MAX = 20_000;
/** Of the servers: another note is the last one. */
const NOT_THE_LAST = 10_071;
const AUTHOR_BYTES = 8;

/** As it is kept, JSON. `by`: the master, for people. */
type Entry = {
  readonly term: number;
  readonly by: string;
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
  isTakenOver = false;

  constructor(hub: Hub, run: string, by: string) {
    this.#hub = hub;
    this.#run = run;
    this.#by = by;
  }

  /** Settled with a sentence when the run is another master's. */
  get takenOver(): Promise<string> {
    return this.#takenOver.promise;
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
    if (entry === undefined || entry.term <= this.term) return;
    this.isTakenOver = true;
    this.#takenOver.resolve(
      `another master, on ${entry.by}, has taken run ${this.#run} over: it has the report, and nothing of this one counts`,
    );
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
    return this.#inTurn(() => this.#write({ kind: "over" }));
  }

  #inTurn(write: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(write);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #write(entry: Pick<Entry, "kind" | "note">): Promise<void> {
    const content = JSON.stringify({ term: this.term, by: this.#by, ...entry } satisfies Entry);
    const msgID = `${this.#author} ${++this.#count}`;
    const until = performance.now() + NOTE_MS_MAX;
    for (;;) {
      try {
        const expect = { lastSubjectSequence: this.#last };
        const asked = { msgID, timeout: ANSWER_MS_MAX, expect };
        const { seq } = await this.#hub.streams.publish(this.#subject, content, asked);
        this.#last = seq;
        return;
      } catch (error) {
        if (error instanceof JetStreamApiError && error.code === NOT_THE_LAST)
          throw await this.#refusal();
        if (performance.now() >= until)
          throw new Error(
            `the servers kept no note for ${NOTE_MS_MAX / 1000} s: ${messageOf(error)}`,
          );
      }
      await delay(AGAIN_MS);
    }
  }

  async #refusal(): Promise<DrayageError> {
    const last = await this.#lastEntry();
    // Two that take it at once count the same term.
    if (last !== undefined) this.#hear({ ...last.entry, term: Number.POSITIVE_INFINITY });
    return new DrayageError("taken-over", await this.takenOver);
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
    const { term, by, kind, note } = JSON.parse(Buffer.from(bytes).toString()) as Partial<Entry>;
    if (typeof term !== "number" || typeof by !== "string") return undefined;
    return kind === "taken" || kind === "note" || kind === "over"
      ? { term, by, kind, note }
      : undefined;
  } catch {
    return undefined;
  }
}

const sentenceOf = ({ by }: Entry): string => `a master on ${by} has its report`;
