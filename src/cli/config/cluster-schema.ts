// The section `cluster` of the configuration, a part of the table in replay-schema.ts.
import { millis, type Seconds, seconds } from "../../core/units.ts";
import { machineDefaults } from "./cluster-defaults.ts";
import { natsMapping } from "./nats-schema.ts";
import {
  atLeast,
  either,
  key,
  type Mode,
  mapping,
  oneOf,
  pushing,
  section,
  text,
  whole,
} from "./schema-parts.ts";

const run: readonly Mode[] = ["run"];
const GROUP = "letters, digits, - and _, 48 at most";

const SPAN = /^(\d+(?:\.\d+)?)(ms|s|m)$/;
const secondsOf: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60 };

/** Of a time as it is written. */
function secondsIn(written: number | string): Seconds {
  if (typeof written === "number") return seconds(written);
  const [, count, unit = ""] = SPAN.exec(written) ?? [];
  return seconds(Number(count) * (secondsOf[unit] ?? 1));
}

/** A time as it is written; `secondsIn` makes seconds of it. */
function span(min = 0) {
  const least = min === 0 ? "" : `, at least ${min} s`;
  const words = `seconds, as a number or as 500ms, 60s or 2m${least}`;
  return either(words, [atLeast(min), text(words).regex(SPAN)]).refine(
    (written) => secondsIn(written) >= min,
    { error: () => `expected ${words}` },
  );
}

export const clusterSection = () =>
  section({
    split: key(
      oneOf("stream", "local").default("stream"),
      "Whether the master reads the trace and streams operations, or every node reads the same files.",
      run,
    ),
    rows: key(
      oneOf("along", "after").default("along"),
      "With split: local, whether nodes send their rows along with the run, or after it, when that disturbs nobody.",
      run,
    ),
    on_lost: key(
      oneOf("report", "redistribute").default("report"),
      "What becomes of the operations of a node that is lost: told as such, or given to the others.",
      pushing,
    ),
    ...groupKeys(),
    ...patienceKeys(),
  }).superRefine((together, context) => {
    for (const [key, message] of contradictions(together))
      context.addIssue({ code: "custom", path: [key], message });
  });

/** Nodes that announce themselves. */
const groupKeys = () => ({
  nats: key(
    natsMapping().optional(),
    "Nodes are found, and reached, over these message servers instead of client_info.client_list.",
    pushing,
  ),
  group: key(
    text(GROUP)
      .regex(/^[A-Za-z0-9_-]{1,48}$/, { error: () => `expected ${GROUP}` })
      .optional(),
    "Nodes that belong together, by the name that drayage client --group gave them.",
    pushing,
  ),
  expect: key(
    whole({ min: 1, max: 1000 }).optional(),
    "Nodes of the group that take part; so many are waited for.",
    pushing,
  ),
});

/** How nodes are waited for, and how exactly their clocks must be known. */
const patienceKeys = () => ({
  min: key(
    whole({ min: 1 }).optional(),
    "Nodes that are enough to start with; all of them if absent.",
    pushing,
  ),
  wait: key(
    span().transform(secondsIn).optional(),
    "Seconds that a node may take to answer for the first time; 5, or 60 with cluster.nats.",
    pushing,
  ),
  heartbeat: key(
    span(0.01).default(machineDefaults.heartbeat).transform(secondsIn),
    "Seconds between two signs of life of master and node; a fifth of lost_after at most.",
    pushing,
  ),
  lost_after: key(
    span(0.1).default(machineDefaults.lostAfter).transform(secondsIn),
    "Seconds without a sign of life after which a node is lost.",
    pushing,
  ),
  clock_bound: key(
    atLeast(0).default(machineDefaults.clockBound).transform(millis),
    "Error of a node's clock above which there is a warning, in milliseconds; above 100 it is refused.",
    pushing,
  ),
  clock_difference: key(
    atLeast(0).default(machineDefaults.clockDifference).transform(millis),
    "Difference between the wall clocks of master and node above which it is refused, in milliseconds.",
    pushing,
  ),
});

/** The same section of what has no trace to split: `load` and `pull`, whose flags may say the rest. */
export const machinesMapping = () => mapping({ ...groupKeys(), ...patienceKeys() });

type Together = {
  readonly split: string;
  readonly on_lost: string;
  readonly rows: string;
  readonly nats?: object | undefined;
  readonly group?: string | undefined;
  readonly expect?: number | undefined;
};

/** What keys say together that cannot be: a key and a sentence. */
function contradictions({
  split,
  on_lost,
  rows,
  nats,
  group,
  expect,
}: Together): [string, string][] {
  const found: [string, string][] = [];
  if (split !== "stream" && on_lost !== "report")
    found.push([
      "on_lost",
      "only the master can redistribute: write split: stream, or on_lost: report",
    ]);
  if (split !== "local" && rows !== "along")
    found.push([
      "rows",
      "only nodes that read the trace keep rows: write split: local, or rows: along",
    ]);
  if (nats === undefined) return found;
  if (group === undefined)
    found.push(["nats", 'it needs "cluster.group": what drayage client was given as --group']);
  if (expect === undefined)
    found.push(["nats", 'it needs "cluster.expect": how many nodes take part']);
  return found;
}
