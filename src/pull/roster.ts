// Who pulls at the moment: starts and stops pullers, hears of their ends, waits until nobody is left.
import type { PullFleet } from "../workers/pull-engine.ts";
import type { Passes } from "../workers/pull-messages.ts";
import { within } from "./halt.ts";
import { levelChange } from "./schedule.ts";

export type RosterParts = {
  readonly engine: PullFleet;
  readonly pullers: number;
  readonly pattern: (puller: number) => string;
  /** `at`: the instant that it is said of; now if absent. */
  readonly log: (text: string, at?: number) => void;
  /** Every puller has gone through its list once. */
  readonly exhausted: () => void;
};

export type StartRule = { readonly prune: boolean; readonly passes: Passes };

/** A thread that does not let go even then is left alone. */
const ABORT_MS_MAX = 5_000;

export class Roster {
  /** Started and not yet told to stop. */
  level = 0;
  readonly #parts: RosterParts;
  /** By puller: how many of its lives have not ended; a puller may begin anew while its last pull is still under way. */
  readonly #running = new Map<number, number>();
  readonly #exhausted = new Set<number>();
  /** Every puller has gone through its list, in a phase that pulls each image once. */
  hasExhausted = false;
  /** A pass that has its end in itself is under way. */
  #isPass = false;
  #idle: () => void = () => {};

  constructor(parts: RosterParts) {
    this.#parts = parts;
  }

  /** From the instant `at` on, where the engine can wait for it; at once if absent. */
  changeLevel(level: number, rule: StartRule, at?: number): void {
    const { log } = this.#parts;
    const { start, stop } = levelChange(this.level, level);
    for (const puller of stop) {
      log(`test driver stop test #${puller}`, at);
      this.#tellToStop(puller, at);
    }
    for (const puller of start) this.#start(puller, rule, at);
    this.level = level;
  }

  #start(puller: number, { prune, passes }: StartRule, at?: number): void {
    const { engine, log, pattern } = this.#parts;
    log(`test driver start test #${puller} with filter ${pattern(puller)}`, at);
    this.#running.set(puller, (this.#running.get(puller) ?? 0) + 1);
    engine.toPuller(puller, { type: "start", puller, passes, prune }, at);
  }

  #tellToStop(puller: number, at?: number): void {
    this.#parts.engine.toPuller(puller, { type: "stop", puller }, at);
  }

  /** Starts so many pullers for a single pass; resolves when all have ended, or the halt comes. */
  async pass(pullers: number, halted: Promise<void>): Promise<void> {
    this.#isPass = true;
    const gone = this.#gone();
    for (let puller = 0; puller < pullers; puller++)
      this.#start(puller, { prune: false, passes: "once" });
    await Promise.race([gone, halted]);
    for (const puller of this.#running.keys()) this.#tellToStop(puller);
    this.#exhausted.clear();
    this.#isPass = false;
  }

  ended(puller: number, exhausted: boolean): void {
    this.#running.set(puller, (this.#running.get(puller) ?? 1) - 1);
    if (exhausted) this.#exhausted.add(puller);
    if (this.#count() > 0) return;
    this.#idle();
    if (this.#isPass || this.#exhausted.size < this.#parts.pullers) return;
    this.#exhausted.clear();
    this.hasExhausted = true;
    this.#parts.exhausted();
  }

  #count(): number {
    let count = 0;
    for (const lives of this.#running.values()) count += lives;
    return count;
  }

  #gone(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle = resolve;
    });
  }

  /** Waits for pulls in progress; those that take longer are cut off. */
  async drain(drainMs: number): Promise<void> {
    if (this.#count() === 0) return;
    const gone = this.#gone();
    if (await within(gone, drainMs)) return;
    this.#parts.log("warning pulls in progress are cut off");
    this.#parts.engine.sendAll({ type: "abort" });
    await within(gone, ABORT_MS_MAX);
  }
}
