// One playback: bounds, position, speed and state are its own. Writes to its controls are carried out as they arrived, one after
// the other: each waits for the one before, and while one takes effect nothing is handed over.
import { randomBytes } from "node:crypto";
import type { PathFilter } from "../../archive/event.ts";
import { type Micros, nanos } from "../../core/units.ts";
import type { Attachment, StreamSink } from "./attachment.ts";
import {
  type Bound,
  type ControlName,
  controlNames,
  parseBound,
  parseSeek,
  parseSpeed,
  parseState,
  type Seek,
  type SessionState,
} from "./control-values.ts";
import { type Agreement, type ControlValue, Playhead } from "./playhead.ts";
import { aimOf, beginningOf, isOutside, latestOf, positionOf } from "./range.ts";
import { Refusal } from "./refusal.ts";
import { ordered, type SessionArguments, tailPossible } from "./session-arguments.ts";
import type { SessionContext } from "./session-context.ts";
import type { SessionFigures } from "./session-statistics.ts";
import type { StreamItem } from "./stream-item.ts";

/** 32 lower-case hexadecimal digits. */
export const newSessionId = (): string => randomBytes(16).toString("hex");

export class Session {
  readonly id: string;
  readonly client: string;
  readonly filter: readonly string[];
  readonly #context: SessionContext;
  readonly #head: Playhead;
  #turns: Promise<unknown> = Promise.resolve();
  #isEnded = false;

