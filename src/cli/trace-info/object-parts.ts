// The parts about what is asked for, and by whom.
import { formatBytes, formatCount, formatShare } from "../../report/number-format.ts";
import type { TraceDescription } from "../../trace/info/describe-trace.ts";
import type { Popularity } from "../../trace/info/popularity.ts";
import type { RankedKey } from "../../trace/info/ranked-keys.ts";
import { bytesText, type InfoPart, type InfoTable, quantileCells } from "./info-part.ts";

const SHOWN_AGENTS = 12;

export function requestsPart({ requests }: TraceDescription): InfoPart {
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
      rows: keys.map(({ key, records, bytes: moved }) => [
        key,
        formatCount(records),
        formatBytes(moved),
      ]),
    },
  ];
}

export function distinctPart({ distinct }: TraceDescription): InfoPart {
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

export const sizesPart = ({ sizes }: TraceDescription): InfoPart => ({
  title: "Sizes",
  facts: sizes.length === 0 ? [["", "the trace has no sizes"]] : [],
  tables: [
    {
      head: ["method", "kind", "records", ...sizePoints, "sum", "distinct", "< 1 MB", "< 10 MB"],
      textColumns: 2,
      rows: sizes.map((group) => [
        group.method,
        group.kind,
        formatCount(group.records),
        ...quantileCells(group.quantiles, sizePoints, bytesText),
        formatBytes(group.sum),
        formatBytes(group.distinctBytes),
        formatShare(group.below1MB),
        formatShare(group.below10MB),
      ]),
    },
  ],
});

export function popularityPart({ popularity }: TraceDescription): InfoPart {
  const { blobs, manifests, reference, clientBlobGets, refetches } = popularity;
  const once = ({ once: share, objects }: Popularity): string =>
    objects === 0
      ? "none fetched"
      : `${formatCount(objects)} fetched, ${formatShare(share)} of them once`;
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

export function warmupPart({ warmup }: TraceDescription): InfoPart {
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

export function agentsPart({ agents }: TraceDescription): InfoPart {
  return {
    title: "User agents",
    facts: [
      ["products", formatCount(agents.distinct)],
      ["without", `${formatCount(agents.without)} records (${formatShare(agents.shareWithout)})`],
      ...(agents.distinct > SHOWN_AGENTS
        ? ([
            ["not shown", `${formatCount(agents.distinct - SHOWN_AGENTS)} products (see --json)`],
          ] as const)
        : []),
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
