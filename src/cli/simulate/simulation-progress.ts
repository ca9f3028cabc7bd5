// Says where a simulation is and how long it will take, from what its thread writes into shared memory.
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatShare,
} from "../../report/number-format.ts";
import type { Terminal } from "../command.ts";
import { type ProgressFlags, ProgressLine } from "../live/progress-line.ts";
import type { Phase, ProgressBoard } from "./progress-board.ts";

const LOOK_MS = 250;
/** What went by until then says nothing about the rest. */
const FORECAST_MS = 500;
const units: Readonly<Record<Phase, string>> = {
  starting: "",
  reading: "bytes",
  simulating: "requests",
  afterwards: "steps",
};

export class SimulationProgress {
  readonly #line: ProgressLine;
  readonly #board: ProgressBoard;
  readonly #timer: NodeJS.Timeout;
  #phase: Phase = "starting";
  #phaseSince = performance.now();

  /** Throws UsageError where a live view was asked for and cannot be. */
  constructor(terminal: Terminal, board: ProgressBoard, flags: ProgressFlags) {
    this.#line = new ProgressLine(terminal, flags);
    this.#board = board;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** Makes room for text of others. */
  clear(): void {
    this.#line.clear();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#line.end();
  }

  #look(): void {
    const now = performance.now();
    const { phase, done, total } = this.#board.position;
    if (phase !== this.#phase) {
      this.#phase = phase;
      this.#phaseSince = now;
    }
    const text = progressLine({ phase, done, total, elapsedMs: now - this.#phaseSince });
    if (text === undefined) this.clear();
    else this.#line.show({ doing: phase, done, total, unit: units[phase] }, text);
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
