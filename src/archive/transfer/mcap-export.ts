import { type FileHandle, open } from "node:fs/promises";
import { extname } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { McapWriter } from "@mcap/core";
import type { ArchiveEvent, ArchiveItem, Gap } from "../event.ts";
import { CHANNELS_MAX, dataOf, GAP, PROFILE } from "./mcap-layout.ts";

const SEQUENCES = 2 ** 32;

type Channel = { readonly file: McapFile; readonly channel: number };

/** Writes one MCAP file, and more beside it where there are too many paths for one: `name-001.mcap` and so on. */
export class McapExport {
  readonly #path: string;
  readonly #channels = new Map<string, Channel>();
  #files: McapFile[] = [];
  #sequence = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Paths of the files so far. */
  get paths(): readonly string[] {
    return this.#files.map(({ path }) => path);
  }

  async add(item: ArchiveItem): Promise<void> {
    if (item.kind === "gap") return this.#gap(item);
    for (const event of item.events) await this.#event(event, item.stamp);
  }

  async close(): Promise<void> {
    if (this.#files.length === 0) await this.#newFile();
    for (const file of this.#files) await file.end();
  }

  async #gap({ from, to, dropped, why }: Gap): Promise<void> {
    const data = Buffer.from(JSON.stringify({ from, to, dropped, why }));
    await this.#message(await this.#channelOf(GAP, "gap"), { stamp: from, data });
  }

  async #event(event: ArchiveEvent, stamp: number): Promise<void> {
    const data = dataOf(event);
    await this.#message(await this.#channelOf(event.path, event.kind), { stamp, data });
  }

  async #message(
    { file, channel }: Channel,
    { stamp, data }: { stamp: number; data: Uint8Array },
  ): Promise<void> {
    const logTime = BigInt(stamp) * 1000n;
    const sequence = this.#sequence;
    await file.writer.addMessage({
      channelId: channel,
      sequence,
      logTime,
      publishTime: logTime,
      data,
    });
    this.#sequence = (sequence + 1) % SEQUENCES;
  }

  async #channelOf(path: string, kind: ArchiveEvent["kind"] | "gap"): Promise<Channel> {
    const key = `${kind} ${path}`;
    const known = this.#channels.get(key);
    if (known !== undefined) return known;
    let file = this.#files.at(-1);
    if (file === undefined || file.channels === CHANNELS_MAX) file = await this.#newFile();
    const made = { file, channel: await file.channel(path, kind) };
    this.#channels.set(key, made);
    return made;
  }

  async #newFile(): Promise<McapFile> {
    const number = this.#files.length;
    const extension = extname(this.#path);
    const stem = this.#path.slice(0, this.#path.length - extension.length);
    const path =
      number === 0 ? this.#path : `${stem}-${String(number).padStart(3, "0")}${extension}`;
    const file = await McapFile.begin(path);
    this.#files.push(file);
    return file;
  }
}

class McapFile {
  readonly path: string;
  readonly writer: McapWriter;
  readonly #handle: FileHandle;
  channels = 0;

  private constructor(path: string, handle: FileHandle, writer: McapWriter) {
    this.path = path;
    this.#handle = handle;
    this.writer = writer;
  }

  static async begin(path: string): Promise<McapFile> {
    const handle = await open(path, "w");
    let position = 0n;
    const writable = {
      position: () => position,
      async write(bytes: Uint8Array): Promise<void> {
        await handle.writeFile(bytes);
        position += BigInt(bytes.length);
      },
    };
    const writer = new McapWriter({
      writable,
      compressChunk: (chunk) => ({ compression: "zstd", compressedData: zstdCompressSync(chunk) }),
    });
    await writer.start({ profile: PROFILE, library: "drayage" });
    return new McapFile(path, handle, writer);
  }

  async channel(path: string, kind: string): Promise<number> {
    this.channels++;
    const isJson = kind === "exchange" || kind === "json" || kind === "gap";
    return this.writer.registerChannel({
      schemaId: 0,
      topic: path,
      messageEncoding: isJson ? "json" : "",
      metadata: new Map([["kind", kind]]),
    });
  }

  async end(): Promise<void> {
    await this.writer.end();
    await this.#handle.close();
  }
}
