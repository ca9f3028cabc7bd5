import { createHash } from "node:crypto";
import { type IncomingHttpHeaders, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { TestContext } from "node:test";
import type { ArchiveEvent } from "../../../src/archive/event.ts";
import { decodeExchange, type HttpExchange } from "../../../src/archive/exchange.ts";
import type { RecordingProxyOptions } from "../../../src/record/proxy/proxy-options.ts";
import { RecordingProxy } from "../../../src/record/proxy/recording-proxy.ts";

/** A proxy whose batches stay in memory. */
export type RecordedProxy = {
  readonly proxy: RecordingProxy;
  readonly events: readonly ArchiveEvent[];
  exchanges(): HttpExchange[];
  /** JSON texts by path, as an image of the archive would have them. */
  image(): Record<string, unknown>;
};

export async function startRecordedProxy(
  t: TestContext,
  upstream: string,
  options: Partial<RecordingProxyOptions> = {},
): Promise<RecordedProxy> {
  const events: ArchiveEvent[] = [];
  const proxy = await RecordingProxy.start(
    { listen: { host: "127.0.0.1", port: 0 }, upstream, ...options },
    { offer: (batch) => void events.push(...batch), lostBatches: 0, lost: () => undefined },
  );
  t.after(() => proxy.close());
  return {
    proxy,
    events,
    exchanges: () => exchangesOf(events),
    image: () => imageOf(events),
  };
}

export const exchangesOf = (events: readonly ArchiveEvent[]): HttpExchange[] =>
  events.flatMap((event) => (event.kind === "exchange" ? (decodeExchange(event.json) ?? []) : []));

function imageOf(events: readonly ArchiveEvent[]): Record<string, unknown> {
  const image: Record<string, unknown> = {};
  for (const event of events) {
    if (event.kind === "json") image[event.path] = JSON.parse(Buffer.from(event.json).toString());
    if (event.kind === "removed") delete image[event.path];
  }
  return image;
}

export type Asked = {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Pieces are sent chunked. */
  readonly body?: Buffer | readonly Buffer[];
  readonly ca?: string | undefined;
};

export type Answered = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The body broke off. */
  readonly isTorn: boolean;
};

/** One request on a connection of its own. */
export function ask(origin: string, { method = "GET", path, headers, body, ca }: Asked) {
  return new Promise<Answered>((resolve, reject) => {
    const begin = origin.startsWith("https:") ? requestHttps : requestHttp;
    const url = new URL(path, origin);
    const asked = begin(url, { method, headers: { ...headers }, agent: false, ...(ca && { ca }) });
    asked.once("error", reject);
    asked.once("response", (answer) => {
      const pieces: Buffer[] = [];
      answer.on("data", (piece: Buffer) => pieces.push(piece));
      answer.once("error", () => undefined);
      answer.once("close", () => {
        const { statusCode: status = 0, headers: got, complete } = answer;
        resolve({ status, headers: got, body: Buffer.concat(pieces), isTorn: !complete });
      });
    });
    if (body === undefined || Buffer.isBuffer(body)) {
      if (body !== undefined) asked.setHeader("content-length", body.length);
      asked.end(body);
      return;
    }
    for (const piece of body) asked.write(piece);
    asked.end();
  });
}

export const digestOf = (content: Buffer): string =>
  `sha256:${createHash("sha256").update(content).digest("hex")}`;

/** Pushes one blob in two chunks; gives the addresses that answers named on the way. */
export async function pushInChunks(
  origin: string,
  { name, content }: { readonly name: string; readonly content: Buffer },
): Promise<{ readonly locations: string[]; readonly status: number }> {
  const opened = await ask(origin, { method: "POST", path: `/v2/${name}/blobs/uploads/` });
  const first = opened.headers.location ?? "";
  const half = content.length >> 1;
  const patched = await ask(origin, {
    method: "PATCH",
    path: first,
    headers: { "content-type": "application/octet-stream" },
    body: [content.subarray(0, half), content.subarray(half)],
  });
  const second = patched.headers.location ?? "";
  const last = new URL(second, origin);
  last.searchParams.set("digest", digestOf(content));
  const put = await ask(origin, { method: "PUT", path: last.href, body: Buffer.alloc(0) });
  const locations = [first, second, put.headers.location ?? ""];
  return { locations, status: put.status };
}

/** Waits until so many exchanges are over. */
export async function ended({ proxy }: RecordedProxy, count: number): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (proxy.state().exchanges < count) {
    if (performance.now() > deadline) throw new Error(`${proxy.state().exchanges} of ${count}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
