import { formatBytes, formatCount } from "../../report/number-format.ts";
import { brokenLines } from "../../trace/account.ts";
import type { TraceDescription } from "../../trace/info/describe-trace.ts";
import type { FileFacts } from "../../trace/info/file-facts.ts";
import type { InfoPart } from "./info-part.ts";
import {
  agentsPart,
  distinctPart,
  popularityPart,
  requestsPart,
  sizesPart,
  warmupPart,
} from "./object-parts.ts";
import { arrivalsPart, correlationPart, durationsPart, ratePart } from "./time-parts.ts";

const SHOWN_FILES = 40;

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
          inOrderText(file),
          formatCount(file.overlaps),
        ]),
      },
    ],
  };
}

function inOrderText({ first, inOrder }: FileFacts): string {
  if (first === null) return "-";
  return inOrder ? "yes" : "no";
}

function accountPart({ account }: TraceDescription): InfoPart {
  const facts: [string, string][] = [
    ["read", formatCount(account.read)],
    ["kept", `${formatCount(account.kept)} by the default filters of a replay`],
    ["folded", `${formatCount(account.folded)} POST and PATCH`],
    ["filtered", counts(account.filtered)],
    ["broken", counts(account.broken)],
    ["defaulted", counts(account.defaulted)],
    ["duplicate ids", formatCount(account.duplicateIds)],
    ["unknown keys", counts(account.extraKeys)],
  ];
  for (const line of brokenLines(account)) facts.push(["", line]);
  return { title: "Accounting", facts, tables: [] };
}

function counts(of: Readonly<Record<string, number>>): string {
  const parts = Object.entries(of).map(([name, count]) => `${name} ${formatCount(count)}`);
  return parts.length === 0 ? "none" : parts.join(", ");
}
