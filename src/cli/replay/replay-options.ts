import { UsageError } from "../../core/errors.ts";
import type { OptionTable, OptionValues } from "../command.ts";
import type { commonReplayOptions } from "../common-options.ts";
import { metricsOptions } from "../metrics/metrics-options.ts";
import type { MetricsFlags } from "../metrics/publication.ts";
import { givenThresholds } from "../thresholds/given-thresholds.ts";
import { parseThreshold } from "../thresholds/threshold-text.ts";
import { typedWords } from "../typed-words.ts";

/** Reading of traces. */
export const traceReadingOptions = {
  tmp: { type: "string", value: "DIR", help: "directory for sorting traces larger than memory" },
  errors: {
    type: "string",
    value: "FILE",
    help: "write every broken record of the trace (NDJSON)",
  },
} as const satisfies OptionTable;

/** Sending from other machines. */
export const nodeOptions = {
  nodes: {
    type: "boolean",
    default: false,
    help: "send from the nodes of client_info.client_list, as drayage master does",
  },
  ca: {
    type: "string",
    value: "FILE",
    help: "authority of the nodes' certificates (PEM): speaks TLS with them",
  },
} as const satisfies OptionTable;

/** Carrying on what a killed master began. */
export const resumeOption = {
  resume: {
    type: "string",
    value: "RUN",
    check: (text, label) => {
      if (!/^[A-Za-z0-9_-]{1,48}$/.test(text))
        throw new UsageError(`${label} wants the id of a run, or its run directory`);
    },
    help: "carry on a run over cluster.nats whose master was killed: its id, or its run directory",
  },
} as const satisfies OptionTable;

/** What a run must keep. */
export const thresholdOption = {
  threshold: {
    type: "string",
    array: true,
    alias: "T",
    value: "TEXT",
    check: (text, label) => void parseThreshold(text, label),
    help: "what must hold, such as 'get-blob.response.p99 < 150ms'; exit 99 if it does not",
  },
} as const satisfies OptionTable;

/** How a replay ends. */
export const endOptions = {
  out: { type: "string", value: "DIR", help: "run directory; a new one below runs if absent" },
  "allow-invalid": {
    type: "boolean",
    default: false,
    help: "exit 0 also when the figures cannot be trusted",
  },
  "allow-failures": {
    type: "boolean",
    default: false,
    help: "exit 0 also when operations failed",
  },
  ...thresholdOption,
  ...metricsOptions,
} as const satisfies OptionTable;

/** What options say about the end of a replay, and the command line as run.json may hold it. */
export const endingOf = (
  given: MetricsFlags &
    Omit<
      OptionValues<typeof endOptions & Pick<typeof commonReplayOptions, "json" | "quiet" | "ui">>,
      keyof MetricsFlags
    >,
) => ({
  arguments: typedWords(),
  out: given.out,
  json: given.json,
  quiet: given.quiet,
  ui: given.ui,
  metrics: given.metrics,
  otlp: given.otlp,
  allowInvalid: given["allow-invalid"],
  allowFailures: given["allow-failures"],
  thresholds: givenThresholds(given.threshold),
});

/** `--set` in the order given, and `--strict` or `--no-strict`, which say the same as a key. */
export const overridesOf = ({
  set,
  strict,
}: {
  readonly set: readonly string[];
  readonly strict: boolean | undefined;
}): readonly string[] => (strict === undefined ? set : [...set, `trace.strict=${strict}`]);
