// One playback with its own bounds, position, speed and state. Writes to its controls take effect one by one in the order of their
// arrival: each waits for the one before, and while one takes effect nothing is handed over.
import type { Batch, Gap, PathFilter } from "../../archive/event.ts";
import { type Glob, matchesAny } from "../../archive/glob.ts";
import type { Image } from "../../archive/image.ts";
import { messageOf } from "../../core/errors.ts";
import { type Micros, micros, type Nanos, nanos } from "../../core/units.ts";
import type { WakeSlot } from "../clock/wake-clock.ts";
import type { Attachment, StreamSink } from "./attachment.ts";
import { Audience } from "./audience.ts";
import {
  type Bound,
  boundText,
  type ControlName,
  controlNames,
  NO_END,
  parseBound,
  parseSeek,
  parseSpeed,
  parseState,
  type Seek,
  type SessionState,
  type Speed,
} from "./control-values.ts";
import { stampText } from "./date-time.ts";
import { Player } from "./player.ts";
import { type Bounds, beforeAll, beginningOf, clamped, isPast, latestOf } from "./range.ts";
import { Refusal } from "./refusal.ts";
import { ordered, type SessionArguments, tailPossible } from "./session-arguments.ts";
import type { SessionContext } from "./session-context.ts";
import { nextState, type SessionEvent } from "./session-state.ts";
import { SessionStatistics } from "./session-statistics.ts";
import type { StreamItem } from "./stream-item.ts";

/** Batches tell the position themselves; the control follows at most this often while they come. */
const POS_EVERY_NS = 250e6;

export type ControlValue = string | number | null;

export class Session {
  readonly id: string;
  readonly client: string;
  readonly filter: readonly string[];
  readonly #context: SessionContext;
  readonly #passes: PathFilter;
  readonly #player: Player;
  readonly #audience: Audience;
  readonly #statistics = new SessionStatistics();
  readonly #alarm: WakeSlot;
  #alarmFor: "play" | "end" | undefined;
  #bounds: Bounds;
  #pos: Micros | null = null;
  #speed: Speed;
  #state: SessionState = "pause";
  #posToldAt = Number.NEGATIVE_INFINITY;
  #turns: Promise<unknown> = Promise.resolve();
  #isEnded = false;

