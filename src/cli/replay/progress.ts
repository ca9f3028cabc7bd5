// Progress on standard error: one line that is rewritten on a terminal; elsewhere a line every 10 s, slowing down to one a
// minute, so that a log of hours stays readable.
import { formatBytes, formatCount } from "../../report/number-format.ts";
import type { SeriesPoint } from "../../report/timeseries.ts";
import type { Terminal } from "../command.ts";

const PLAIN_FIRST_S = 10;
const PLAIN_LAST_S = 60;
const PLAIN_GROWTH = 1.5;

export class Progress {
  readonly #terminal: Terminal;
  readonly #rewrites: boolean;
  readonly #quiet: boolean;
  #done = 0;
  #failed = 0;
  #bytes = 0;
  #nextAt = PLAIN_FIRST_S;
  #step = PLAIN_FIRST_S;
  #open = false;

  constructor(terminal: Terminal, { quiet }: { quiet: boolean }) {
    this.#terminal = terminal;
    this.#quiet = quiet;
    const stream = terminal.err as NodeJS.WritableStream & { isTTY?: boolean };
    this.#rewrites = stream.isTTY === true && terminal.env.CI === undefined;
  }

  /** A line that stays: what happens next, a warning. */
  say(line: string): void {
    this.#closeLine();
    if (!this.#quiet) this.#terminal.err.write(`${line}\n`);
  }

  /** Reading the trace, in share of its bytes. */
  reading(bytes: number, total: number): void {
    if (this.#rewrites && !this.#quiet)
      this.#rewrite(`reading the trace: ${formatBytes(bytes)} of ${formatBytes(total)}`);
  }

  interval(point: SeriesPoint): void {
    this.#done += point.done;
    this.#failed += point.failed;
    this.#bytes += point.bytesIn + point.bytesOut;
    if (this.#quiet) return;
    const line = this.#lineOf(point);
    if (this.#rewrites) {
      this.#rewrite(line);
      return;
    }
    const now = point.second + point.length;
    if (now < this.#nextAt) return;
    this.#terminal.err.write(`${line}\n`);
    this.#step = Math.min(PLAIN_LAST_S, this.#step * PLAIN_GROWTH);
    this.#nextAt = now + this.#step;
  }

  #lineOf(point: SeriesPoint): string {
    const seconds = Math.round(point.second + point.length);
    const rate = Math.round(point.done / Math.max(point.length, 1e-3));
    const failed = this.#failed === 0 ? "" : `, ${formatCount(this.#failed)} failed`;
    const late =
      point.latenessP99 === null ? "" : `, lateness p99 ${point.latenessP99.toFixed(2)} ms`;
    return `${seconds} s: ${formatCount(this.#done)} done${failed}, ${rate}/s, ${point.inFlight} in flight, ${formatBytes(this.#bytes)}${late}`;
  }

  #rewrite(line: string): void {
    this.#open = true;
    this.#terminal.err.write(`\r\u001b[2K${line}`);
  }

  #closeLine(): void {
    if (this.#open) this.#terminal.err.write("\n");
    this.#open = false;
  }

  end(): void {
    this.#closeLine();
  }
}
