import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { ArchiveItem } from "../../src/archive/event.ts";
import { decodeExchange, type HttpExchange } from "../../src/archive/exchange.ts";
import { micros, millis } from "../../src/core/units.ts";
import { BatchQueue } from "../../src/record/batch-queue.ts";
import type { RecordingProxyOptions } from "../../src/record/proxy/proxy-options.ts";
import { RecordingProxy } from "../../src/record/proxy/recording-proxy.ts";
import { archiveFolder, itemsOf, openReader, openWriter } from "./archive-folder.ts";

export type ProxyArchive = {
  readonly directory: string;
  readonly proxy: RecordingProxy;
  /** Stops both; gives every byte of the archive's files, and what a reader finds. */
  close(): Promise<{
    readonly archived: Buffer;
    readonly exchanges: HttpExchange[];
    readonly items: ArchiveItem[];
  }>;
};

/** A proxy that writes a real archive, uncoded, so that its bytes can be searched. */
export async function startProxyArchive(
  t: TestContext,
  upstream: string,
  more: Partial<RecordingProxyOptions> = {},
): Promise<ProxyArchive> {
  const directory = archiveFolder(t);
  const { writer } = await openWriter(t, { directory, codec: "none", flushInterval: millis(0) });
  const queue = new BatchQueue({
    store: writer,
    slack: 100,
    now: () => micros(Date.now() * 1000),
    onRefused: (error) => t.diagnostic(String(error)),
  });
  const proxy = await RecordingProxy.start(
    { listen: { host: "127.0.0.1", port: 0 }, upstream, ...more },
    queue.sink("drop"),
  );
  t.after(() => proxy.close());
  const close = async () => {
    await proxy.close();
    await queue.drain();
    await writer.close();
    const files = readdirSync(directory).map((name) => readFileSync(join(directory, name)));
    const items = await itemsOf(await openReader(t, directory));
    const events = items.flatMap((item) => (item.kind === "batch" ? item.events : []));
    const exchanges = events.flatMap((event) =>
      event.kind === "exchange" ? (decodeExchange(event.json) ?? []) : [],
    );
    return { archived: Buffer.concat(files), exchanges, items };
  };
  return { directory, proxy, close };
}