  constructor(
    identity: { id: string; client: string },
    args: SessionArguments,
    context: SessionContext,
  ) {
    this.id = identity.id;
    this.client = identity.client;
    this.filter = args.filter.map(({ text }: Glob) => text);
    this.#context = context;
    this.#passes = { matches: (path) => matchesAny(args.filter, path) };
    this.#bounds = { start: args.start, end: args.end };
    this.#speed = args.speed;
    this.#audience = new Audience({
      bufferBytes: context.streamBufferBytes,
      imageOf: (filter) => this.#imageAt(filter),
      onRoom: () => this.#player.go(),
    });
    this.#alarm = context.wake.slot(() => this.#onAlarm());
    const { archive, wake, turns } = context;
    const hooks = this.#hooks();
    this.#player = new Player(
      { archive, filter: this.#passes, wake, turns, hooks },
      beforeAll(this.#bounds),
    );
    this.#player.endAt(this.#bounds.end ?? NO_END);
  }

  /** Goes to where the arguments say. Called once, before anything else. */
  begin(args: SessionArguments): Promise<void> {
    return this.#turn(async () => {
      this.#pos = await beginningOf(this.#context.archive, this.#bounds);
      this.#place(await this.#positionOf(args.pos));
      if (args.playAfter === null) await this.#enter(args.state);
      else this.#ring("play", nanos(this.#context.wake.now() + args.playAfter * 1000));
    });
  }

  read(name: ControlName): ControlValue {
    switch (name) {
      case "start":
        return boundText(this.#bounds.start);
      case "end":
        return boundText(this.#bounds.end);
      case "pos":
        return this.#pos === null ? null : stampText(this.#pos);
      case "speed":
        return this.#speed;
      case "state":
        return this.#state;
      default:
        return name satisfies never;
    }
  }

  controls(): Record<ControlName, ControlValue> {
    const values = controlNames.map((name) => [name, this.read(name)]);
    return Object.fromEntries(values) as Record<ControlName, ControlValue>;
  }

  /** Writes a control and gives its value once that has taken effect. Rejects with a Refusal, and then nothing has changed. */
  write(name: ControlName, value: unknown): Promise<ControlValue> {
    const now = this.#context.wall();
    return this.#turn(
      async () => {
        if (name === "state") await this.#enter(parseState(value));
        else if (name === "speed") this.#changeSpeed(parseSpeed(value));
        else if (name === "pos") await this.#seek(parseSeek(value, now));
        else await this.#moveBound(name, parseBound(value, now), value);
      },
      () => this.read(name),
    );
  }

  /** The stream gets all controls, the image at the current position, and then what is played. */
  attach(sink: StreamSink, filter: PathFilter | undefined): Attachment {
    this.#refuseIfEnded();
    const first = controlNames.map((name): StreamItem => this.#controlItem(name));
    return this.#audience.attach(sink, { filter, first });
  }

  detach(attachment: Attachment): void {
    this.#audience.detach(attachment);
  }

  get streams(): number {
    return this.#audience.size;
  }

  figures() {
    return this.#statistics.figures(this.#audience.closedSlow);
  }

  histogram(): string {
    return this.#statistics.histogram();
  }

  /** More of the archive became visible. */
  onGrowth(): void {
    if (this.#isEnded) return;
    if (this.#pos === null && this.#state === "pause") this.#wakeFromEmpty();
    else if (this.#state === "tail") this.#player.go();
  }

  /** Streams end with an item that says why. */
  end(reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#player.close();
    this.#alarm.release();
    this.#audience.close(reason);
  }

  #refuseIfEnded(): void {
    if (this.#isEnded) throw new Refusal("missing", "no such session");
  }

  #turn<T = void>(change: () => Promise<void>, answer: () => T = () => undefined as T): Promise<T> {
    const turn = this.#turns.then(async () => {
      this.#refuseIfEnded();
      this.#player.hold();
      try {
        await change();
      } finally {
        if (!this.#isEnded) this.#player.release();
      }
      return answer();
    });
    this.#turns = turn.catch(() => {});
    return turn;
  }

  #hooks(): ConstructorParameters<typeof Player>[0]["hooks"] {
    return {
      onBatch: (batch) => this.#onBatch(batch),
      onSent: (lateness) => this.#onSent(lateness),
      onGap: (gap) => this.#onGap(gap),
      onDry: () => this.#onDry(),
      onEnd: () => this.#onEndReached(),
      onTrouble: (error) => this.#onTrouble(error),
      isFull: () => this.#audience.isFull,
    };
  }

  #onBatch({ stamp, events }: Batch): void {
    this.#pos = stamp;
    this.#statistics.batch(events);
    this.#audience.send({ type: "batch", stamp, events });
    const now = this.#context.wake.now();
    if (now - this.#posToldAt >= POS_EVERY_NS) this.#tell("pos");
  }

  #onSent(lateness: Nanos): void {
    this.#statistics.late(lateness);
    this.#audience.closeSlow();
  }

  #onGap(gap: Gap): void {
    this.#statistics.gap();
    this.#audience.send({ type: "gap", gap });
  }

  #onDry(): void {
    const { archive, wall, wake } = this.#context;
    const { end } = this.#bounds;
    const now = wall();
    if (isPast(end, { now, last: archive.last() })) {
      this.#onEndReached();
      return;
    }
    if (this.#state === "play") this.#go("out-of-data");
    if (end !== null) this.#ring("end", nanos(wake.now() + (end - now) * 1000));
  }

  #onEndReached(): void {
    if (this.#context.archive.last() !== null) this.#pos = this.#bounds.end ?? this.#pos;
    this.#go("end-reached");
  }

  #onTrouble(error: unknown): void {
    this.#audience.send({ type: "error", error: messageOf(error) });
    this.#go("pause");
  }

  /** Asks to be told of an instant: of the end that tailing runs into, or of the time to begin. */
  #ring(what: "play" | "end", at: Nanos): void {
    this.#alarmFor = what;
    this.#alarm.at(at);
  }

  #onAlarm(): void {
    const what = this.#alarmFor;
    this.#alarmFor = undefined;
    if (what === "end") this.#player.go();
    // A session that ends before its turn comes is told so, and nobody waits for it.
    if (what === "play") this.#turn(() => this.#enter("play")).catch(() => {});
  }

  /** Moves to the state that follows, tells of it, and lets the player run accordingly. */
  #go(event: SessionEvent): void {
    const before = this.#state;
    this.#state = nextState(before, event);
    if (this.#alarmFor !== undefined && event !== "seek") {
      this.#alarm.cancel();
      this.#alarmFor = undefined;
    }
    if (this.#state === before) return;
    this.#tell("pos");
    this.#tell("state");
    this.#run();
  }

  #run(): void {
    if (this.#state === "pause") this.#player.run({ kind: "still" });
    else if (this.#state === "tail" || this.#speed === "unlimited")
      this.#player.run({ kind: "free" });
    else this.#player.run({ kind: "paced", speed: this.#speed });
    this.#player.go();
  }

  async #enter(state: SessionState): Promise<void> {
    const { archive, wall } = this.#context;
    tailPossible(state, { end: this.#bounds.end, now: wall() });
    if (state === "tail") {
      const latest = await latestOf(archive, { bounds: this.#bounds, now: wall() });
      this.#place(latest);
      this.#go("tail");
      this.#tell("pos");
      await this.#audience.show();
      return;
    }
    this.#go(state);
  }

  #changeSpeed(speed: Speed): void {
    if (speed === this.#speed) return;
    this.#speed = speed;
    this.#tell("speed");
    if (this.#state === "play") this.#run();
  }

  async #seek(seek: Seek): Promise<void> {
    await this.#context.beforeSeek();
    this.#place(await this.#positionOf(seek));
    this.#tell("pos");
    this.#go("seek");
    await this.#audience.show();
  }

  async #moveBound(name: "start" | "end", bound: Bound, written: unknown): Promise<void> {
    const bounds = { ...this.#bounds, [name]: bound };
    ordered(bounds.start, bounds.end, written);
    if (bound === this.#bounds[name]) return;
    const isPassed = this.#pos !== null && isOutside(this.#pos, bounds);
    const beginning = isPassed ? await beginningOf(this.#context.archive, bounds) : null;
    this.#bounds = bounds;
    this.#player.endAt(bounds.end ?? NO_END);
    this.#tell(name);
    if (isPassed) {
      this.#place(beginning);
      this.#tell("pos");
    } else if (this.#pos === null) this.#place(null);
  }

  #place(position: Micros | null): void {
    this.#pos = position;
    this.#player.seek(position ?? beforeAll(this.#bounds));
  }

  async #positionOf(seek: Seek): Promise<Micros | null> {
    const { archive, wall } = this.#context;
    const [bounds, now] = [this.#bounds, wall()];
    if (this.#pos === null) return beginningOf(archive, bounds);
    switch (seek.kind) {
      case "beginning":
        return beginningOf(archive, bounds);
      case "end":
        return latestOf(archive, { bounds, now });
      case "instant":
        return clamped(archive, { bounds, now, wanted: seek.stamp });
      case "from-here":
        return clamped(archive, { bounds, now, wanted: micros(Math.round(this.#pos + seek.by)) });
      case "batches":
        return clamped(archive, { bounds, now, wanted: await this.#step(this.#pos, seek.count) });
      default:
        return seek satisfies never;
    }
  }

  async #step(from: Micros, count: number): Promise<Micros> {
    const cursor = this.#context.archive.cursor(from, this.#passes);
    try {
      return await (count > 0 ? cursor.forward(count) : cursor.back(-count));
    } finally {
      cursor.close();
    }
  }

  #imageAt(filter: PathFilter | undefined): Promise<Image | null> {
    if (this.#pos === null) return Promise.resolve(null);
    const both: PathFilter =
      filter === undefined
        ? this.#passes
        : { matches: (path) => this.#passes.matches(path) && filter.matches(path) };
    return this.#context.archive.imageAt(this.#pos, both);
  }

  /** The archive is no longer empty: there is a position now, and an image. */
  #wakeFromEmpty(): void {
    this.#turn(async () => {
      if (this.#pos !== null) return;
      this.#place(await beginningOf(this.#context.archive, this.#bounds));
      this.#tell("pos");
    }).catch(() => {});
  }

  #tell(name: ControlName): void {
    if (name === "pos") this.#posToldAt = this.#context.wake.now();
    this.#audience.send(this.#controlItem(name));
  }

  #controlItem(name: ControlName): StreamItem {
    return { type: "control", name, value: this.read(name) };
  }
}

/** 1 us before `start` is the beginning of a range without batches, and so inside. */
const isOutside = (pos: Micros, { start, end }: Bounds): boolean =>
  (start !== null && pos < start - 1) || (end !== null && pos > end);
