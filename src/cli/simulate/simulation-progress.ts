// A line on standard error that says where a simulation is and how long it will take: rewritten on a terminal; elsewhere a
// line at first after two seconds, then ever more rarely.
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatShare,
} from "../../report/number-format.ts";
import type { Terminal } from "../command.ts";
import type { Phase, ProgressBoard } from "./progress-board.ts";

const FIRST_MS = 2000;
const LOOK_MS = 250;
const PLAIN_MS_MAX = 60_000;
const PLAIN_GROWTH = 1.5;
/** What went by until then says nothing about the rest. */
const FORECAST_MS = 500;

export class SimulationProgress {
  readonly #terminal: Terminal;
  readonly #board: ProgressBoard;
  readonly #rewrites: boolean;
  readonly #timer: NodeJS.Timeout | undefined;
  #phase: Phase = "starting";
  #phaseSince = performance.now();
  #open = false;
  #plainAt: number;
  #plainMs = FIRST_MS;

  constructor(terminal: Terminal, board: ProgressBoard, { quiet }: { quiet: boolean }) {
    this.#terminal = terminal;
    this.#board = board;
    const stream = terminal.err as NodeJS.WritableStream & { isTTY?: boolean };
    this.#rewrites = stream.isTTY === true && terminal.env.CI === undefined;
    this.#plainAt = performance.now() + FIRST_MS;
    if (!quiet) this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** Makes room for text of others. */
  clear(): void {
    if (this.#open) this.#terminal.err.write("\r\u001b[2K");
    this.#open = false;
  }

  end(): void {
    clearInterval(this.#timer);
    this.clear();
  }

  #look(): void {
    const now = performance.now();
    const { phase, done, total } = this.#board.position;
    if (phase !== this.#phase) {
      this.#phase = phase;
      this.#phaseSince = now;
    }
    if (now < this.#plainAt) return;
    const line = progressLine({ phase, done, total, elapsedMs: now - this.#phaseSince });
    if (line === undefined) {
      this.clear();
    } else if (this.#rewrites) {
      this.#open = true;
      this.#terminal.err.write(`\r\u001b[2K${line}`);
    } else {
      this.#terminal.err.write(`${line}\n`);
      this.#plainMs = Math.min(PLAIN_MS_MAX, this.#plainMs * PLAIN_GROWTH);
      this.#plainAt = now + this.#plainMs;
    }
  }
}

/** `undefined` while there is nothing to tell; without an end in sight where a plug-in works on what it was given. */
export function progressLine({
  phase,
  done,
  total,
  elapsedMs,
}: {
  readonly phase: Phase;
  readonly done: number;
  readonly total: number;
  readonly elapsedMs: number;
}): string | undefined {
  if (total <= 0 || phase === "starting") return undefined;
  const left =
    done > 0 && elapsedMs >= FORECAST_MS ? (elapsedMs * (total - done)) / done / 1000 : null;
  const rest = left === null ? "" : `, ${formatDuration(left)} to go`;
  switch (phase) {
    case "reading":
      return done < total
        ? `reading the trace: ${formatBytes(done)} of ${formatBytes(total)}${rest}`
        : "sorting the trace";
    case "simulating":
      return done < total
        ? `simulating: ${formatCount(done)} of ${formatCount(total)} requests${rest}`
        : `simulating: all ${formatCount(total)} requests are handed over`;
    case "afterwards":
      return `simulating again, now that the whole is known: ${formatShare(done / total)}${rest}`;
    default:
      return phase satisfies never;
  }
}
