import { createWriteStream, type WriteStream } from "node:fs";
import { goDuration } from "./go-duration.ts";
import type { Call } from "./registry.ts";

/** Lines are gathered for this long or up to this many characters, then written at once. */
const FLUSH_MS = 100;
const FLUSH_CHARACTERS = 65_536;
/** A disk that cannot keep up loses lines beyond this much waiting; they are counted. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;

/** `--access-log`: one JSON line per request in the field names of CNCF distribution, so that its readers can read it. */
export class AccessLog {
  readonly #file: WriteStream;
  #gathered = "";
  #lines = 0;
  #timer: NodeJS.Timeout | undefined;
  #lost = 0;
  /** What was handed to the disk last has reached it, or is counted as lost. */
  #settled: Promise<void> = Promise.resolve();

  private constructor(file: WriteStream) {
    this.#file = file;
  }

  /** Appends to the file. Rejects when it cannot be opened. */
  static open(path: string): Promise<AccessLog> {
    return new Promise((resolve, reject) => {
      const file = createWriteStream(path, { flags: "a" });
      file.once("error", reject);
      file.once("open", () => {
        file.off("error", reject);
        // Whoever writes counts what was lost.
        file.on("error", () => {});
        resolve(new AccessLog(file));
      });
    });
  }

  /** Lines that did not reach the file. */
  get lost(): number {
    return this.#lost;
  }

  /** `durationNs` from the request's head to the end of the answer; `status` 0 = the client got none. */
  record(call: Call, done: { status: number; durationNs: number; writtenBytes: number }): void {
    if (this.#file.writableLength > WAITING_BYTES_MAX) {
      this.#lost++;
      return;
    }
    this.#gathered += `${lineOf(call, done)}\n`;
    this.#lines++;
    if (this.#gathered.length >= FLUSH_CHARACTERS) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS).unref();
  }

  /** `lost` is complete afterwards. */
  async close(): Promise<void> {
    this.#flush();
    if (!this.#file.closed) await new Promise<void>((resolve) => this.#file.end(() => resolve()));
    await this.#settled;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = this.#lines;
    if (lines === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#settled = promise;
    this.#file.write(this.#gathered, (error) => {
      if (error) this.#lost += lines;
      resolve();
    });
    this.#gathered = "";
    this.#lines = 0;
  }
}

function lineOf(
  call: Call,
  done: { status: number; durationNs: number; writtenBytes: number },
): string {
  const { request, route } = call;
  const isGood = done.status > 0 && done.status < 400;
  const { socket, headers } = request;
  return JSON.stringify({
    "err.message": call.trouble,
    "http.request.contenttype": headers["content-type"],
    "http.request.host": headers.host,
    "http.request.id": crypto.randomUUID(),
    "http.request.method": request.method,
    "http.request.remoteaddr": `${socket.remoteAddress}:${socket.remotePort}`,
    "http.request.uri": request.url,
    "http.request.useragent": headers["user-agent"],
    "http.response.duration": goDuration(done.durationNs),
    "http.response.status": done.status,
    "http.response.written": done.writtenBytes,
    level: isGood ? "info" : "error",
    msg: isGood ? "response completed" : "response completed with error",
    time: new Date().toISOString(),
    "vars.name": route.name === "" ? undefined : route.name,
    "vars.reference": route.reference === "" ? undefined : route.reference,
  });
}
