// Where the tally and the log of a pull test go: files of their own, standard output, and the run directory.
import { closeSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { DrayageError, messageOf, UsageError } from "../../core/errors.ts";
import { makeFolder } from "../../core/folder.ts";
import { OrderedLines } from "../../pull/ordered-lines.ts";
import type { Terminal } from "../command.ts";
import type { PullGiven } from "./pull-options.ts";

/** A file that is begun anew, below directories that are made; or standard output. */
class Output {
  readonly isTerminal: boolean;
  /** Standard output may be the terminal that a live view has: it makes room. */
  above: (write: () => void) => void = (write) => write();
  readonly #path: string | undefined;
  readonly #descriptor: number;
  readonly #terminal: Terminal;
  failure: DrayageError | undefined;

  constructor(path: string | undefined, flag: string, terminal: Terminal) {
    this.isTerminal = path === undefined || path === "";
    this.#path = path;
    this.#terminal = terminal;
    this.#descriptor = this.isTerminal ? -1 : opened(path ?? "", flag);
  }

  /**
   * Writes at once: a killed run has left whole lines. A disk that fails does so in the middle of a ramp, often in a timer: the
   * ramp goes on, and `failure` tells of it.
   */
  write(text: string): void {
    if (this.isTerminal) {
      this.above(() => void this.#terminal.out.write(text));
      return;
    }
    if (this.failure !== undefined) return;
    try {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#descriptor, bytes, at);
    } catch (cause) {
      const message = `cannot write ${this.#path}: ${messageOf(cause)}`;
      this.failure = new DrayageError("storage", message, { cause });
    }
  }

  close(): void {
    if (!this.isTerminal) closeSync(this.#descriptor);
  }
}

function opened(path: string, flag: string): number {
  try {
    makeFolder(dirname(path), 0o755);
    return openSync(path, "w");
  } catch (error) {
    throw new UsageError(`${flag}: cannot write ${path} (${messageOf(error)})`);
  }
}

export class PullFiles {
  readonly #metrics: Output;
  readonly #log: Output;
  readonly lines: OrderedLines;

  /** Throws UsageError for a path that cannot be written. */
  constructor(given: PullGiven, terminal: Terminal) {
    this.#metrics = new Output(given["metrics-file"], "--metrics-file", terminal);
    this.#log = new Output(given["log-file"], "--log-file", terminal);
    this.lines = new OrderedLines((text) => this.#log.write(text));
  }

  /** Standard output belongs to lines that programs read. */
  get useTerminal(): boolean {
    return this.#metrics.isTerminal || this.#log.isTerminal;
  }

  /** What is written to standard output goes above the view from now on. */
  makeRoom(above: (write: () => void) => void): void {
    this.#metrics.above = above;
    this.#log.above = above;
  }

  metric(line: string): void {
    this.#metrics.write(line);
  }

  /** DrayageError `storage` where lines of tally or log were lost. */
  get failure(): DrayageError | undefined {
    return this.#metrics.failure ?? this.#log.failure;
  }

  close(): void {
    this.lines.close();
    this.#metrics.close();
    this.#log.close();
  }
}
