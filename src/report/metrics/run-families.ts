// The figures of a run under way as metrics. Names and labels: docs/metrics.md.
import type { Distribution } from "../../stats/distribution.ts";
import type { ClassFigures, Totals } from "../../stats/figures.ts";
import type { Validity } from "../../stats/validity.ts";
import type { HistogramSample, MetricFamily, NumberSample } from "./metric-family.ts";

/** What is known of a run at an instant. */
export type RunMetrics = {
  readonly verb: string;
  readonly version: string;
  /** The run directory, which is the name of the run. */
  readonly directory: string;
  readonly totals: Totals;
  /** Operations per second that the schedule asks for; null where nothing has a due time, or before it is known. */
  readonly targetRate: number | null;
  /** Null where nothing judges the generator. */
  readonly verdict: Validity["verdict"] | null;
};

export const runFamilies = (run: RunMetrics): MetricFamily[] => [
  runFamily(run),
  ...requestFamilies(run.totals.classes, ({ operation }) => operation),
  {
    name: "drayage_lateness_seconds",
    help: "From the due time of an operation to its sending.",
    type: "histogram",
    unit: "seconds",
    samples: histograms([{ labels: {}, times: run.totals.lateness }]),
  },
  gauge("drayage_in_flight", "Operations that were sent and have not ended.", run.totals.inFlight),
  gauge("drayage_waiting", "Operations that are due and wait for a place.", run.totals.waiting),
  gauge(
    "drayage_target_rate",
    "Operations per second that came due in the last interval.",
    run.targetRate,
  ),
  counter("drayage_retries", "Requests that were sent again.", run.totals.retries),
  ...healthFamilies(run),
];

/** What is run. */
export const runFamily = ({
  verb,
  version,
  directory,
}: Pick<RunMetrics, "verb" | "version" | "directory">): MetricFamily => ({
  name: "drayage_run",
  help: "What is run: verb, version of drayage, run directory.",
  type: "info",
  samples: [{ labels: { verb, version, directory } }],
});

/** Counts, bytes and times of requests. `nameOf` gives the label `op`. */
export function requestFamilies(
  classes: readonly ClassFigures[],
  nameOf: (part: ClassFigures) => string,
): MetricFamily[] {
  const each = (of: (part: ClassFigures) => readonly NumberSample[]): NumberSample[] =>
    classes.flatMap((part) =>
      of(part).map(({ labels, value }) => ({ labels: { op: nameOf(part), ...labels }, value })),
    );
  const times = (of: (part: ClassFigures) => Distribution): HistogramSample[] =>
    histograms(classes.map((part) => ({ labels: { op: nameOf(part) }, times: of(part) })));
  const seconds = { type: "histogram", unit: "seconds" } as const;
  return [
    {
      name: "drayage_requests",
      help: "Requests that ended, by the status of the last answer; 0 is no answer.",
      type: "counter",
      samples: each(({ statuses }) => counted("code", statuses)),
    },
    {
      name: "drayage_failures",
      help: "Requests that failed, by what went wrong.",
      type: "counter",
      samples: each(({ errors }) => counted("error", errors)),
    },
    {
      name: "drayage_bytes",
      help: "Bytes of bodies, received and sent, those of failed requests included.",
      type: "counter",
      unit: "bytes",
      samples: each((part) => [
        { labels: { direction: "received" }, value: part.bytesIn + part.failedBytesIn },
        { labels: { direction: "sent" }, value: part.bytesOut + part.failedBytesOut },
      ]),
    },
    {
      name: "drayage_response_seconds",
      help: "From due to done, of successes.",
      ...seconds,
      samples: times(({ response }) => response),
    },
    {
      name: "drayage_service_seconds",
      help: "From sent to done, of successes.",
      ...seconds,
      samples: times(({ service }) => service),
    },
    {
      name: "drayage_first_byte_seconds",
      help: "From sent to the first byte of the answer, of successes.",
      ...seconds,
      samples: times(({ ttfb }) => ttfb),
    },
    {
      name: "drayage_failed_service_seconds",
      help: "From sent to the end, of failures.",
      ...seconds,
      samples: times(({ failedService }) => failedService),
    },
  ];
}

const counted = (label: string, counts: Readonly<Record<string, number>>): NumberSample[] =>
  Object.entries(counts).map(([name, value]) => ({ labels: { [label]: name }, value }));

/** Without values there is nothing to tell: the operation had no such time. */
const histograms = (samples: readonly HistogramSample[]): HistogramSample[] =>
  samples.filter(({ times }) => times.total > 0);

/** A single number; none where it is not known. */
export const gauge = (name: string, help: string, value: number | null): MetricFamily => ({
  name,
  help,
  type: "gauge",
  samples: value === null ? [] : [{ labels: {}, value }],
});

/** A single count. */
export const counter = (name: string, help: string, value: number): MetricFamily => ({
  name,
  help,
  type: "counter",
  samples: [{ labels: {}, value }],
});

const verdicts = ["ok", "strained", "INVALID"] as const;

function healthFamilies({ verdict, totals }: RunMetrics): MetricFamily[] {
  return [
    {
      name: "drayage_health",
      help: "Whether the figures can be trusted so far: 1 for the verdict that holds.",
      type: "gauge",
      samples:
        verdict === null
          ? []
          : verdicts.map((word) => ({
              labels: { verdict: word },
              value: word === verdict ? 1 : 0,
            })),
    },
    ...threadFamilies(totals.health),
  ];
}

/** What each request worker thread says of itself. */
export const threadFamilies = (health: Totals["health"]): MetricFamily[] => [
  {
    name: "drayage_worker_loop_delay_seconds",
    help: "Event-loop delay of a request worker thread, 99th percentile.",
    type: "gauge",
    unit: "seconds",
    samples: health.map(({ loopDelayP99 }, worker) => ({
      labels: { worker: String(worker) },
      value: loopDelayP99 / 1e9,
    })),
  },
];
