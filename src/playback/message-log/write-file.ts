import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, extname } from "node:path";
import { type Micros, micros } from "../../core/units.ts";
import { splitSuffix } from "./log-files.ts";
import { formatHeader, isOneLine, isTypeName } from "./log-header.ts";
import { LogIOError, systemError } from "./log-io-error.ts";
import { formatLine, TICKS_PER_SECOND } from "./log-line.ts";
import { pack } from "./payload.ts";

/** What can be written: the item of a reader, or topic and payload alone. */
export type WriteItem = {
  readonly topic: string;
  /** A value that MessagePack can hold; of a raw log bytes. */
  readonly payload: unknown;
  /** Seconds since the time origin; `receivedAt` wins, and without either it is now. */
  readonly elapsed_time?: number;
};

/** An instant: a date, or whole microseconds since the Unix epoch. */
export type Instant = Date | number;

export type WriteOptions = {
  /** Of the program that writes; free text. */
  readonly revision?: string;
  /** Where elapsed times count from. Default: the first entry. Logs of one directory need the same. */
  readonly timeOrigin?: Instant;
  /** The entry after so many starts a new file. */
  readonly maxEntries?: number;
  /** An entry received so many seconds or more after the first of its file starts a new one. */
  readonly maxTime?: number;
};

/** `stem`: its path without extension. `firstTicks`: elapsed time of its first entry. */
type OpenFile = {
  readonly descriptor: number;
  readonly stem: string;
  readonly firstTicks: number;
};

const MICROS_PER_TICK = 10;
const VERSION = "1.0";

/**
 * Writes a message log. The file is called `.tmp` until it is closed, then `.log`; with a limit the names are `_000`, `_001`,
 * …, and only the first has a header. Every entry is with the operating system when `write` returns.
 *
 * Throws a TypeError for arguments that cannot be, a LogIOError where nothing can be written or would be overwritten.
 */
export class WriteFile {
  readonly #prefix: string;
  readonly #type: string | null;
  readonly #options: WriteOptions;
  readonly #isSplit: boolean;
  #origin: Micros | undefined;
  #file: OpenFile | undefined;
  #entries = 0;
  #files = 0;
  #isClosed = false;

  /** `messageType`: null for plain bytes. */
  constructor(prefix: string, messageType: string | null, options: WriteOptions = {}) {
    checkArguments(prefix, messageType, options);
    this.#prefix = prefix;
    this.#type = messageType;
    this.#options = options;
    this.#isSplit = options.maxEntries !== undefined || options.maxTime !== undefined;
    this.#origin = options.timeOrigin === undefined ? undefined : instant(options.timeOrigin);
    checkPlace(prefix);
    checkFree(prefix);
    checkFree(`${prefix}${splitSuffix(0)}`);
  }

