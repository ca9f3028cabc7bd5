// The bytes of a backup, unpacked. What packed it is told by its first bytes, never by its name.
//
//   42 5a 68       bzip2: the program lbzip2 or bzip2, which is much faster, or else in JavaScript
//   1f 8b          gzip, any number of members
//   28 b5 2f fd    zstd, any number of frames
//   fd 37 7a 58    xz: refused by name
//   otherwise      plain
import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, closeSync, constants, createReadStream, openSync, readSync } from "node:fs";
import { basename, delimiter, join } from "node:path";
import { pipeline, Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import unbzip2Stream from "@openpgp/unbzip2-stream";
import { invariant, messageOf } from "../../core/errors.ts";
import { ZstdFrames } from "../../trace/zstd-frames.ts";
import { DumpFault } from "./dump-fault.ts";

const READ_BYTES = 1 << 20;
const UNPACKED_BYTES = 256 << 10;
const MAGIC_BYTES = 4;
/** Of what a program says about a damaged file. */
const COMPLAINT_CHARS_MAX = 300;

/** Programs that unpack bzip2 from standard input to standard output, the fastest first. */
const BZIP2_PROGRAMS: readonly string[] = ["lbzip2", "bzip2"];

type Packing = "bzip2" | "gzip" | "zstd" | "none";

/** Pieces of the unpacked file. Throws a DumpFault when it cannot be read, is damaged or is cut off. */
export async function* backupBytes(
  path: string,
  { bzip2Programs = BZIP2_PROGRAMS }: { bzip2Programs?: readonly string[] } = {},
): AsyncGenerator<Buffer> {
  const packing = packingOf(path);
  try {
    yield* unpacked(path, packing, bzip2Programs);
  } catch (error) {
    if (error instanceof DumpFault) throw error;
    throw new DumpFault(faultText(error, packing), { cause: error });
  }
}

function unpacked(
  path: string,
  packing: Packing,
  bzip2Programs: readonly string[],
): AsyncIterable<Buffer> {
  const file = () => createReadStream(path, { highWaterMark: READ_BYTES });
  switch (packing) {
    case "none":
      return file();
    case "gzip":
      return through(file(), createGunzip({ chunkSize: UNPACKED_BYTES }));
    case "zstd":
      return through(framesOf(file()), createZstdDecompress({ chunkSize: UNPACKED_BYTES }));
    case "bzip2": {
      const program = bzip2Programs.map(onPath).find((each) => each !== undefined);
      return program === undefined ? inJavaScript(path) : byProgram(program, path);
    }
    default:
      return packing satisfies never;
  }
}

function packingOf(path: string): Packing {
  const magic = Buffer.alloc(MAGIC_BYTES);
  try {
    const file = openSync(path, "r");
    try {
      readSync(file, magic, 0, MAGIC_BYTES, 0);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new DumpFault(`cannot be read: ${withoutPath(error)}`, { cause: error });
  }
  if (magic.toString("latin1", 0, 3) === "BZh") return "bzip2";
  if (magic.readUInt16BE(0) === 0x1f8b) return "gzip";
  if (magic.readUInt32BE(0) === 0xfd377a58)
    throw new DumpFault("is packed by xz, which is not read: unpack it, or pack it with zstd");
  return magic.readUInt32LE(0) === 0xfd2fb528 ? "zstd" : "none";
}

/** The readable end of a pipeline; an error anywhere in it arrives there. */
function through(source: Readable, unpacking: NodeJS.ReadWriteStream & Readable): Readable {
  pipeline(source, unpacking, () => {});
  return unpacking;
}

/** Node's decompressor loses what follows a frame within the same piece, so pieces end where frames do. */
function framesOf(source: Readable): Readable {
  return Readable.from(
    (async function* () {
      const frames = new ZstdFrames();
      for await (const piece of source as AsyncIterable<Buffer>) {
        for (let at = 0; at < piece.length; ) {
          const length = frames.advance(piece, at);
          if (frames.isForeign)
            throw new DumpFault("is damaged: what follows the zstd data is not zstd");
          yield piece.subarray(at, at + length);
          at += length;
        }
      }
    })(),
  );
}

/** A child process, which runs beside the parser. */
async function* byProgram(program: string, path: string): AsyncGenerator<Buffer> {
  // The program reads the file by itself: its bytes need not pass through here twice.
  const input = openSync(path, "r");
  const child = spawn(program, ["-dc"], { stdio: [input, "pipe", "pipe"] });
  closeSync(input);
  const { stdout, stderr } = child;
  invariant(stdout !== null && stderr !== null, "both outputs are pipes");
  let complaint = "";
  stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = `${complaint}${text}`.slice(0, COMPLAINT_CHARS_MAX);
  });
  const closed = once(child, "close") as Promise<[number | null, string | null]>;
  // A program that cannot be started is heard of while its output is awaited.
  closed.catch(() => undefined);
  try {
    yield* gathered(stdout);
    const [code, signal] = await closed;
    if (code !== 0)
      throw new DumpFault(
        `is damaged or cut off (${basename(program)}: ${reasonOf(complaint, signal)})`,
      );
  } finally {
    if (child.exitCode === null) child.kill("SIGKILL");
    await closed.catch(() => undefined);
  }
}

