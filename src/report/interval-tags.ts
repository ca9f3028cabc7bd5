// Every distribution of an interval has a name: the tag of its lines in histograms.hlog and the key of its sum in
// counts.ndjson. One place knows them, in both directions.
import type { OperationClass } from "../core/operation.ts";
import { type Distribution, emptyDistribution } from "../stats/distribution.ts";
import type { ClassFigures, IntervalSnapshot, NodeFigures, SizeFigures } from "../stats/figures.ts";
import { SIZE_BINS, smallestOf } from "../stats/size-bin.ts";

const measureKeys = {
  response: "response",
  service: "service",
  ttfb: "ttfb",
  transfer: "transfer",
  "failed-response": "failedResponse",
  "failed-service": "failedService",
} as const satisfies Record<string, keyof ClassFigures>;

type Measures = Pick<ClassFigures, (typeof measureKeys)[keyof typeof measureKeys]>;

export type Tagged = readonly [tag: string, distribution: Distribution];

const classTags = (figures: ClassFigures): Tagged[] =>
  Object.entries(measureKeys).map(([measure, key]) => [
    `${figures.operation}.${measure}`,
    figures[key],
  ]);

const nodeTags = ({ node, response, service }: NodeFigures): Tagged[] => [
  [`node-${node}.response`, response],
  [`node-${node}.service`, service],
];

/** All distributions of an interval, those without values included. */
export const intervalTags = ({
  classes,
  lateness,
  connect,
  sizes,
  nodes = [],
}: IntervalSnapshot): Tagged[] => [
  ...classes.flatMap(classTags),
  ["lateness", lateness],
  ["connect", connect],
  ...sizes.map(({ bin, service }): Tagged => [`size-${smallestOf(bin)}.service`, service]),
  ...nodes.flatMap(nodeTags),
];

export type TaggedDistributions = ReadonlyMap<string, Distribution>;

const under = (tags: TaggedDistributions, tag: string): Distribution =>
  tags.get(tag) ?? emptyDistribution;

export const classTimes = (tags: TaggedDistributions, operation: OperationClass): Measures =>
  Object.fromEntries(
    Object.entries(measureKeys).map(([measure, key]) => [
      key,
      under(tags, `${operation}.${measure}`),
    ]),
  ) as Measures;

export const nodeTimes = (
  tags: TaggedDistributions,
  node: number,
): Pick<NodeFigures, "response" | "service"> => ({
  response: under(tags, `node-${node}.response`),
  service: under(tags, `node-${node}.service`),
});

export function sizesOf(tags: TaggedDistributions): SizeFigures[] {
  const sizes: SizeFigures[] = [];
  for (let bin = 0; bin < SIZE_BINS; bin++) {
    const service = tags.get(`size-${smallestOf(bin)}.service`);
    if (service !== undefined) sizes.push({ bin, service });
  }
  return sizes;
}
