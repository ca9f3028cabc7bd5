import { statSync } from "node:fs";
import { UsageError } from "../../core/errors.ts";
import { backupBytes } from "../machines/backup-bytes.ts";
import { DumpFault } from "../machines/dump-fault.ts";
import { TagTable } from "../masking/tag-table.ts";
import { ValueTag } from "../masking/value-tag.ts";
import type { NativeTrace } from "../output/native-trace.ts";
import type { SourceReport } from "../row-sink.ts";
import { EntryMask, type EntryMaskPlan } from "./entry-mask.ts";
import { before, type LogEntry, type LogTime } from "./log-entry.ts";
import { formatOfLine, type LogFormat, type LogReader } from "./log-format.ts";
import { logLines } from "./log-lines.ts";

export type RegistryLogPlan = EntryMaskPlan & {
  readonly inputs: readonly string[];
  /** Gets what to ask for the lines read so far, when reading begins. */
  readonly reading?: ((lines: () => number) => void) | undefined;
  readonly format: LogFormat | "auto";
  /** Requests of an input that is an archive of the recorder, as lines; undefined for logs. */
  readonly archived: (input: string) => AsyncIterable<string> | undefined;
  readonly reader: (format: LogFormat) => LogReader;
  readonly timeIs: "start" | "end" | undefined;
  /** Records of one second are placed evenly within it. */
  readonly spread: boolean;
  readonly dedupe: boolean;
  readonly strict: boolean;
  /** Which statuses are kept; all if there is none. */
  readonly keepsStatus: (status: number) => boolean;
  readonly notice: (line: string) => void;
};

const NS_PER_SECOND = 1e9;
const US_PER_SECOND = 1e6;
const MALFORMED_SHOWN = 3;
/** Lines of one second that wait for their places within it. */
const SPREAD_MAX = 1_000_000;

/** Reads logs into a trace and says what it read. */
export async function extractRegistryLog(
  plan: RegistryLogPlan,
  trace: NativeTrace,
): Promise<SourceReport> {
  for (const path of plan.inputs) if (plan.archived(path) === undefined) refuseMissing(path);
  const extraction = new Extraction(plan, trace);
  plan.reading?.(() => extraction.lines);
  for (const [at, path] of plan.inputs.entries()) await extraction.file(path, at + 1);
  return extraction.report();
}

/** A name that was mistyped is no damaged input. */
function refuseMissing(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true)
    throw new UsageError(
      `${path} is no file: name the logs, or quote no pattern that the shell should fill in`,
    );
}

/** What logrus writes unless it is told to write JSON: `time="..." level=info msg="..."`. */
const TEXT_LOG = /^time="?\S+"? level=\w+ /;

const whyUnknown = (line: string): string =>
  TEXT_LOG.test(line)
    ? "is in distribution's text format: set log.formatter: json in the registry's configuration"
    : "is in no known format";

/** A time without a duration is no better than a second either, but has a place within it. */
const isWholeSecond = ({ quality, time }: LogEntry): boolean =>
  quality === "second" && time.us % US_PER_SECOND === 0;

/** Logs of Windows end their lines with CR LF. */
const withoutReturn = (line: string | undefined): string | undefined =>
  line?.endsWith("\r") === true ? line.slice(0, -1) : line;

async function* singly(lines: AsyncIterable<string>): AsyncGenerator<readonly string[]> {
  for await (const line of lines) yield [line];
}

class Extraction {
  readonly #plan: RegistryLogPlan;
  readonly #trace: NativeTrace;
  readonly #mask: EntryMask;
  readonly #seen = new TagTable();
  readonly #tag = new ValueTag();
  readonly #dropped = new Map<string, number>();
  readonly #malformed: string[] = [];
  readonly #warnings = new Set<string>();
  readonly #formats = new Set<string>();
  #malformedCount = 0;
  #lines = 0;
  #skippedFiles = 0;
  #second: LogEntry[] = [];

  constructor(plan: RegistryLogPlan, trace: NativeTrace) {
    this.#plan = plan;
    this.#trace = trace;
    this.#mask = new EntryMask(plan, trace.distinct);
  }

  /** Read so far. */
  get lines(): number {
    return this.#lines;
  }

  /** Warnings go into the manifest, so they name inputs by number. */
  async file(path: string, input: number): Promise<void> {
    const { format } = this.#plan;
    const archived = this.#plan.archived(path);
    const known = archived === undefined ? format : "archive";
    let reader = known === "auto" ? undefined : this.#plan.reader(known);
    let number = 0;
    try {
      for await (const lines of archived === undefined
        ? logLines(backupBytes(path))
        : singly(archived)) {
        for (const ended of lines) {
          const line = withoutReturn(ended);
          number++;
          if (line === "") continue;
          this.#lines++;
          reader ??= this.#chosenReader(line);
          this.#line(line, { reader, place: `line ${number} of input ${input}` });
        }
      }
    } catch (error) {
      if (!(error instanceof DumpFault)) throw error;
      this.#skipRest(error, { path, input });
    }
    this.#flushSecond(reader);
    if (reader === undefined && number > 0)
      this.#warn(`input ${input} has no line of a known format`);
  }