/**
 * Pieces of a useful size. bzip2 writes 5,000 bytes at a time, and each of them by itself would cost more than its parsing;
 * the stream rests while a gathered piece is worked on.
 */
async function* gathered(source: Readable): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let bytes = 0;
  let ended = false;
  let wake = (): void => {};
  source.on("data", (piece: Buffer) => {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes < UNPACKED_BYTES) return;
    source.pause();
    wake();
  });
  source.once("close", () => {
    ended = true;
    wake();
  });
  try {
    while (!ended || bytes > 0) {
      if (bytes < UNPACKED_BYTES && !ended)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      const piece = Buffer.concat(pieces, bytes);
      pieces = [];
      bytes = 0;
      source.resume();
      yield piece;
    }
  } finally {
    // Whoever stops early leaves it full and resting: it would never end, and neither would the program behind it.
    source.destroy();
  }
}

/** The line that says what is wrong; bzip2 adds advice before and after it. */
function reasonOf(complaint: string, signal: string | null): string {
  const lines = complaint.split("\n").map((line) => line.trim());
  const line = lines.find((each) => each.includes(": ")) ?? lines.find((each) => each !== "");
  return (
    line?.replace(/^\S*bzip2: /, "").replace(/[;,.]$/, "") ?? `it ended by ${signal ?? "an error"}`
  );
}

/** Slow, 5 MB/s, but needs nothing. */
async function* inJavaScript(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: READ_BYTES });
  const input = Readable.toWeb(file) as ReadableStream<Uint8Array>;
  try {
    for await (const piece of unbzip2Stream(input)) yield Buffer.from(piece.buffer);
  } finally {
    file.destroy();
  }
}

function onPath(program: string): string | undefined {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder of PATH; the next one may have it.
    }
  }
  return undefined;
}

/** Reasons stand in manifests, which name no files: `EACCES: permission denied`, without `, open '/backups/...'`. */
const withoutPath = (error: unknown): string => messageOf(error).replace(/, [a-z]+ '.*'$/s, "");

function faultText(error: unknown, packing: Packing): string {
  if (packing === "none") return `cannot be read: ${withoutPath(error)}`;
  // The decoder reads on behind the end of its input and finds nothing there.
  const cut =
    error instanceof TypeError ||
    (error instanceof Error && "code" in error && error.code === "Z_BUF_ERROR");
  return cut
    ? `is cut off: its ${packing} data end too early`
    : `is damaged: its ${packing} data are broken (${messageOf(error)})`;
}
