import { UsageError } from "../../core/errors.ts";

const PATH = "/v1/metrics";
const INTERVAL_MS_DEFAULT = 10_000;
const INTERVAL_MS_MIN = 100;
const INTERVAL_MS_MAX = 3_600_000;

/** Where the collector takes metrics: `--otlp`, with the path of OTLP/HTTP unless there is one. Throws UsageError. */
export function otlpUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new UsageError(`--otlp wants a URL such as http://127.0.0.1:4318, not "${text}"`);
  if (url.username !== "" || url.password !== "")
    throw new UsageError(
      "--otlp takes no credentials: put them into OTEL_EXPORTER_OTLP_HEADERS, such as authorization=Basic%20…",
    );
  if (url.pathname === "/") url.pathname = PATH;
  return url.href;
}

/** Time between pushes: OTEL_METRIC_EXPORT_INTERVAL in ms, as the OpenTelemetry specification names it. Throws UsageError. */
export function otlpIntervalMs({ OTEL_METRIC_EXPORT_INTERVAL: text }: NodeJS.ProcessEnv): number {
  if (text === undefined || text === "") return INTERVAL_MS_DEFAULT;
  const ms = /^\d{1,7}$/.test(text) ? Number(text) : -1;
  if (ms < INTERVAL_MS_MIN || ms > INTERVAL_MS_MAX)
    throw new UsageError(
      `OTEL_METRIC_EXPORT_INTERVAL wants milliseconds from ${INTERVAL_MS_MIN} to ${INTERVAL_MS_MAX}, not "${text}"`,
    );
  return ms;
}
