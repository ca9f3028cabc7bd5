// The figures of a description as rows of text, for the terminal and for the page alike. Numbers are for people; the exact
// ones are in --json.
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatNanos,
  formatRate,
  formatShare,
} from "../../report/number-format.ts";
import { brokenLine } from "../../trace/account.ts";
import type { GapFacts, InterpretationFacts } from "../../trace/info/arrival-facts.ts";
import type { TraceDescription } from "../../trace/info/describe-trace.ts";
import type { Popularity } from "../../trace/info/popularity.ts";
import type { RankedKey } from "../../trace/info/ranked-keys.ts";
import type { Quantiles } from "../../trace/info/size-facts.ts";

/** The first `textColumns` columns are flush left. */
export type InfoTable = {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly textColumns: number;
};

export type InfoPart = {
  readonly title: string;
  readonly facts: readonly (readonly [name: string, text: string])[];
  readonly tables: readonly InfoTable[];
};

const SHOWN_BROKEN = 20;
const SHOWN_FILES = 40;
const SHOWN_TOP = 10;
const SHOWN_AGENTS = 12;

const seconds = (value: number | undefined): string =>
  value === undefined ? "-" : formatNanos(value * 1e9);
const bytes = (value: number | undefined): string => formatBytes(value ?? null);
const counts = (of: Readonly<Record<string, number>>): string => {
  const parts = Object.entries(of).map(([name, count]) => `${name} ${formatCount(count)}`);
  return parts.length === 0 ? "none" : parts.join(", ");
};

/** The twelve parts, in their order. */
export const infoParts = (facts: TraceDescription): InfoPart[] => [
  filesPart(facts),
  accountPart(facts),
  requestsPart(facts),
  distinctPart(facts),
  sizesPart(facts),
  durationsPart(facts),
  arrivalsPart(facts),
  ratePart(facts),
  popularityPart(facts),
  correlationPart(facts),
  warmupPart(facts),
  agentsPart(facts),
];

function filesPart({ files, holes }: TraceDescription): InfoPart {
  const stored = files.reduce((sum, file) => sum + file.bytes, 0);
  const records = files.reduce((sum, file) => sum + file.records, 0);
  const shown = files.slice(0, SHOWN_FILES);
  const facts: [string, string][] = [
    ["files", `${formatCount(files.length)}, ${formatBytes(stored)} as stored`],
    ["records", formatCount(records)],
  ];
  for (const { series, missing } of holes)
    facts.push(["holes", `${series}: no shard ${missing.join(", ")}`]);
  if (shown.length < files.length)
    facts.push(["not shown", `${formatCount(files.length - shown.length)} files (see --json)`]);
  return {
    title: "Files",
    facts,
    tables: [
      {
        head: [
          "file",
          "format",
          "packed",
          "size",
          "records",
          "first",
          "last",
          "in order",
          "overlaps",
        ],
        textColumns: 3,
        rows: shown.map((file) => [
          file.file,
          file.format,
          file.compression,
          formatBytes(file.bytes),
          formatCount(file.records),
          file.first ?? "-",
          file.last ?? "-",
          file.inOrder ? "yes" : "no",
          formatCount(file.overlaps),
        ]),
      },
    ],
  };
}

function accountPart({ account }: TraceDescription): InfoPart {
  const { extraKeys } = account;
  const extra = `${counts(extraKeys.keys)} (in ${formatCount(extraKeys.recordsLookedAt)} records at the beginnings of files)`;
  const facts: [string, string][] = [
    ["read", formatCount(account.read)],
    ["kept", `${formatCount(account.kept)} by the default filters of a replay`],
    ["folded", `${formatCount(account.folded)} POST and PATCH`],
    ["filtered", counts(account.filtered)],
    ["broken", counts(account.broken)],
    ["defaulted", counts(account.defaulted)],
    ["duplicate ids", formatCount(account.duplicateIds)],
    ["unknown keys", extra],
  ];
  for (const broken of account.brokenSamples.slice(0, SHOWN_BROKEN))
    facts.push(["", brokenLine(broken)]);
  return { title: "Accounting", facts, tables: [] };
}

function requestsPart({ requests }: TraceDescription): InfoPart {
  const total = requests.classes.reduce((sum, { records }) => sum + records, 0);
  const share = (records: number): string => formatShare(records / total);
  return {
    title: "Requests",
    facts: [["bare v2", formatShare(requests.pingShare)]],
    tables: [
      {
        head: ["method", "kind", "status", "records", "share"],
        textColumns: 2,
        rows: requests.classes.map(({ method, kind, status, records }) => [
          method,
          kind,
          status === null ? "-" : String(status),
          formatCount(records),
          share(records),
        ]),
      },
      {
        head: ["segments of the URI", "records", "share"],
        textColumns: 1,
        rows: requests.segments.map(({ segments, records }) => [
          String(segments),
          formatCount(records),
          share(records),
        ]),
      },
    ],
  };
}

function topTable(what: string, keys: readonly RankedKey[]): InfoTable[] {
  if (keys.length === 0) return [];
  return [
    {
      head: [`top ${what}`, "records", "bytes"],
      textColumns: 1,
      rows: keys
        .slice(0, SHOWN_TOP)
        .map(({ key, records, bytes: moved }) => [key, formatCount(records), formatBytes(moved)]),
    },
  ];
}

