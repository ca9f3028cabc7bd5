// What sessions that this shard owns come to by playing, on all shards: out of data, at the end, in trouble.
import { messageOf } from "../../core/errors.ts";
import { beginningOf } from "../session/range.ts";
import type { SessionHost } from "../session/session-host.ts";
import { follow } from "./next-step.ts";
import type { ShardBoard } from "./shard-board.ts";
import type { Change, ShardChanges } from "./shard-changes.ts";
import type { ShardNote } from "./shard-messages.ts";
import type { ShardParts } from "./shard-part.ts";

export type SharedCourseOptions = {
  readonly host: SessionHost;
  readonly parts: ShardParts;
  readonly board: ShardBoard;
  readonly changes: ShardChanges;
  readonly shard: number;
  readonly log: (sentence: string) => void;
};

/** A shard that does not confirm within 2 s does so a little later, or is lost after 5 s and no longer asked. */
const PAUSES_MAX = 4;

/** So long after a change that failed nobody has asked for another. */
const REST_MS = 1000;

type Caught = "dry" | "ended";

export class SharedCourse {
  readonly #options: SharedCourseOptions;
  /** Which shards of a session have nothing more to play for now. */
  readonly #caught = new Map<string, Map<number, Caught>>();
  /** Sessions that could not be changed a moment ago. */
  readonly #resting = new Set<string>();

  constructor(options: SharedCourseOptions) {
    this.#options = options;
  }

  /** What a part of a session has come to. */
  onNote({ note, id, shard, turn, played }: ShardNote): void {
    const { parts, host, changes } = this.#options;
    if (parts.ownerOf(id) !== this.#options.shard) return;
    if (note === "used") host.use(id);
    else if (changes.turnOf(id) !== turn) return;
    else if (note === "trouble") this.pause(id);
    else if (note === "grown") this.#wakeFromEmpty(id);
    else if (note === "moved") {
      this.#caughtOf(id).delete(shard);
      if (shard !== this.#options.shard) host.find(id).reached(played);
    } else {
      this.#caughtOf(id).set(shard, note);
      this.#followCaught(id);
    }
  }

  /** A change is about to happen: what was told before it counts no longer. Also of a session that has ended. */
  forget(id: string): void {
    this.#caught.delete(id);
  }

  /** With whoever is there. */
  pause(id: string, times = PAUSES_MAX): void {
    this.#internally(id, async () => {
      const { parts, board, shard } = this.#options;
      const { step } = parts.stepOf(id);
      if (step.state === "pause" || parts.ownerOf(id) !== shard) return;
      try {
        await this.#change(id, {
          among: board.present,
          hold: true,
          next: (scene) => follow(scene, { ...step, state: "pause" }),
        });
      } catch (error) {
        if (times <= 1) throw error;
        // Behind what waits: a shard that has come back gets the session first.
        this.pause(id, times - 1);
      }
    });
  }

  /** What all have come to. Where a shard cannot follow, all tell again at once that they are there: it is tried again later. */
  #followCaught(id: string): void {
    this.#internally(id, async () => {
      const isOurs = this.#options.parts.ownerOf(id) === this.#options.shard;
      if (!isOurs || this.#resting.has(id)) return;
      try {
        await this.#takeCaught(id);
      } catch (error) {
        this.#resting.add(id);
        setTimeout(() => {
          this.#resting.delete(id);
          this.#followCaught(id);
        }, REST_MS).unref();
        throw error;
      }
    });
  }

  /** All have run out of data: tail. All have come to the end: pause there. */
  async #takeCaught(id: string): Promise<void> {
    const { parts, changes } = this.#options;
    const { step } = parts.stepOf(id);
    const caught = [...this.#caughtOf(id).values()];
    if (caught.length < changes.all.length || step.state === "pause") return;
    const isEnd = caught.every((one) => one === "ended");
    if (!isEnd && step.state === "tail") return;
    await this.#change(id, {
      among: changes.all,
      hold: isEnd,
      next: (scene) => {
        if (!isEnd) return follow(scene, { ...step, state: "tail" });
        const stopped = follow(scene, { ...step, state: "pause" });
        return { ...stopped, pos: step.end ?? stopped.pos };
      },
    });
  }

  #wakeFromEmpty(id: string): void {
    this.#internally(id, async () => {
      const { parts, changes } = this.#options;
      const { step } = parts.stepOf(id);
      if (step.pos !== null || step.state !== "pause") return;
      await this.#change(id, {
        among: changes.all,
        hold: false,
        next: async ({ archive, at }) => {
          const pos = await beginningOf(archive, step);
          return { ...step, pos, move: "there", showsImage: false, at, anchor: null };
        },
      });
    });
  }

  #change(id: string, change: Omit<Change, "onAgreed">): Promise<void> {
    return this.#options.changes.change(id, { ...change, onAgreed: () => this.forget(id) });
  }

  /** Nobody waits for it. */
  #internally(id: string, change: () => Promise<void>): void {
    const { changes, host, log } = this.#options;
    const turn = changes.inTurn(id, async () => {
      if (host.has(id)) await change();
    });
    turn.catch((error: unknown) => log(`session ${id}: ${messageOf(error)}`));
  }

  #caughtOf(id: string): Map<number, Caught> {
    const known = this.#caught.get(id);
    if (known !== undefined) return known;
    const made = new Map<number, Caught>();
    this.#caught.set(id, made);
    return made;
  }
}