  constructor(
    { id, client }: { id: string; client: string },
    args: SessionArguments,
    context: SessionContext,
  ) {
    this.id = id;
    this.client = client;
    this.filter = args.filter.map(({ text }) => text);
    this.#context = context;
    this.#head = new Playhead(args, context, () => {
      // A session that ends before its turn comes refuses it, and nobody waits for it.
      this.#turn(() => this.#enter("play")).catch(() => {});
    });
  }

  /** Goes to where the arguments say. Called once, before anything else. */
  begin({ pos, state, playAfter }: SessionArguments): Promise<void> {
    return this.#turn(async () => {
      const head = this.#head;
      head.place(await beginningOf(this.#context.archive, head.bounds));
      head.place(await this.#positionOf(pos));
      if (playAfter === null) await this.#enter(state);
      else head.ring("play", nanos(this.#context.wake.now() + playAfter * 1000));
    });
  }

  read(name: ControlName): ControlValue {
    return this.#head.read(name);
  }

  controls(): Record<ControlName, ControlValue> {
    return this.#head.controls();
  }

  /** Writes a control and gives its value once that has taken effect. Rejects with a Refusal, and then nothing has changed. */
  async write(name: ControlName, value: unknown): Promise<ControlValue> {
    const now = this.#context.wall();
    let shown: ControlValue = null;
    await this.#turn(
      async () => {
        if (name === "state") await this.#enter(parseState(value));
        else if (name === "speed") this.#head.speed = parseSpeed(value);
        else if (name === "pos") await this.#seek(parseSeek(value, now));
        else await this.#moveBound(name, parseBound(value, now), value);
      },
      () => {
        shown = this.read(name);
      },
    );
    return shown;
  }

  /** Does what was agreed with other shards, in the order of calls; gives how to go back. Rejects: nothing has changed. */
  async agree(agreement: Agreement): Promise<Agreement> {
    let before = agreement;
    await this.#turn(async () => {
      before = await this.#head.agree(agreement);
    });
    return before;
  }

  /** Stands still until the next agreement, or until it is let go. */
  hold(): void {
    if (!this.#isEnded) this.#head.player.hold();
  }

  letGo(): void {
    if (!this.#isEnded) this.#head.player.release();
  }

  /** Where it is and how it plays, as several shards have to know it. */
  get course(): Pick<Playhead, "bounds" | "speed" | "state" | "pos"> & { readonly played: Micros } {
    const { bounds, speed, state, pos, player } = this.#head;
    return { bounds, speed, state, pos, played: player.position };
  }

  /** Another shard has come so far. */
  reached(stamp: Micros): void {
    if (!this.#isEnded) this.#head.reached(stamp);
  }

  /** Tells all streams of something. */
  announce(item: StreamItem): void {
    if (!this.#isEnded) this.#head.audience.send(item);
  }

  /** The stream gets all controls, the image at the current position, and then what is played. */
  attach(sink: StreamSink, filter?: PathFilter): Attachment {
    this.#refuseIfEnded();
    const first = controlNames.map((name) => this.#head.controlItem(name));
    return this.#head.audience.attach(sink, { filter, first });
  }

  detach(attachment: Attachment): void {
    this.#head.audience.detach(attachment);
  }

  /** How many streams are attached. */
  get streams(): number {
    return this.#head.audience.size;
  }

  figures(): SessionFigures {
    return this.#head.statistics.figures(this.#head.audience.closedSlow);
  }

  histogram(): string {
    return this.#head.statistics.histogram();
  }

  /** More of the archive became visible. */
  onGrowth(): void {
    if (this.#isEnded) return;
    const { pos, state, player } = this.#head;
    if (this.#context.shared !== undefined) {
      if (state !== "pause") player.go();
      this.#context.shared.onGrowth();
    } else if (pos === null && state === "pause") this.#wakeFromEmpty();
    else if (state === "tail") player.go();
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Streams end with an item that says why. */
  end(reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#head.close(reason);
  }

  #refuseIfEnded(): void {
    if (this.#isEnded) throw new Refusal("missing", "no such session");
  }

  /** `then` runs at the instant at which the change has taken effect, before the next turn. */
  #turn(change: () => Promise<void>, then: () => void = () => {}): Promise<void> {
    const turn = this.#turns.then(async () => {
      this.#refuseIfEnded();
      this.#head.player.hold();
      try {
        await change();
      } finally {
        if (!this.#isEnded) this.#head.player.release();
      }
      then();
    });
    this.#turns = turn.catch(() => {});
    return turn;
  }

  async #enter(state: SessionState): Promise<void> {
    const { archive, wall } = this.#context;
    const head = this.#head;
    tailPossible(state, { end: head.bounds.end, now: wall() });
    if (state !== "tail") {
      head.go(state);
      return;
    }
    head.place(await latestOf(archive, { bounds: head.bounds, now: wall() }));
    head.go("tail");
    head.tell("pos");
    await head.audience.show();
  }

  async #seek(seek: Seek): Promise<void> {
    this.#head.place(await this.#positionOf(seek));
    this.#head.tell("pos");
    this.#head.go("seek");
    await this.#head.audience.show();
  }

  async #moveBound(name: "start" | "end", bound: Bound, written: unknown): Promise<void> {
    const head = this.#head;
    const bounds = { ...head.bounds, [name]: bound };
    ordered(bounds.start, bounds.end, written);
    const isPassed = head.pos !== null && isOutside(head.pos, bounds);
    const pos = isPassed ? await beginningOf(this.#context.archive, bounds) : head.pos;
    head.bounds = bounds;
    if (!isPassed && pos !== null) return;
    head.place(pos);
    head.tell("pos");
  }

  async #positionOf(seek: Seek): Promise<Micros | null> {
    const { archive, wall, beforeSeek } = this.#context;
    const { bounds, pos } = this.#head;
    const aim = aimOf(seek, pos);
    if (aim !== null) await beforeSeek(aim);
    return positionOf(archive, seek, { bounds, now: wall(), pos });
  }

  /** The archive is no longer empty, so there is a position now. */
  #wakeFromEmpty(): void {
    this.#turn(async () => {
      if (this.#head.pos !== null) return;
      this.#head.place(await beginningOf(this.#context.archive, this.#head.bounds));
      this.#head.tell("pos");
    }).catch(() => {});
  }
}