  /** Appends one entry. TypeError for what the format cannot hold, RangeError for a time before the origin. */
  write(item: WriteItem, receivedAt?: Instant): void {
    if (this.#isClosed) throw new TypeError("write: the log is closed");
    const { topic } = item;
    if (typeof topic !== "string" || !isOneLine(topic)) {
      throw new TypeError("topic: must be text without line breaks");
    }
    const line = { topic, payload: this.#packed(item.payload) };
    const ticks = this.#ticksOf(item, receivedAt);
    this.#makeRoom(ticks);
    this.#file ??= this.#open(ticks);
    const { descriptor, stem } = this.#file;
    writeAll(descriptor, formatLine(ticks, line), `${stem}.tmp`);
    this.#entries++;
  }

  /** Gives the last file its name. A log without entries leaves no file. */
  close(): void {
    this.#isClosed = true;
    this.#seal();
  }

  #packed(payload: unknown): Uint8Array {
    if (this.#type !== null) return pack(payload);
    if (payload instanceof Uint8Array) return payload;
    throw new TypeError("payload: must be bytes in a raw log");
  }

  #ticksOf(item: WriteItem, receivedAt: Instant | undefined): number {
    const elapsed = receivedAt === undefined ? item.elapsed_time : undefined;
    if (elapsed !== undefined) {
      const ticks = Math.round(elapsed * TICKS_PER_SECOND);
      if (!(elapsed >= 0) || !Number.isSafeInteger(ticks)) {
        throw new RangeError(`elapsed_time: must be a number of seconds from 0, not ${elapsed}`);
      }
      this.#origin ??= micros(Date.now() * 1000 - ticks * MICROS_PER_TICK);
      return ticks;
    }
    const received = instant(receivedAt ?? new Date());
    this.#origin ??= received;
    if (received < this.#origin) throw new RangeError("receivedAt: lies before the time origin");
    return Math.round((received - this.#origin) / MICROS_PER_TICK);
  }

  #makeRoom(ticks: number): void {
    const { maxEntries = Infinity, maxTime = Infinity } = this.#options;
    if (this.#file === undefined) return;
    const age = (ticks - this.#file.firstTicks) / TICKS_PER_SECOND;
    if (this.#entries >= maxEntries || age >= maxTime) this.#seal();
  }

  #open(ticks: number): OpenFile {
    const stem = this.#isSplit ? `${this.#prefix}${splitSuffix(this.#files)}` : this.#prefix;
    checkFree(stem);
    const descriptor = openNew(`${stem}.tmp`);
    if (this.#files === 0) this.#begin(descriptor, `${stem}.tmp`);
    this.#files++;
    this.#entries = 0;
    return { descriptor, stem, firstTicks: ticks };
  }

  #begin(descriptor: number, file: string): void {
    const { revision = "" } = this.#options;
    const timeOrigin = this.#origin ?? micros(0);
    try {
      const header = formatHeader({ version: VERSION, revision, timeOrigin, type: this.#type });
      writeAll(descriptor, header, file);
    } catch (error) {
      // So that another try finds its place free.
      closeSync(descriptor);
      rmSync(file, { force: true });
      throw error;
    }
  }

  #seal(): void {
    if (this.#file === undefined) return;
    const { descriptor, stem } = this.#file;
    this.#file = undefined;
    closeSync(descriptor);
    nameForGood(stem);
  }
}

/** From `.tmp` to `.log`, over nothing. */
export function nameForGood(stem: string): void {
  const to = `${stem}.log`;
  if (existsSync(to)) throw new LogIOError("EEXIST", `${to}: is there already`, { file: to });
  try {
    renameSync(`${stem}.tmp`, to);
  } catch (error) {
    throw systemError(error, to);
  }
}

function checkArguments(prefix: unknown, type: unknown, options: WriteOptions): void {
  if (typeof prefix !== "string" || prefix === "") throw new TypeError("prefix: must be text");
  if (extname(prefix) !== "") {
    throw new TypeError(`prefix: ${prefix} has an extension, which is the writer's to give`);
  }
  if (type !== null && !(typeof type === "string" && isTypeName(type))) {
    throw new TypeError("messageType: must be a name, or null for a raw log");
  }
  checkOptions(options);
}

function checkOptions({ revision, timeOrigin, maxEntries, maxTime }: WriteOptions): void {
  if (revision !== undefined && !(typeof revision === "string" && isOneLine(revision))) {
    throw new TypeError("revision: must be text without line breaks");
  }
  if (timeOrigin !== undefined) instant(timeOrigin);
  if (maxEntries !== undefined && !(Number.isSafeInteger(maxEntries) && maxEntries > 0)) {
    throw new TypeError("maxEntries: must be a whole number above 0");
  }
  if (maxTime !== undefined && !(Number.isFinite(maxTime) && maxTime > 0)) {
    throw new TypeError("maxTime: must be a number of seconds above 0");
  }
}

/** Before year 10,000, whose dates the header has no digits for. */
const INSTANT_MAX = Date.UTC(10_000, 0) * 1000;

function instant(value: Instant): Micros {
  const time = value instanceof Date ? value.getTime() * 1000 : value;
  if (Number.isSafeInteger(time) && time >= 0 && time < INSTANT_MAX) return micros(time);
  throw new TypeError("time: must be a date from 1970 on, or whole microseconds since then");
}

function checkPlace(prefix: string): void {
  const at = (path: string): boolean =>
    statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  if (at(prefix)) throw new LogIOError("EISDIR", `${prefix}: is a directory`, { file: prefix });
  const directory = dirname(prefix);
  if (at(directory)) return;
  throw new LogIOError("ENOENT", `${directory}: no such directory`, { file: directory });
}

function checkFree(stem: string): void {
  for (const file of [`${stem}.tmp`, `${stem}.log`]) {
    if (existsSync(file)) throw new LogIOError("EEXIST", `${file}: is there already`, { file });
  }
}

function openNew(file: string): number {
  try {
    // Appending: behind a line that was taken back, the next one follows the last that is whole.
    return openSync(file, "ax");
  } catch (error) {
    throw systemError(error, file);
  }
}

function writeAll(descriptor: number, text: string, file: string): void {
  const bytes = Buffer.from(text);
  let at = 0;
  try {
    while (at < bytes.length) at += writeSync(descriptor, bytes, at);
  } catch (error) {
    takeBack(descriptor, at);
    throw systemError(error, file);
  }
}

/** Half a line would spoil the one that is written behind it. Where a disk refuses even this, reading and recovery tell the line. */
function takeBack(descriptor: number, bytes: number): void {
  if (bytes === 0) return;
  try {
    ftruncateSync(descriptor, fstatSync(descriptor).size - bytes);
  } catch {}
}
