import { readFileSync } from "node:fs";
import { messageOf, UsageError } from "../../core/errors.ts";
import { csvFields } from "../output/written-rows.ts";
import type { EventRow } from "./event-rows.ts";
import { type Image, imageSize } from "./image.ts";
import { RankedChoice } from "./ranked-choice.ts";

export type ImageRulePlan = {
  /** `project`, `user`, `flavor`, `popularity` or `map:FILE`. */
  readonly rule: string;
  readonly images: readonly Image[];
  readonly seed: string;
  readonly zipf: number;
  readonly setSize: number;
  /** `repo:tag` for rows that a map does not know. */
  readonly defaultImage: string | undefined;
};

/** The image that a row pulls. */
export type ImageRule = (row: EventRow) => Image;

/** Draws for one working set at most; a list that is far from uniform repeats its first ranks. */
const DRAWS_MAX = 1_000_000;

/** `flavors`: the distinct sizes of all selected rows, for the rule `flavor`. */
export function imageRule(plan: ImageRulePlan, flavors: readonly EventRow["flavor"][]): ImageRule {
  switch (plan.rule) {
    case "project":
      return workingSetRule(plan, "PROJECT_ID");
    case "user":
      return workingSetRule(plan, "USER_ID");
    case "popularity": {
      const choice = new RankedChoice(plan.images.length, plan);
      return (row) => imageAt(plan.images, choice.of(instanceKey(row)));
    }
    case "flavor":
      return flavorRule(plan, flavors);
    default:
      return mapRule(plan);
  }
}

/** What makes a row one of its own: the instance, or the machine. */
const instanceKey = ({ trace, value, host }: EventRow): string =>
  trace === "machines" ? host : value("INSTANCE_UUID");

const imageAt = (images: readonly Image[], at: number): Image => images[at] as Image;

/** Each owner has a few images of the list, and its instances choose among them. */
function workingSetRule(plan: ImageRulePlan, column: string): ImageRule {
  const sets = new Map<string, readonly Image[]>();
  const size = Math.min(plan.setSize, plan.images.length);
  const choice = new RankedChoice(plan.images.length, plan);
  const inside = new RankedChoice(size, plan);
  return (row) => {
    if (row.trace === "machines")
      throw new UsageError(
        `a trace of machine events has no ${column}: choose --image-rule popularity or flavor`,
      );
    const owner = row.value(column);
    let set = sets.get(owner);
    if (set === undefined) {
      set = workingSet(owner, { plan, choice, size });
      sets.set(owner, set);
    }
    return imageAt(set, inside.of(instanceKey(row)));
  };
}

function workingSet(
  owner: string,
  { plan, choice, size }: { plan: ImageRulePlan; choice: RankedChoice; size: number },
): readonly Image[] {
  const ranks = new Set<number>();
  for (let k = 0; ranks.size < size; k++) {
    if (k > DRAWS_MAX)
      throw new UsageError(
        `--set-size ${size} cannot be drawn with --zipf ${plan.zipf}: the last images are too rare`,
      );
    ranks.add(choice.of(`${owner}\0${k}`));
  }
  return [...ranks].map((rank) => imageAt(plan.images, rank));
}

/** Small machines pull small images. */
function flavorRule(plan: ImageRulePlan, flavors: readonly EventRow["flavor"][]): ImageRule {
  const sorted = [...flavors].sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
  const bySize = [...plan.images].sort((a, b) => imageSize(a) - imageSize(b));
  const classes = new Map(sorted.map((flavor, at) => [flavor.join(" "), at]));
  return ({ flavor }) => {
    const at = classes.get(flavor.join(" ")) ?? 0;
    return imageAt(bySize, Math.floor((at * bySize.length) / Math.max(1, sorted.length)));
  };
}

type MapLine = { readonly column: string; readonly value: string; readonly image: Image };

function mapRule(plan: ImageRulePlan): ImageRule {
  const path = /^map:(.+)$/.exec(plan.rule)?.[1];
  if (path === undefined)
    throw new UsageError(
      `--image-rule wants project, user, flavor, popularity or map:FILE, not "${plan.rule}"`,
    );
  const byName = new Map(plan.images.map((image) => [`${image.repo}:${image.tag}`, image]));
  const named = (name: string, place: string): Image => {
    const image = byName.get(name);
    if (image === undefined)
      throw new UsageError(`${place} names ${name}, which is not among the images`);
    return image;
  };
  const lines = mapLines(path, named);
  const fallback =
    plan.defaultImage === undefined ? undefined : named(plan.defaultImage, "--default-image");
  return (row) => {
    const found = lines.find(({ column, value }) => row.value(column) === value)?.image ?? fallback;
    if (found !== undefined) return found;
    throw new UsageError(
      `${path} has no line for a ${row.event} of instance ${instanceKey(row)}: add one, or --default-image REPO:TAG`,
    );
  };
}

function mapLines(path: string, named: (name: string, place: string) => Image): readonly MapLine[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${path} (--image-rule map): ${messageOf(error)}`);
  }
  return text.split(/\r?\n/).flatMap((line, at) => {
    if (line === "" || line === "column,value,repo:tag") return [];
    const [column, value, name] = csvFields(line);
    if (column === undefined || value === undefined || name === undefined)
      throw new UsageError(`${path}:${at + 1} wants column,value,repo:tag`);
    return [{ column, value, image: named(name, `${path}:${at + 1}`) }];
  });
}
