// How far a run is: what every kind of view tells of it.
import type { Clock } from "../../core/clock.ts";
import type { Timebase } from "../../pacing/timebase.ts";
import type { EngineStart } from "../../workers/engine.ts";

/** What went by until then says nothing about the rest. */
const FORECAST_SECONDS = 1;

export type CourseNow = {
  /** Seconds since the start. */
  readonly elapsed: number;
  /** 0..1; null where no end is known. */
  readonly share: number | null;
  /** Seconds to the end; null where it cannot be told. */
  readonly left: number | null;
  readonly paused: boolean;
  readonly speed: number;
};

export class RunCourse {
  /** Operations there will be; null until the source knows. */
  operations: number | null = null;
  /** Length of the schedule, seconds; null where nothing has a due time, or until it is known. */
  scheduleSeconds: number | null = null;
  #clock: Clock | undefined;
  #at = 0;
  #timebase: Timebase | undefined;

  started({ clock, at }: EngineStart, timebase: Timebase | undefined): void {
    this.#clock = clock;
    this.#at = at;
    this.#timebase = timebase;
  }

  /** ns since the start. */
  now(): number {
    return this.#clock === undefined ? 0 : Math.max(0, this.#clock.now() - this.#at);
  }

  /** `ended`: operations that have ended. */
  look(ended: number): CourseNow {
    const now = this.now();
    const slope = this.#timebase?.slopeAt(now) ?? 1;
    return {
      elapsed: now / 1e9,
      ...(this.scheduleSeconds === null ? this.#byCount(ended, now) : this.#byTime(now)),
      paused: slope === 0,
      speed: slope === 0 ? 1 : slope,
    };
  }

  #byTime(now: number): Pick<CourseNow, "share" | "left"> {
    const end = (this.scheduleSeconds ?? 0) * 1e9;
    const at = this.#timebase?.scheduleAt(now) ?? now;
    const left = ((this.#timebase?.dueAt(end) ?? end) - now) / 1e9;
    return {
      share: end > 0 ? Math.min(1, at / end) : 1,
      left: Number.isFinite(left) ? Math.max(0, left) : null,
    };
  }

  #byCount(ended: number, now: number): Pick<CourseNow, "share" | "left"> {
    if (this.operations === null || this.operations === 0) return { share: null, left: null };
    const share = Math.min(1, ended / this.operations);
    const paused = this.#timebase?.slopeAt(now) === 0;
    const active = (now - (this.#timebase?.pausedBefore(now) ?? 0)) / 1e9;
    const tells = share > 0 && active >= FORECAST_SECONDS && !paused;
    return { share, left: tells ? (active * (1 - share)) / share : null };
  }
}
