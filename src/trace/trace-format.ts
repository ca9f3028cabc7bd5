import type { TraceFormat } from "./account.ts";

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const PARQUET_MAGIC = Buffer.from("PAR1");
const OPEN_BRACKET = 91;
const OPEN_BRACE = 123;

/** Bytes at the start of a file that suffice to tell its format. */
export const FORMAT_BYTES: number = 64 << 10;

/** Length of a UTF-8 byte order mark. */
export const markLength = (head: Buffer): number =>
  head.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;

/**
 * The format of a file by its first bytes, behind a byte order mark; `undefined` if it is no trace. An empty file is a
 * trace without records.
 */
export function formatOf(head: Buffer): TraceFormat | undefined {
  if (head.subarray(0, PARQUET_MAGIC.length).equals(PARQUET_MAGIC)) return "parquet";
  let p = 0;
  while (p < head.length && isBlank(head[p] as number)) p++;
  if (p === head.length || head[p] === OPEN_BRACE) return "ndjson";
  if (head[p] === OPEN_BRACKET) return "json";
  const lines = head.toString("utf8", p).split("\n", 2);
  const first = (lines[0] ?? "").trim();
  const isHeader = first.includes("http.request.uri") && first.includes("timestamp");
  if (isHeader && first.includes(",")) return "csv";
  return /^\/?v2(\/\S*)?$/.test(first) ? "uri-list" : undefined;
}

const isBlank = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13);
