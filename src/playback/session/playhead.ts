// Where a session is, what it is doing, and who is told of it. Changes that a write makes come from session.ts; those that playing
// itself makes (the position moves, the data ends, the end is reached) happen here.
import type { Batch, Gap, PathFilter } from "../../archive/event.ts";
import { matchesAny } from "../../archive/glob.ts";
import type { Image } from "../../archive/image.ts";
import { messageOf } from "../../core/errors.ts";
import { type Micros, type Nanos, nanos } from "../../core/units.ts";
import type { ReferencePair } from "../../pacing/reference-pair.ts";
import type { WakeSlot } from "../clock/wake-clock.ts";
import { Audience } from "./audience.ts";
import {
  boundText,
  type ControlName,
  controlNames,
  NO_END,
  type SessionState,
  type Speed,
} from "./control-values.ts";
import { stampText } from "./date-time.ts";
import { Player, type PlayerHooks, type Run } from "./player.ts";
import { type Bounds, beforeAll, isPast } from "./range.ts";
import type { SessionArguments } from "./session-arguments.ts";
import { bothOf, type SessionContext } from "./session-context.ts";
import { nextState, type SessionEvent } from "./session-state.ts";
import { SessionStatistics } from "./session-statistics.ts";
import type { StreamItem } from "./stream-item.ts";

/** Batches tell the position themselves; the control follows at most this often while they come. */
const POS_EVERY_NS = 250e6;

export type ControlValue = string | number | null;

/** What several shards have agreed on. */
export type Agreement = {
  readonly bounds: Bounds;
  readonly speed: Speed;
  readonly state: SessionState;
  /** null while the archives are empty. */
  readonly pos: Micros | null;
  /** `here`: hands over what lies up to `pos`. `there`: goes to `pos`. `on`: goes on where it is. */
  readonly move: "here" | "there" | "on";
  readonly showsImage: boolean;
  /** When what is due; undefined = the next batch at once. */
  readonly pair: ReferencePair | undefined;
};

export class Playhead {
  readonly #passes: PathFilter;
  readonly player: Player;
  readonly audience: Audience;
  readonly statistics = new SessionStatistics();
  readonly #context: SessionContext;
  readonly #alarm: WakeSlot;
  readonly #onPlayDue: () => void;
  #alarmFor: "play" | "end" | undefined;
  #bounds: Bounds;
  #pos: Micros | null = null;
  #speed: Speed;
  #state: SessionState = "pause";
  #posToldAt = Number.NEGATIVE_INFINITY;
  #posTold: Micros | null | undefined;
  /** How far other shards have come. */
  #posElsewhere: Micros | null = null;

