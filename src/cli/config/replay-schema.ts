// The one table of the replay configuration: every key with its type, default, sentence and modes. The types of the
// program, the messages, docs/configuration.md and the JSON Schema are all read from here.
import * as z from "zod";
import { UsageError } from "../../core/errors.ts";
import { defaultInclude, includeTokens } from "../../trace/trace-options.ts";
import { NODE_NAME, repeatedNode } from "../cluster/node-name.ts";
import { parseThreshold } from "../thresholds/threshold-text.ts";
import { clusterSection } from "./cluster-schema.ts";
import { registryEntry } from "./registry-entry.ts";
import { runSection } from "./run-schema.ts";
import {
  atLeast,
  either,
  key,
  listOf,
  type Mode,
  mapping,
  oneOf,
  path,
  positive,
  pushing,
  section,
  text,
  truth,
  whole,
  word,
} from "./schema-parts.ts";
import { checkWindow, windowEdge } from "./trace-window.ts";

const run: readonly Mode[] = ["run"];
const warmup: readonly Mode[] = ["warmup"];
const simulate: readonly Mode[] = ["simulate"];

/** The schema of one mode: they differ in the default of `run.retries.count` alone. */
export const replaySchema = (mode: Mode) =>
  section({
    verbose: key(
      truth(false),
      "More progress output: what is run and how, what became of the records, and a line each second.",
      pushing,
    ),
    trace: traceSection(),
    registry: key(
      listOf("a list of registries", registryEntry()).default([]),
      "Registries to send to; a warm-up fills the first.",
      pushing,
    ),
    client_info: clientSection(),
    cluster: clusterSection(),
    warmup: warmupSection(),
    run: runSection(mode),
    thresholds: key(
      listOf("a list of thresholds", thresholdText()).default([]),
      "What a warm-up or a run must keep: thresholds.md.",
      pushing,
    ),
    simulate: simulateSection(),
  });

const thresholdText = () =>
  text("a threshold such as errors.rate < 1%").superRefine((written, context) => {
    try {
      parseThreshold(written, "");
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      context.addIssue({ code: "custom", message: error.message.trim() });
    }
  });

const traceSection = () =>
  section({
    location: key(
      path("a directory").default("."),
      "Directory that the names in trace.traces start from.",
    ),
    traces: key(
      listOf("a list of file names", text("a file name")),
      "Trace files: names, globs, directories or absolute paths; archive:DIR for a recording.",
    ),
    limit: key(limitMapping().optional(), "Keeps only the beginning of the trace."),
    output: key(path().default("output.json"), "File of the results.", run),
    arrival: key(
      oneOf("timestamp", "start").default("timestamp"),
      "Whether a request arrives at its timestamp, or at timestamp minus duration.",
    ),
    include: key(
      listOf("a list of kinds and methods", oneOf(...includeTokens)).default([...defaultInclude]),
      "Which records are kept.",
    ),
    window: key(
      mapping({
        from: key(windowEdge().optional(), "First instant that is kept."),
        to: key(windowEdge().optional(), "First instant that is no longer kept."),
      })
        .superRefine(checkWindow)
        .optional(),
      "Keeps a span of time: RFC 3339 times, or seconds from the first request.",
    ),
    sample: key(
      mapping({
        clients: key(positive({ max: 1 }), "Share of the trace clients that is kept."),
      }).optional(),
      "Keeps whole trace clients, chosen by run.seed.",
    ),
    strict: key(truth(false), "Stops at the first broken record."),
    dedupe: key(truth(false), "Leaves out records whose id was seen before."),
  });

const limitMapping = () =>
  mapping({
    type: key(oneOf("seconds", "requests"), "What trace.limit.amount counts."),
    amount: key(atLeast(0), "Seconds from the first request, or number of requests."),
  }).superRefine(({ type, amount }, context) => {
    if (type === "seconds" || Number.isSafeInteger(amount)) return;
    context.addIssue({
      code: "custom",
      path: ["amount"],
      message: "expected a whole number of requests",
    });
  });

const clientSection = () =>
  section({
    client_list: key(
      listOf(
        "a list of workers",
        z.string({ error: () => WORKER }).regex(NODE_NAME, { error: () => WORKER }),
      )
        .superRefine((list, context) => {
          const at = repeatedNode(list);
          const message = "it is listed twice: a machine is one node";
          if (at >= 0) context.addIssue({ code: "custom", path: [at], message });
        })
        .optional(),
      "Workers of a run, as host:port; local is a worker inside this process.",
      run,
    ),
    port: key(
      whole({ min: 1, max: 65_535 }).default(8080),
      "Port of the master's status and metrics, on this machine; the original takes results there.",
      run,
    ),
    threads: key(
      either('a whole number of at least 1, or "auto"', [whole({ min: 1 }), word("auto")]).default(
        1,
      ),
      "Requests under way at the same time, per worker; auto leaves it to run.max_in_flight.",
      run,
    ),
    wait: key(
      truth(false),
      "Keeps the timing of the trace instead of sending as fast as possible.",
      run,
    ),
    route: key(
      truth(false),
      "All requests of a trace client go to one worker instead of round robin.",
      run,
    ),
    speed: key(positive().default(1), "Divides the times of the trace.", run),
    assign: key(
      oneOf("pool", "slots").default("pool"),
      "Takes any free place, or the place that the trace's own durations give.",
      run,
    ),
    sessions: key(
      truth(false),
      "Every trace client keeps its own connections and the order of its requests.",
      run,
    ),
  }).superRefine(({ assign, sessions }, context) => {
    if (!sessions || assign !== "slots") return;
    context.addIssue({
      code: "custom",
      path: ["sessions"],
      message: "sessions need a free choice of place: write assign: pool, or leave sessions out",
    });
  });

const WORKER = "expected host:port or local";

const warmupSection = () =>
  section({
    output: key(
      path().optional(),
      "The map from trace URIs to digests, written by a warm-up and read by a run.",
      pushing,
    ),
    threads: key(whole({ min: 1 }).default(1), "Pushes under way at the same time.", warmup),
    random: key(
      truth(false),
      "Bodies that cannot be compressed, instead of zeros behind a distinct beginning.",
      pushing,
    ),
    repository: key(
      oneOf("single", "traced").default("single"),
      "Everything in test_repo, or under the names of the trace.",
      pushing,
    ),
    manifests: key(
      oneOf("blob", "manifest").default("blob"),
      "Whether manifests are replayed as blobs of their size or as image manifests.",
      pushing,
    ),
    identity: key(
      oneOf("uri", "digest").default("uri"),
      "What makes two blobs the same: the whole URI, or its last segment.",
      pushing,
    ),
    all_registries: key(truth(false), "Fills every registry, not only the first.", warmup),
  });

const simulateSection = () =>
  section({
    name: key(
      text("the name of a plug-in").optional(),
      "Plug-in: a file, or builtin:NAME.",
      simulate,
    ),
    args: key(
      z.record(z.string(), z.unknown(), { error: () => "expected a mapping" }).optional(),
      "Anything; handed to the plug-in as it is.",
      simulate,
    ),
  });
