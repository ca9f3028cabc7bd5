// What a session on several shards becomes by a write, as far as that can be said before they are asked to prepare it.
//
//                        paced                  free (unlimited, tail)        still
//   to paced             on, by a new pair      here, where the furthest is   on, the next batch at once
//   to free              on                     on                            on
//   to still             here, where time is    here, where the furthest is   on
//
// A paced session is, on all shards, where its pair says that it is at the instant of the change. Without pace each shard is
// somewhere else: all stand still while they are looked at, and go on to where the furthest of them is.
import { type Micros, micros } from "../../core/units.ts";
import {
  type ControlName,
  NO_END,
  parseBound,
  parseSeek,
  parseSpeed,
  parseState,
} from "../session/control-values.ts";
import {
  beginningOf,
  isOutside,
  latestOf,
  positionOf,
  type RangeArchive,
} from "../session/range.ts";
import { ordered, tailPossible } from "../session/session-arguments.ts";
import { nextState } from "../session/session-state.ts";
import type { Course, Step } from "./shard-messages.ts";

/** What a write asks for. */
export type Wish = { readonly name: ControlName; readonly value: unknown; readonly now: Micros };

export type Scene = {
  /** What the session plays by until then; `at` by the owner's clock. */
  readonly step: Step;
  /** When the change is to be. */
  readonly at: Micros;
  /** Where each shard is. */
  readonly played: readonly Micros[];
  readonly archive: RangeArchive;
};

type Run = "paced" | "free" | "still";

const runOf = ({ state, speed }: Pick<Course, "state" | "speed">): Run =>
  state === "pause" ? "still" : state === "tail" || speed === "unlimited" ? "free" : "paced";

/** Whether shards have to stand still before it can be said where they are. */
export const needsHold = (step: Step, { name }: Wish): boolean =>
  runOf(step) === "free" && (name === "state" || name === "speed");

/** The archive time that a paced session has reached at an instant. */
function archiveTimeAt({ anchor, at, speed }: Step, instant: Micros): Micros | null {
  if (anchor === null || speed === "unlimited") return null;
  return micros(Math.round(anchor + Math.max(0, instant - at) * speed));
}

/** undefined = nothing changes. Rejects with a Refusal. */
export async function nextStep(scene: Scene, wish: Wish): Promise<Step | undefined> {
  switch (wish.name) {
    case "start":
    case "end":
      return moveBound(scene, wish);
    case "speed": {
      const speed = parseSpeed(wish.value);
      return speed === scene.step.speed ? undefined : follow(scene, { ...scene.step, speed });
    }
    case "pos":
      return seek(scene, wish);
    case "state":
      return enter(scene, wish);
    default:
      return wish.name satisfies never;
  }
}

/** The same place, in another way. */
export function follow(scene: Scene, course: Course): Step {
  const { step, at } = scene;
  const [before, after] = [runOf(step), runOf(course)];
  const plain = { ...course, at, anchor: null, showsImage: false };
  const reached = reachedAt(scene);
  if (before === "still") return { ...plain, pos: step.pos, move: "on" };
  if (before === "paced" && after !== "still")
    return { ...plain, pos: reached, move: "on", anchor: after === "paced" ? reached : null };
  if (before === "free" && after === "free") return { ...plain, pos: reached, move: "on" };
  return { ...plain, pos: reached, move: "here" };
}

/** Where all of the session is at the instant of the change; null while the archives are empty. */
function reachedAt({ step, at, played, archive }: Scene): Micros | null {
  const last = archive.last();
  if (step.pos === null && last === null) return null;
  if (runOf(step) === "still") return step.pos;
  const furthest = micros(Math.max(step.pos ?? 0, ...played));
  const byTime = runOf(step) === "paced" ? archiveTimeAt(step, at) : null;
  if (byTime === null) return furthest;
  return micros(Math.max(furthest, Math.min(byTime, last ?? byTime, step.end ?? NO_END)));
}

async function moveBound(scene: Scene, { name, value, now }: Wish): Promise<Step | undefined> {
  const { step, archive } = scene;
  const bound = parseBound(value, now);
  const bounds = { start: step.start, end: step.end, [name]: bound };
  ordered(bounds.start, bounds.end, value);
  if (bounds.start === step.start && bounds.end === step.end) return undefined;
  const next = follow(scene, { ...step, ...bounds });
  const pos = reachedAt(scene);
  if (pos !== null && !isOutside(pos, bounds)) return next;
  const beginning = await beginningOf(archive, bounds);
  return { ...next, pos: beginning, move: "there", anchor: null };
}

async function seek(scene: Scene, { value, now }: Wish): Promise<Step> {
  const { step, archive, at } = scene;
  const bounds = { start: step.start, end: step.end };
  const place = { bounds, now, pos: reachedAt({ ...scene, at: now }) };
  const pos = await positionOf(archive, parseSeek(value, now), place);
  const state = nextState(step.state, "seek");
  return { ...step, state, pos, move: "there", showsImage: true, at, anchor: null };
}

async function enter(scene: Scene, { value, now }: Wish): Promise<Step | undefined> {
  const { step, archive, at } = scene;
  const bounds = { start: step.start, end: step.end };
  const state = tailPossible(parseState(value), { end: step.end, now });
  if (state === "tail") {
    const pos = await latestOf(archive, { bounds, now });
    return { ...step, state, pos, move: "there", showsImage: true, at, anchor: null };
  }
  return state === step.state ? undefined : follow(scene, { ...step, state });
}