  report(): SourceReport {
    const unread = this.#malformedCount;
    if (unread > 0) {
      const lines = unread === 1 ? "1 line" : `${unread} lines`;
      this.#warn(`${lines} could not be read: ${this.#malformed.join("; ")}`);
    }
    if (this.#formats.has("distribution"))
      this.#warn(
        "authentication round trips are not in this source: distribution does not log 401 answers",
      );
    return {
      kind: "registry-log",
      facts: { formats: [...this.#formats], files: this.#plan.inputs.length },
      rowsRead: this.#lines,
      dropped: Object.fromEntries(this.#dropped),
      warnings: [...this.#warnings],
      partial: this.#malformedCount > 0 || this.#skippedFiles > 0,
    };
  }

  #warn(text: string): void {
    this.#warnings.add(text);
  }

  #drop(reason: string): void {
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + 1);
  }

  #skipRest(fault: DumpFault, { path, input }: { path: string; input: number }): void {
    const text = `${path} ${fault.message}`;
    if (this.#plan.strict) throw new UsageError(`${text} (--strict)`, { cause: fault });
    this.#skippedFiles++;
    this.#plan.notice(`warning: ${text}; what could be read of it is kept`);
    this.#warn(`input ${input} ${fault.message}`);
  }

  #chosenReader(line: string | undefined): LogReader | undefined {
    const format = line === undefined ? undefined : formatOfLine(line);
    return format === undefined ? undefined : this.#plan.reader(format);
  }

  #line(
    line: string | undefined,
    { reader, place }: { reader: LogReader | undefined; place: string },
  ): void {
    if (line === undefined || reader === undefined) {
      this.#refuse(place, line === undefined ? "is too long" : whyUnknown(line));
      return;
    }
    const result = reader.read(line);
    switch (result.kind) {
      case "entry":
        this.#formats.add(reader.format);
        this.#entry(result.entry, reader);
        break;
      case "other":
        this.#drop(result.reason);
        break;
      case "malformed":
        this.#refuse(place, result.why);
        break;
      default:
        result satisfies never;
    }
  }

  #refuse(place: string, why: string): void {
    if (this.#plan.strict) throw new UsageError(`${place} ${why} (--strict)`);
    this.#malformedCount++;
    this.#drop("malformed");
    if (this.#malformed.length < MALFORMED_SHOWN) this.#malformed.push(`${place} ${why}`);
  }

  #entry(entry: LogEntry, reader: LogReader): void {
    const { keepsStatus, dedupe, spread } = this.#plan;
    if (!keepsStatus(entry.status)) this.#drop("status");
    else if (dedupe && this.#isRepeated(entry.requestId)) this.#drop("duplicate request id");
    else if (spread && isWholeSecond(entry)) this.#wait(entry, reader);
    else this.#emit(entry, { reader, time: entry.time });
  }

  /** Until the next second begins: only then it is known how many records share this one. */
  #wait(entry: LogEntry, reader: LogReader): void {
    const [waiting] = this.#second;
    const isNext = waiting !== undefined && waiting.time.us !== entry.time.us;
    if (isNext || this.#second.length >= SPREAD_MAX) this.#flushSecond(reader);
    this.#second.push(entry);
  }

  /** Places the records of one second evenly in it, in the order of the file. */
  #flushSecond(reader: LogReader | undefined): void {
    const entries = this.#second;
    this.#second = [];
    if (reader === undefined) return;
    for (const [place, entry] of entries.entries()) {
      const ns = Math.floor((place * NS_PER_SECOND) / entries.length);
      const time = { us: entry.time.us + Math.floor(ns / 1000), ns: ns % 1000 };
      this.#emit(entry, { reader, time });
    }
  }

  #isRepeated(id: string | undefined): boolean {
    if (id === undefined) return false;
    const { high, low } = this.#tag.of(id, 0);
    if (this.#seen.has(high, low)) return true;
    this.#seen.claim(high, low);
    return false;
  }

  #emit(entry: LogEntry, { reader, time }: { reader: LogReader; time: LogTime }): void {
    const isEnd = (this.#plan.timeIs ?? reader.timeIs) === "end";
    const arrival = isEnd ? before(time, entry.durationNs ?? 0) : time;
    const request = this.#mask.request(entry, arrival);
    if (request === undefined) this.#drop("not of the registry API");
    else this.#trace.add(request);
  }
}
