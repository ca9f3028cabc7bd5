// The part of a session that one shard plays, and the change that is being made to it.
//
//   settled --prepare--> prepared --commit--> waits for its instant --> has it
//      ^                    |                        |                    |
//      +------ abort -------+--------- abort --------+------ abort -------+   back to what it was before, its batches too
import { type Micros, type Nanos, nanos } from "../../core/units.ts";
import type { WakeSource } from "../clock/wake-clock.ts";
import type { Agreement } from "../session/playhead.ts";
import { Refusal } from "../session/refusal.ts";
import type { Session } from "../session/session.ts";
import { readTogether } from "./clock-offset.ts";
import type { Claim } from "./session-claim.ts";
import type { Step } from "./shard-messages.ts";

/** An owner that asked to stand still and then says nothing is not waited for longer. */
const HOLD_MS_MAX = 5000;

export type PartTime = { readonly wake: WakeSource; readonly wall: () => Micros };

/** What is to be played by, and the number of the change that made it so. */
type Course = { readonly turn: number; readonly step: Step };

type Taking = { readonly turn: number; readonly done: Promise<void>; readonly giveUp: () => void };

export class SessionPart {
  readonly session: Session;
  claim: Claim;
  /** What was told last of how far it has come. */
  told: "dry" | "ended" | undefined;
  movedAt = Number.NEGATIVE_INFINITY;
  readonly #time: PartTime;
  #course: Course;
  #prepared: Course | undefined;
  #taking: Taking | undefined;
  /** What the last change took away. */
  #before: { readonly course: Course; readonly agreement: Agreement } | undefined;
  #hold: NodeJS.Timeout | undefined;

  constructor(session: Session, { claim, step }: { claim: Claim; step: Step }, time: PartTime) {
    this.session = session;
    this.claim = claim;
    this.#course = { turn: 0, step };
    this.#time = time;
  }

  /** What it plays by. */
  get step(): Step {
    return this.#course.step;
  }

  get turn(): number {
    return this.#course.turn;
  }

  hold(): void {
    this.session.hold();
    clearTimeout(this.#hold);
    this.#hold = setTimeout(() => this.session.letGo(), HOLD_MS_MAX).unref();
  }

  /** Its owner comes to the next change: the one before stands. */
  prepare(course: Course): void {
    this.#before = undefined;
    this.#prepared = course;
  }

  /** From here on it happens at its instant, unless it is aborted. Throws a Refusal. */
  commit(turn: number, anchor: Micros | null): void {
    const prepared = this.#prepared;
    if (prepared?.turn !== turn) throw new Refusal("not-ready", "that change was not prepared");
    this.#prepared = undefined;
    const step = { ...prepared.step, anchor };
    const { promise: isGivenUp, resolve: giveUp } = Promise.withResolvers<void>();
    const done = this.#takeAtInstant({ turn, step }, isGivenUp);
    // Whoever wants to know asks `settle`.
    done.catch(() => {});
    this.#taking = { turn, done, giveUp };
  }

  /** Resolves once the change has happened. Rejects with why it did not. */
  async settle(turn: number): Promise<void> {
    if (this.#taking?.turn !== turn)
      throw new Refusal("not-ready", "that change was not committed");
    await this.#taking.done;
  }

  /** Does so at once, whatever it did before. Rejects if it cannot, and goes on as before. */
  async take(step: Step, turn: number): Promise<void> {
    this.#before = undefined;
    await this.#take({ turn, step });
  }

  /** The change does not happen; if it has happened, all is as it was before. */
  async abort(turn: number): Promise<void> {
    if (this.#prepared?.turn === turn) this.#prepared = undefined;
    const taking = this.#taking;
    if (taking?.turn === turn) {
      this.#taking = undefined;
      taking.giveUp();
      await taking.done.catch(() => {});
    }
    if (this.#course.turn === turn && this.#before !== undefined) {
      const { course, agreement } = this.#before;
      this.#before = undefined;
      this.#play(course);
      await this.session.agree(agreement);
      return;
    }
    // The owner has forgotten what was told before.
    this.told = undefined;
    clearTimeout(this.#hold);
    this.session.letGo();
  }

  /** The session has ended. */
  forget(): void {
    clearTimeout(this.#hold);
    this.#taking?.giveUp();
  }

  async #takeAtInstant({ turn, step }: Course, isGivenUp: Promise<void>): Promise<void> {
    if (!(await this.#until(step.at, isGivenUp)))
      throw new Refusal("not-ready", "that change was taken back");
    const course = this.#course;
    const agreement = await this.#take({ turn, step });
    this.#before = { course, agreement };
  }

  async #take(course: Course): Promise<Agreement> {
    clearTimeout(this.#hold);
    const before = this.#course;
    this.#play(course);
    try {
      return await this.session.agree(this.#agreement(course.step));
    } catch (error) {
      this.#play(before);
      throw error;
    }
  }

  #play(course: Course): void {
    this.#course = course;
    this.told = undefined;
  }

  #agreement({ start, end, speed, state, pos, move, showsImage, at, anchor }: Step): Agreement {
    const isPaced = state === "play" && speed !== "unlimited" && anchor !== null;
    const pair = isPaced ? { archive: anchor, mono: this.#monoOf(at), speed } : undefined;
    return { bounds: { start, end }, speed, state, pos, move, showsImage, pair };
  }

  #monoOf(at: Micros): Nanos {
    const { wake, wall } = this.#time;
    const now = readTogether(() => wake.now(), wall);
    return nanos(now.first + (at - now.second) * 1000);
  }

  /** By the pacing thread, since timers of the system come when they like. False: it was given up before. */
  #until(at: Micros, isGivenUp: Promise<void>): Promise<boolean> {
    const { wake } = this.#time;
    const due = this.#monoOf(at);
    if (due <= wake.now()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const end = (hasCome: boolean): void => {
        slot.release();
        resolve(hasCome);
      };
      const slot = wake.slot(() => end(true));
      slot.at(due);
      void isGivenUp.then(() => end(false));
    });
  }
}
