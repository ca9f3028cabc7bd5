// The parts about when, how long and in which order.
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatRate,
  formatShare,
} from "../../report/number-format.ts";
import type { GapFacts, InterpretationFacts } from "../../trace/info/arrival-facts.ts";
import type { TraceDescription } from "../../trace/info/describe-trace.ts";
import { type InfoPart, quantileCells, secondsText } from "./info-part.ts";

const timePoints = ["min", "p10", "p50", "p90", "p99", "max"];

/** `100 B to 1 kB`. */
function decadeText(decade: number): string {
  if (decade < 0) return "nothing moved";
  const units = ["B", "kB", "MB", "GB", "TB"];
  const one = (power: number): string =>
    `${10 ** (power % 3)} ${units[Math.floor(power / 3)] ?? "PB"}`;
  return `${one(decade)} to ${one(decade + 1)}`;
}

export function durationsPart({ durations, throughput }: TraceDescription): InfoPart {
  if (durations.length === 0)
    return { title: "Durations", facts: [["", "the trace has no durations"]], tables: [] };
  const speed = (point: string): string =>
    throughput[point] === undefined ? "-" : `${formatBytes(throughput[point])}/s`;
  return {
    title: "Durations",
    facts: [
      [
        "throughput",
        `p10 ${speed("p10")}, p50 ${speed("p50")}, p90 ${speed("p90")} of blobs from 1 MB`,
      ],
    ],
    tables: [
      {
        head: ["kind", "moved", "records", ...timePoints],
        textColumns: 2,
        rows: durations.map((group) => [
          group.kind,
          decadeText(group.decade),
          formatCount(group.records),
          ...quantileCells(group.quantiles, timePoints, secondsText),
        ]),
      },
    ],
  };
}

const gapPoints = ["p25", "p50", "p90", "p99", "max"];

function gapRows(name: string, facts: InterpretationFacts): string[][] {
  const row = (what: string, { gaps, mean, quantiles }: GapFacts): string[] => [
    name,
    what,
    formatCount(gaps),
    secondsText(mean),
    ...quantileCells(quantiles, gapPoints, secondsText),
  ];
  return [row("kept requests", facts.kept), row("GETs of blobs", facts.blobGets)];
}

export function arrivalsPart({ arrivals }: TraceDescription): InfoPart {
  const title = "Time between requests";
  if (arrivals === null) return { title, facts: [["", "the trace has no times"]], tables: [] };
  return {
    title,
    facts: [["trace.arrival", `${arrivals.recommended}: ${arrivals.because}`]],
    tables: [
      {
        head: ["arrival", "between", "n", "mean", ...gapPoints],
        textColumns: 2,
        rows: [
          ...gapRows("timestamp", arrivals.timestamp),
          ...gapRows("timestamp - duration", arrivals.start),
        ],
      },
    ],
  };
}

export function ratePart({ rate }: TraceDescription): InfoPart {
  const title = "Rate and concurrency";
  if (rate === null) return { title, facts: [["", "the trace has no times"]], tables: [] };
  const { peakMinute, peakHour, busiestClient, concurrency } = rate;
  const facts: [string, string][] = [
    ["from", `${rate.first} to ${rate.last}, ${formatDuration(rate.seconds)}`],
    ["mean", formatRate(rate.recordsPerSecond)],
    [
      "concurrency",
      `p50 ${formatCount(concurrency.p50)}, p99 ${formatCount(concurrency.p99)}, max ${formatCount(concurrency.max)}: client_info.threads should not be less`,
    ],
  ];
  if (peakMinute !== null)
    facts.push([
      "busiest minute",
      `${peakMinute.start}, ${formatCount(peakMinute.records)} records`,
    ]);
  if (peakHour !== null)
    facts.push(["busiest hour", `${peakHour.start}, ${formatCount(peakHour.records)} records`]);
  if (busiestClient !== null)
    facts.push([
      "busiest client",
      `${busiestClient.key}, ${formatCount(busiestClient.records)} records (${formatShare(busiestClient.share)})`,
    ]);
  return { title, facts, tables: [] };
}

export function correlationPart({ correlation }: TraceDescription): InfoPart {
  const title = "What follows what";
  if (correlation === null) return { title, facts: [["", "the trace has no times"]], tables: [] };
  const { layerGets, afterManifest, puts, followedPuts, followedAfterSeconds } = correlation;
  const of = (part: number, whole: number): string =>
    `${formatCount(part)} of ${formatCount(whole)}${whole === 0 ? "" : ` (${formatShare(part / whole)})`}`;
  const after =
    followedAfterSeconds === null
      ? ""
      : `, half of them within ${secondsText(followedAfterSeconds)}`;
  return {
    title,
    facts: [
      [
        "layers",
        `${of(afterManifest, layerGets)} GETs of blobs come within a minute of a manifest of that name and client`,
      ],
      [
        "pushes",
        `${of(followedPuts, puts)} PUTs of blobs are followed by a GET of that name and size${after}`,
      ],
    ],
    tables: [],
  };
}
