// A trace in the native format for benches of reading: records in random order of time, uris out of a known number.
import { closeSync, openSync, writeSync } from "node:fs";
import { type Random, random } from "../src/core/random.ts";
import { UriMapWriter } from "../src/trace/uri-map-writer.ts";

const START = Date.UTC(2017, 5, 20);
const DAY_MS = 86_400_000;
const URIS = 20_000;
const BATCH = 1000;
const PING = "v2";

/** What every reader must find. */
export type TraceContent = { readonly records: number; readonly sizes: number };

/** `order`: times rise from record to record, or have nothing to do with it, as in published traces. */
type TracePlan = {
  readonly path: string;
  readonly bytes: number;
  readonly order: "rising" | "random";
};

/** Writes seven blobs to three pings, with a few escaped user agents. */
export function writeNativeTrace({ path, bytes, order }: TracePlan): TraceContent {
  const draw = random("trace-read");
  const uris = uriNames();
  const file = openSync(path, "w");
  let written = 0;
  let records = 0;
  let sizes = 0;
  while (written < bytes) {
    let text = "";
    for (let i = 0; i < BATCH; i++, records++) {
      const uri = draw.integer(10) < 3 ? PING : (uris[draw.integer(URIS)] ?? PING);
      const size = uri === PING ? 0 : 1 + draw.integer(100_000_000);
      const ms = order === "rising" ? records : draw.integer(DAY_MS);
      text += `,${recordText(draw, { uri, size, ms })}`;
      sizes += size;
    }
    // The first record has nothing in front of it but the bracket.
    written += writeSync(file, written === 0 ? `[${text.slice(1)}` : text);
  }
  writeSync(file, "]");
  closeSync(file);
  return { records, sizes };
}

/** `ms` since the start of the trace. */
function recordText(
  draw: Random,
  { uri, size, ms }: { readonly uri: string; readonly size: number; readonly ms: number },
): string {
  const hex = (): string =>
    draw
      .integer(2 ** 32)
      .toString(16)
      .padStart(8, "0");
  const system = draw.integer(4) === 0 ? "\\(linux\\)" : "linux";
  return JSON.stringify({
    host: hex(),
    "http.request.duration": draw.integer(4_000_000_000) / 1e9,
    "http.request.method": "GET",
    "http.request.remoteaddr": hex(),
    "http.request.uri": uri,
    "http.request.useragent": `docker/17.03.1-ce go/go1.7.5 git-commit/${hex()} kernel/4.4.0-78-generic os/linux arch/amd64 UpstreamClient(Docker-Client/17.03.1-ce ${system})`,
    "http.response.status": 200,
    "http.response.written": size,
    id: `${hex()}00`,
    timestamp: new Date(START + ms).toISOString(),
  });
}

/** A map with all uris of such a trace. */
export function writeNativeMap(path: string): void {
  const writer = new UriMapWriter(path);
  const digest = Buffer.alloc(32, 7);
  for (const uri of uriNames()) writer.add(Buffer.from(uri), digest);
  writer.close();
}

const uriNames = (): string[] =>
  Array.from({ length: URIS }, (_, number) => {
    const name = (Math.imul(number + 1, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0");
    return `v2/64431afe/${name}/blobs/${name}`;
  });
