// The section `cluster` of the configuration, a part of the table in replay-schema.ts.
import { millis, seconds } from "../../core/units.ts";
import { atLeast, key, type Mode, oneOf, pushing, section, whole } from "./schema-parts.ts";

const run: readonly Mode[] = ["run"];

export const clusterSection = () =>
  section({
    split: key(
      oneOf("stream", "local").default("stream"),
      "Whether the master reads the trace and streams operations, or every node reads the same files.",
      run,
    ),
    on_lost: key(
      oneOf("report", "redistribute").default("report"),
      "What becomes of the operations of a node that is lost: told as such, or given to the others.",
      pushing,
    ),
    min: key(
      whole({ min: 1 }).optional(),
      "Nodes that are enough to start with; all of them if absent.",
      pushing,
    ),
    wait: key(
      atLeast(0).default(5).transform(seconds),
      "Seconds that a node may take to answer for the first time.",
      pushing,
    ),
    heartbeat: key(
      atLeast(0.01).default(2).transform(seconds),
      "Seconds between two signs of life of master and node.",
      pushing,
    ),
    lost_after: key(
      atLeast(0.1).default(15).transform(seconds),
      "Seconds without a sign of life after which a node is lost.",
      pushing,
    ),
    clock_bound: key(
      atLeast(0).default(5).transform(millis),
      "Error of a node's clock above which there is a warning, in milliseconds; above 100 it is refused.",
      pushing,
    ),
    clock_difference: key(
      atLeast(0).default(1000).transform(millis),
      "Difference between the wall clocks of master and node above which it is refused, in milliseconds.",
      pushing,
    ),
  }).superRefine(({ split, on_lost }, context) => {
    if (split === "stream" || on_lost === "report") return;
    context.addIssue({
      code: "custom",
      path: ["on_lost"],
      message: "only the master can redistribute: write split: stream, or on_lost: report",
    });
  });