  /** `onPlayDue`: the time asked for by `ring("play")` has come. */
  constructor(args: SessionArguments, context: SessionContext, onPlayDue: () => void) {
    this.#context = context;
    this.#onPlayDue = onPlayDue;
    this.#passes = { matches: (path) => matchesAny(args.filter, path) };
    this.#bounds = { start: args.start, end: args.end };
    this.#speed = args.speed;
    this.audience = new Audience({
      bufferBytes: context.streamBufferBytes,
      imageOf: (filter) => this.#imageAt(filter),
      onRoom: () => this.player.go(),
    });
    this.#alarm = context.wake.slot(() => this.#onAlarm());
    const { archive, wake, turns } = context;
    const options = { archive, filter: this.#passes, wake, turns, hooks: this.#hooks() };
    this.player = new Player(options, beforeAll(this.#bounds));
    this.player.endAt(this.#bounds.end ?? NO_END);
  }

  get bounds(): Bounds {
    return this.#bounds;
  }

  get pos(): Micros | null {
    const elsewhere = this.#posElsewhere;
    if (elsewhere === null || (this.#pos !== null && this.#pos >= elsewhere)) return this.#pos;
    return elsewhere;
  }

  get speed(): Speed {
    return this.#speed;
  }

  get state(): SessionState {
    return this.#state;
  }

  read(name: ControlName): ControlValue {
    switch (name) {
      case "start":
        return boundText(this.#bounds.start);
      case "end":
        return boundText(this.#bounds.end);
      case "pos":
        return this.pos === null ? null : stampText(this.pos);
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

  set bounds(bounds: Bounds) {
    const before = this.#bounds;
    this.#bounds = bounds;
    this.player.endAt(bounds.end ?? NO_END);
    if (bounds.start !== before.start) this.tell("start");
    if (bounds.end !== before.end) this.tell("end");
  }

  set speed(speed: Speed) {
    if (speed === this.#speed) return;
    this.#speed = speed;
    this.tell("speed");
    if (this.#state === "play") this.player.change(this.#runOf());
  }

  /** Moves to the state that follows, tells of it, and lets the player run accordingly. */
  go(event: SessionEvent): void {
    const before = this.#state;
    this.#state = nextState(before, event);
    if (event !== "seek") this.#cancelAlarm();
    if (this.#state === before) return;
    this.tell("pos");
    this.tell("state");
    this.player.start(this.#runOf());
  }

  /** Does what was agreed, while the player is held. Gives what to agree on to be as before. Rejects: nothing has changed. */
  async agree(agreement: Agreement): Promise<Agreement> {
    const { bounds, speed, state, pos, move, showsImage, pair } = agreement;
    if (move === "here" && pos !== null) await this.player.drainTo(pos);
    const earlier = this.#asAgreed();
    this.#cancelAlarm();
    this.bounds = bounds;
    const before = this.controls();
    this.#speed = speed;
    this.#state = state;
    if (move === "there") this.place(pos);
    if (move !== "on") this.#pos = pos;
    if (move !== "on" || state === "tail") this.#posElsewhere = move === "on" ? pos : null;
    this.tell("pos");
    if (before.speed !== speed) this.tell("speed");
    if (before.state !== state) this.tell("state");
    this.player.start(this.#runOf(), pair);
    if (showsImage) await this.audience.show();
    return earlier;
  }

  #asAgreed(): Agreement {
    const { bounds, speed, state, player } = this;
    const place = { pos: this.#pos, move: "there", showsImage: true } as const;
    return { bounds, speed, state, ...place, pair: player.pair };
  }

  /** Another shard has come so far. */
  reached(stamp: Micros): void {
    this.#posElsewhere = stamp;
    const now = this.#context.wake.now();
    if (now - this.#posToldAt >= POS_EVERY_NS) this.tell("pos");
  }

  place(position: Micros | null): void {
    this.#pos = position;
    this.player.seek(position ?? beforeAll(this.#bounds));
  }

  #cancelAlarm(): void {
    if (this.#alarmFor === undefined) return;
    this.#alarm.cancel();
    this.#alarmFor = undefined;
  }

  /** Asks to be told of an instant: of the end that tailing runs into, or of the time to begin. */
  ring(what: "play" | "end", at: Nanos): void {
    this.#alarmFor = what;
    this.#alarm.at(at);
  }

  controlItem(name: ControlName): StreamItem {
    return { type: "control", name, value: this.read(name) };
  }

  close(reason: string): void {
    this.player.close();
    this.#alarm.release();
    this.audience.close(reason);
  }

  #runOf(): Run {
    if (this.#state === "pause") return { kind: "still" };
    if (this.#state === "tail" || this.#speed === "unlimited") return { kind: "free" };
    return { kind: "paced", speed: this.#speed };
  }

  #hooks(): PlayerHooks {
    return {
      onBatch: (batch) => this.#onBatch(batch),
      onSent: (lateness) => this.#onSent(lateness),
      onGap: (gap) => this.#onGap(gap),
      onDry: () => this.#onDry(),
      onEnd: () => this.#onEndReached(),
      onTrouble: (error) => this.#onTrouble(error),
      isFull: () => this.audience.isFull,
    };
  }

  #onBatch({ stamp, events }: Batch): void {
    this.#pos = stamp;
    this.statistics.batch(events);
    this.audience.send({ type: "batch", stamp, events });
    this.#context.shared?.onBatch(stamp);
    const now = this.#context.wake.now();
    if (now - this.#posToldAt >= POS_EVERY_NS) this.tell("pos");
  }

  #onSent(lateness: Nanos): void {
    this.statistics.late(lateness);
    this.audience.closeSlow();
  }

  #onGap(gap: Gap): void {
    this.statistics.gap();
    this.audience.send({ type: "gap", gap });
  }

  #onDry(): void {
    const { archive, wall, wake, shared } = this.#context;
    const { end } = this.#bounds;
    const now = wall();
    if (isPast(end, { now, last: archive.last() })) {
      this.#onEndReached();
      return;
    }
    if (shared !== undefined) shared.onDry();
    else if (this.#state === "play") this.go("out-of-data");
    if (end !== null) this.ring("end", nanos(wake.now() + (end - now) * 1000));
  }

  #onEndReached(): void {
    if (this.#context.shared !== undefined) {
      this.#context.shared.onEnded();
      return;
    }
    if (this.#context.archive.last() !== null) this.#pos = this.#bounds.end ?? this.#pos;
    this.go("end-reached");
  }

  #onTrouble(error: unknown): void {
    this.audience.send({ type: "error", error: messageOf(error) });
    if (this.#context.shared === undefined) this.go("pause");
    else this.#context.shared.onTrouble();
  }

  #onAlarm(): void {
    const what = this.#alarmFor;
    this.#alarmFor = undefined;
    if (what === "end") this.player.go();
    if (what === "play") this.#onPlayDue();
  }

  #imageAt(filter: PathFilter | undefined): Promise<Image | null> {
    if (this.#pos === null) return Promise.resolve(null);
    return this.#context.archive.imageAt(this.#pos, bothOf(this.#passes, filter));
  }

  tell(name: ControlName): void {
    if (name === "pos") {
      this.#posToldAt = this.#context.wake.now();
      if (this.#posTold === this.pos) return;
      this.#posTold = this.pos;
    }
    this.audience.send(this.controlItem(name));
  }
}
