// One line on standard error that says how far work is which takes its time, and how long it will still take: written over again
// on a terminal; elsewhere a line after two seconds, then ever more rarely; NDJSON; or nothing. It costs a look at the clock.
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatRate,
} from "../../report/number-format.ts";
import type { Terminal } from "../command.ts";
import { chooseUi, rewrites } from "./ui-choice.ts";

const FIRST_MS = 2000;
const FRAME_MS = 250;
const JSON_MS = 1000;
const PLAIN_MS_MAX = 60_000;
const PLAIN_GROWTH = 1.5;
/** What went by until then says nothing about the rest. */
const FORECAST_MS = 500;
const ERASE = "\r\u001b[2K";

export type Progress = {
  /** A word with -ing, and its object: reading the trace. */
  readonly doing: string;
  readonly done: number;
  /** Null where nobody knows. */
  readonly total: number | null;
  /** What is counted: bytes, or a word for many. */
  readonly unit: string;
};

export type ProgressFlags = {
  /** A word of `uiModes`. */
  readonly ui: string;
  readonly quiet?: boolean | undefined;
};

type Form = "line" | "plain" | "json" | "none";

/** Throws UsageError where a live view was asked for and cannot be. */
function formOf({ ui, quiet = false }: ProgressFlags, terminal: Terminal): Form {
  if (quiet) return "none";
  // A line needs no keys, and so no terminal to read from.
  if (ui === "auto") return rewrites(terminal) ? "line" : "plain";
  const choice = chooseUi(ui, terminal);
  return choice === "live" ? "line" : choice;
}

export class ProgressLine {
  readonly #form: Form;
  readonly #err: NodeJS.WritableStream;
  readonly #now: () => number;
  #doing = "";
  #since: number;
  #nextAt: number;
  #plainMs = FIRST_MS;
  #isOpen = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    terminal: Terminal,
    flags: ProgressFlags,
    now: () => number = () => performance.now(),
  ) {
    this.#form = formOf(flags, terminal);
    this.#err = terminal.err;
    this.#now = now;
    this.#since = now();
    this.#nextAt = this.#since + FIRST_MS;
  }

  /** `text` stands for what would be said otherwise. Cheap enough to be called for every piece of a file. */
  show(progress: Progress, text?: string): void {
    if (this.#form === "none") return;
    const now = this.#now();
    if (progress.doing !== this.#doing) {
      this.#doing = progress.doing;
      this.#since = now;
    }
    if (now < this.#nextAt) return;
    const elapsedMs = now - this.#since;
    this.#write(progress, text ?? progressText(progress, elapsedMs), elapsedMs);
    this.#nextAt = now + this.#pauseMs();
  }

  #pauseMs(): number {
    if (this.#form === "line") return FRAME_MS;
    if (this.#form === "json") return JSON_MS;
    this.#plainMs = Math.min(PLAIN_MS_MAX, this.#plainMs * PLAIN_GROWTH);
    return this.#plainMs;
  }

  #write({ doing, done, total, unit }: Progress, text: string, elapsedMs: number): void {
    if (this.#form === "line") {
      this.#isOpen = true;
      this.#err.write(`${ERASE}${text}`);
    } else if (this.#form === "plain") this.#err.write(`${text}\n`);
    else {
      const left = secondsLeft({ done, total }, elapsedMs);
      const at = new Date().toISOString();
      const line = { version: 1, at, type: "work", doing, done, total, unit, left };
      this.#err.write(`${JSON.stringify(line)}\n`);
    }
  }

  /** Looks by itself, for work that lets go of this thread now and then. */
  watch(look: () => Progress | undefined, text?: string): void {
    if (this.#form === "none") return;
    clearInterval(this.#timer);
    this.#timer = setInterval(() => {
      const progress = look();
      if (progress !== undefined) this.show(progress, text);
    }, FRAME_MS);
    this.#timer.unref();
  }

  /** Makes room for text of others. */
  clear(): void {
    if (this.#isOpen) this.#err.write(ERASE);
    this.#isOpen = false;
  }

  end(): void {
    clearInterval(this.#timer);
    this.clear();
  }
}

/** Seconds to the end; null where they cannot be told. */
function secondsLeft(
  { done, total }: Pick<Progress, "done" | "total">,
  elapsedMs: number,
): number | null {
  if (total === null || done <= 0 || elapsedMs < FORECAST_MS) return null;
  return Math.max(0, (elapsedMs * (total - done)) / done / 1000);
}

/** `reading the trace: 1.20GiB of 4.00GiB, 12.0 s to go`, `reading rows: 12,345 rows, 4,100/s`. */
export function progressText(progress: Progress, elapsedMs: number): string {
  const { doing, done, total, unit } = progress;
  const isBytes = unit === "bytes";
  const amount = isBytes ? formatBytes : formatCount;
  if (total === null) {
    const rate = done / Math.max(0.001, elapsedMs / 1000);
    const perSecond = isBytes ? `${formatBytes(rate)}/s` : formatRate(rate);
    return `${doing}: ${amount(done)}${isBytes ? "" : ` ${unit}`}, ${perSecond}`;
  }
  const left = secondsLeft(progress, elapsedMs);
  const rest = left === null ? "" : `, ${formatDuration(left)} to go`;
  return `${doing}: ${amount(done)} of ${amount(total)}${isBytes ? "" : ` ${unit}`}${rest}`;
}
