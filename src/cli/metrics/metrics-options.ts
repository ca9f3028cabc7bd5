import type { OptionTable } from "../command.ts";

/** Where the figures of a run go while it is under way. */
export const metricsOptions = {
  metrics: {
    type: "string",
    value: "HOST:PORT",
    help: "serve OpenMetrics while it runs, at http://HOST:PORT/metrics; port 0 takes a free one",
  },
  otlp: {
    type: "string",
    value: "URL",
    help: "push metrics to an OpenTelemetry collector, such as http://127.0.0.1:4318",
  },
} as const satisfies OptionTable;