function distinctPart({ distinct }: TraceDescription): InfoPart {
  const { top, fetchedBlobs, sharedBlobs, differingSizes, ...numbers } = distinct;
  const shared = fetchedBlobs === 0 ? "-" : formatShare(sharedBlobs / fetchedBlobs);
  return {
    title: "Who and what",
    facts: [
      ...Object.entries(numbers).map(([name, count]) => [name, formatCount(count)] as const),
      [
        "shared",
        `${formatCount(sharedBlobs)} of ${formatCount(fetchedBlobs)} fetched blobs under more than one name (${shared})`,
      ],
      ["differing sizes", `${formatCount(differingSizes)} URIs`],
    ],
    tables: Object.entries(top).flatMap(([what, keys]) => topTable(what, keys)),
  };
}

const sizePoints = ["p5", "p25", "p50", "p75", "p90", "p99", "max"];
const timePoints = ["min", "p10", "p50", "p90", "p99", "max"];

const cellsOf = (
  quantiles: Quantiles,
  points: readonly string[],
  format: (value: number | undefined) => string,
): string[] => points.map((point) => format(quantiles[point]));

const sizesPart = ({ sizes }: TraceDescription): InfoPart => ({
  title: "Sizes",
  facts: [],
  tables: [
    {
      head: ["method", "kind", "records", ...sizePoints, "sum", "distinct", "< 1 MB", "< 10 MB"],
      textColumns: 2,
      rows: sizes.map((group) => [
        group.method,
        group.kind,
        formatCount(group.records),
        ...cellsOf(group.quantiles, sizePoints, bytes),
        formatBytes(group.sum),
        formatBytes(group.distinctBytes),
        formatShare(group.below1MB),
        formatShare(group.below10MB),
      ]),
    },
  ],
});

/** `100 B to 1 kB`. */
function decadeText(decade: number): string {
  if (decade < 0) return "nothing moved";
  const units = ["B", "kB", "MB", "GB", "TB"];
  const one = (power: number): string =>
    `${10 ** (power % 3)} ${units[Math.floor(power / 3)] ?? "PB"}`;
  return `${one(decade)} to ${one(decade + 1)}`;
}

function durationsPart({ durations, throughput }: TraceDescription): InfoPart {
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
          ...cellsOf(group.quantiles, timePoints, seconds),
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
    seconds(mean),
    ...cellsOf(quantiles, gapPoints, seconds),
  ];
  return [row("kept requests", facts.kept), row("GETs of blobs", facts.blobGets)];
}

function arrivalsPart({ arrivals }: TraceDescription): InfoPart {
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

function ratePart({ rate }: TraceDescription): InfoPart {
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

function popularityPart({ popularity }: TraceDescription): InfoPart {
  const { blobs, manifests, reference, clientBlobGets, refetches } = popularity;
  const once = ({ once: share, objects }: Popularity): string =>
    `${formatCount(objects)} fetched, ${formatShare(share)} of them once`;
  const facts: [string, string][] = [
    ["blobs", once(blobs)],
    ["manifests", once(manifests)],
  ];
  if (reference !== null)
    facts.push([
      "reference",
      `${reference.key} is asked for most, by ${formatShare(reference.share)} of the GETs of manifests`,
    ]);
  if (clientBlobGets > 0)
    facts.push([
      "fetched again",
      `${formatCount(refetches)} GETs of blobs by a client that had fetched the blob before (${formatShare(refetches / clientBlobGets)})`,
    ]);
  const shares = new Map(manifests.topShares);
  const longer = blobs.topShares.length >= manifests.topShares.length ? blobs : manifests;
  const blobShares = new Map(blobs.topShares);
  return {
    title: "Popularity",
    facts,
    tables: [
      {
        head: ["most fetched", "of blobs", "of manifests"],
        textColumns: 1,
        rows: longer.topShares.map(([rank]) => [
          formatCount(rank),
          formatShare(blobShares.get(rank) ?? null),
          formatShare(shares.get(rank) ?? null),
        ]),
      },
    ],
  };
}

function correlationPart({ correlation }: TraceDescription): InfoPart {
  const title = "What follows what";
  if (correlation === null) return { title, facts: [["", "the trace has no times"]], tables: [] };
  const { layerGets, afterManifest, puts, followedPuts, followedAfterSeconds } = correlation;
  const of = (part: number, whole: number): string =>
    `${formatCount(part)} of ${formatCount(whole)}${whole === 0 ? "" : ` (${formatShare(part / whole)})`}`;
  const after =
    followedAfterSeconds === null ? "" : `, half of them within ${seconds(followedAfterSeconds)}`;
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

function warmupPart({ warmup }: TraceDescription): InfoPart {
  const { identity, largest } = warmup;
  const pushed = ({ objects, bytes: sum }: { objects: number; bytes: number }): string =>
    `${formatCount(objects)} objects, ${formatBytes(sum)}`;
  return {
    title: "Warm-up",
    facts: [
      ["distinct URIs", formatCount(warmup.uris)],
      ["identity: uri", pushed(identity.uri)],
      ["identity: digest", pushed(identity.digest)],
      ["largest", largest === null ? "-" : `${formatBytes(largest.bytes)}, ${largest.uri}`],
      ["without a size", formatCount(warmup.sizeless)],
      ["below 4 bytes", formatCount(warmup.below4Bytes)],
      [
        "small manifests",
        `${formatCount(warmup.belowManifestFloor)} below ${warmup.manifestFloor} bytes, the smallest that can be made`,
      ],
    ],
    tables: [],
  };
}

function agentsPart({ agents }: TraceDescription): InfoPart {
  return {
    title: "User agents",
    facts: [
      ["products", formatCount(agents.distinct)],
      ["without", `${formatCount(agents.without)} records (${formatShare(agents.shareWithout)})`],
    ],
    tables: [
      {
        head: ["product", "records"],
        textColumns: 1,
        rows: agents.products
          .slice(0, SHOWN_AGENTS)
          .map(({ key, records }) => [key, formatCount(records)]),
      },
    ],
  };
}
