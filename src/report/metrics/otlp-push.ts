// Pushes metrics to an OpenTelemetry collector, every few seconds and at the end. A collector that is not there costs a run
// nothing but a sentence: what could not be pushed is counted.
import {
  AggregationTemporalityPreference,
  OTLPMetricExporter,
} from "@opentelemetry/exporter-metrics-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  type CollectionResult,
  type DataPoint,
  DataPointType,
  type MetricData,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import { messageOf } from "../../core/errors.ts";
import type { Labels, MetricFamily, MetricSource } from "./metric-family.ts";
import { bucketBounds, bucketCounts } from "./time-buckets.ts";

/** A push, retries included, takes no longer; so a collector that is not there delays the end of a run by no more either. */
const PUSH_MS_MAX = 2_000;
const SUCCESS = 0;

export type OtlpOptions = {
  /** Where the collector takes metrics: with its path. */
  readonly url: string;
  readonly intervalMs: number;
  readonly version: string;
  readonly source: MetricSource;
  /** Called once, with the reason of the first push that failed. */
  readonly onTrouble: (reason: string) => void;
};

type HrTime = DataPoint<number>["startTime"];

const hrTime = (ms: number): HrTime => [Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)];

/** Credentials come from OTEL_EXPORTER_OTLP_HEADERS, which the exporter reads; they are never told. */
export class OtlpPush {
  readonly #options: OtlpOptions;
  readonly #exporter: OTLPMetricExporter;
  readonly #reader: PeriodicExportingMetricReader;
  readonly #resource;
  readonly #startTime = hrTime(Date.now());
  pushes = 0;
  failures = 0;
  /** Of the last push that failed. */
  reason = "";

  constructor(options: OtlpOptions) {
    this.#options = options;
    this.#resource = resourceFromAttributes({
      "service.name": "drayage",
      "service.version": options.version,
    });
    this.#exporter = new OTLPMetricExporter({
      url: options.url,
      timeoutMillis: PUSH_MS_MAX,
      temporalityPreference: AggregationTemporalityPreference.CUMULATIVE,
    });
    this.#reader = new PeriodicExportingMetricReader({
      exporter: this.#counted(this.#exporter),
      exportIntervalMillis: options.intervalMs,
      exportTimeoutMillis: Math.min(options.intervalMs, 2 * PUSH_MS_MAX),
    });
    this.#reader.setMetricProducer({ collect: async () => this.#collect() });
  }

  #counted(exporter: PushMetricExporter): PushMetricExporter {
    return {
      export: (metrics: ResourceMetrics, done) => {
        this.pushes++;
        exporter.export(metrics, (result) => {
          if (result.code !== SUCCESS) this.#failed(result.error);
          done({ code: SUCCESS });
        });
      },
      forceFlush: () => exporter.forceFlush(),
      shutdown: () => exporter.shutdown(),
    };
  }

  #failed(error: Error | undefined): void {
    this.failures++;
    this.reason = error === undefined ? "no answer" : messageOf(error);
    if (this.failures === 1) this.#options.onTrouble(this.reason);
  }

  #collect(): CollectionResult {
    const { version, source } = this.#options;
    const span = { startTime: this.#startTime, endTime: hrTime(Date.now()) };
    const metrics = source()
      .filter(({ samples }) => samples.length > 0)
      .map((family) => metricData(family, span));
    const scopeMetrics =
      metrics.length === 0 ? [] : [{ scope: { name: "drayage", version }, metrics }];
    return { resourceMetrics: { resource: this.#resource, scopeMetrics }, errors: [] };
  }

  /** The last push. Never rejects. */
  async close(): Promise<void> {
    await this.#reader.shutdown().catch((error: unknown) => this.#failed(error as Error));
  }
}

type Span = { readonly startTime: HrTime; readonly endTime: HrTime };

const units = { seconds: "s", bytes: "By" } as const;
/** Of the SDK's ValueType, which its own package does not export. */
const WHOLE = 0;
const FRACTION = 1;

function metricData(family: MetricFamily, span: Span): MetricData {
  const { name, help, unit, type } = family;
  const descriptor = {
    name: type === "info" ? `${name}_info` : name,
    description: help,
    unit: unit === undefined ? "" : units[unit],
    valueType: type === "counter" ? WHOLE : FRACTION,
  };
  const base = { descriptor, aggregationTemporality: AggregationTemporality.CUMULATIVE };
  const point = <T>(attributes: Labels, value: T): DataPoint<T> => ({ ...span, attributes, value });
  switch (type) {
    case "counter":
      return {
        ...base,
        dataPointType: DataPointType.SUM,
        isMonotonic: true,
        dataPoints: family.samples.map(({ labels, value }) => point(labels, value)),
      };
    case "gauge":
      return {
        ...base,
        dataPointType: DataPointType.GAUGE,
        dataPoints: family.samples.map(({ labels, value }) => point(labels, value)),
      };
    case "info":
      return {
        ...base,
        dataPointType: DataPointType.GAUGE,
        dataPoints: family.samples.map(({ labels }) => point(labels, 1)),
      };
    case "histogram":
      return {
        ...base,
        dataPointType: DataPointType.HISTOGRAM,
        dataPoints: family.samples.map(({ labels, times }) =>
          point(labels, {
            buckets: { boundaries: [...bucketBounds], counts: bucketCounts(times) },
            sum: times.sum / 1e9,
            count: times.total,
          }),
        ),
      };
    default:
      return family satisfies never;
  }
}
