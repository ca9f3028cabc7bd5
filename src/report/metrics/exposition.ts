// Metrics as text, in the two forms that collectors read. They differ in what a family is called, and in the end.
//
//   OpenMetrics 1.0                              classic (Prometheus 0.0.4)
//   # TYPE drayage_requests counter              # TYPE drayage_requests_total counter
//   drayage_requests_total{..} 5                 drayage_requests_total{..} 5
//   # UNIT drayage_bytes bytes                   -
//   # TYPE drayage_run info                      # TYPE drayage_run_info gauge
//   # EOF                                        -

import type { HistogramSample, Labels, MetricFamily } from "./metric-family.ts";
import { bucketBounds, bucketCounts } from "./time-buckets.ts";

type Form = "openmetrics" | "classic";

const contentTypes: Readonly<Record<Form, string>> = {
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  classic: "text/plain; version=0.0.4; charset=utf-8",
};

const OPENMETRICS = "application/openmetrics-text";
/** What else a collector may name that the classic form satisfies. */
const CLASSIC = ["text/plain", "text/*", "*/*"];

/** What the header `Accept` asks for; the classic form where it says nothing. Source: RFC 9110 12.5.1. */
export function acceptedForm(accept: string | undefined): Form {
  const weights = new Map<string, number>();
  for (const range of (accept ?? "").split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const weight = parameters.find((part) => part.startsWith("q="))?.slice(2);
    const value = weight === undefined ? 1 : Number.parseFloat(weight);
    weights.set(type, Math.max(weights.get(type) ?? 0, Number.isNaN(value) ? 0 : value));
  }
  const wanted = weights.get(OPENMETRICS) ?? 0;
  const classic = Math.max(...CLASSIC.map((type) => weights.get(type) ?? 0));
  return wanted > 0 && wanted >= classic ? "openmetrics" : "classic";
}

/** The page of metrics, and its content type. Families without a sample are left out. */
export function metricsText(
  families: readonly MetricFamily[],
  form: Form,
): { readonly type: string; readonly text: string } {
  const filled = families.filter(({ samples }) => samples.length > 0);
  const lines = filled.flatMap((family) => [...headLines(family, form), ...sampleLines(family)]);
  const end = form === "openmetrics" ? ["# EOF"] : [];
  return { type: contentTypes[form], text: [...lines, ...end, ""].join("\n") };
}

function headLines({ name, help, type, unit }: MetricFamily, form: Form): string[] {
  if (form === "classic") {
    const shown = `${name}${suffix(type)}`;
    return [
      `# HELP ${shown} ${escapedHelp(help)}`,
      `# TYPE ${shown} ${type === "info" ? "gauge" : type}`,
    ];
  }
  return [
    `# TYPE ${name} ${type}`,
    ...(unit === undefined ? [] : [`# UNIT ${name} ${unit}`]),
    `# HELP ${name} ${escapedHelp(help)}`,
  ];
}

/** What a family's samples have behind its name. */
function suffix(type: MetricFamily["type"]): string {
  if (type === "counter") return "_total";
  return type === "info" ? "_info" : "";
}

function sampleLines(family: MetricFamily): string[] {
  const { name, type } = family;
  switch (type) {
    case "counter":
    case "gauge":
      return family.samples.map(
        ({ labels, value }) => `${name}${suffix(type)}${braced(labels)} ${value}`,
      );
    case "info":
      return family.samples.map(({ labels }) => `${name}${suffix(type)}${braced(labels)} 1`);
    case "histogram":
      return family.samples.flatMap((sample) => histogramLines(name, sample));
    default:
      return family satisfies never;
  }
}

function histogramLines(name: string, { labels, times }: HistogramSample): string[] {
  let below = 0;
  const buckets = bucketCounts(times).map((count, bucket) => {
    below += count;
    const bound = bucketBounds[bucket];
    const le = bound === undefined ? "+Inf" : String(bound);
    return `${name}_bucket${braced({ ...labels, le })} ${below}`;
  });
  return [
    ...buckets,
    `${name}_sum${braced(labels)} ${times.sum / 1e9}`,
    `${name}_count${braced(labels)} ${times.total}`,
  ];
}

function braced(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

const escapedHelp = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
const escaped = (text: string): string => escapedHelp(text).replaceAll('"', '\\"');
