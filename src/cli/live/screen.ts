// The part of a terminal that the live view owns: the last lines, which are drawn over again, and the keyboard. Whatever ends
// the process gives the terminal back as it was, the cursor visible and the keyboard in lines.
//
//   state      keys are read   cursor    left by
//   closed     no              visible   open
//   open       yes             hidden    close, suspend (ctrl-Z, SIGTSTP), exit, SIGHUP, SIGQUIT
//   suspended  no              visible   SIGCONT
import type { ReadStream } from "node:tty";
import { stripVTControlCharacters } from "node:util";
import { isInForeground } from "./foreground.ts";

const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";
/** Terminals that know it show the frame when it is whole; others ignore it. */
const FRAME_BEGIN = "\u001b[?2026h\u001b[?7l";
const FRAME_END = "\u001b[?7h\u001b[?2026l";
const ERASE_LINE_END = "\u001b[K";
const ERASE_BELOW = "\u001b[J";

const CTRL_C = "\u0003";
const CTRL_Z = "\u001a";
const CTRL_BACKSLASH = "\u001c";
const ESCAPE = "\u001b";

export type ScreenStream = NodeJS.WritableStream & {
  readonly columns?: number;
  readonly rows?: number;
};

export type ScreenListeners = {
  /** One character. */
  key(key: string): void;
  /** The size has changed, or the terminal is ours again: draw. */
  redraw(): void;
};

export class Screen {
  readonly #stream: ScreenStream;
  readonly #input: ReadStream;
  readonly #listeners: ScreenListeners;
  #state: "closed" | "open" | "suspended" = "closed";
  /** Widths of the lines that are on the screen. */
  #widths: readonly number[] = [];

  constructor(stream: ScreenStream, input: ReadStream, listeners: ScreenListeners) {
    this.#stream = stream;
    this.#input = input;
    this.#listeners = listeners;
  }

  /** As many columns and rows as a frame may have: a line that fills the last column would wrap on some terminals. */
  get size(): { readonly columns: number; readonly rows: number } {
    const rows = known(this.#stream.rows, 24);
    return { columns: Math.max(1, this.#columns - 1), rows: Math.max(1, rows - 1) };
  }

  get #columns(): number {
    return known(this.#stream.columns, 80);
  }

  open(): void {
    this.#grab();
    this.#stream.on("resize", this.#resized);
    process.on("SIGTSTP", this.#suspend);
    process.on("SIGCONT", this.#continued);
    for (const signal of DEADLY) process.on(signal, this.#deadly);
    process.on("exit", this.#restore);
    process.on("uncaughtExceptionMonitor", this.#restore);
  }

  /** Takes the frame away and gives the terminal back. Idempotent. */
  close(): void {
    if (this.#state === "closed") return;
    this.#restore();
    this.#state = "closed";
    this.#stream.off("resize", this.#resized);
    process.off("SIGTSTP", this.#suspend);
    process.off("SIGCONT", this.#continued);
    for (const signal of DEADLY) process.off(signal, this.#deadly);
    process.off("exit", this.#restore);
    process.off("uncaughtExceptionMonitor", this.#restore);
  }

  draw(lines: readonly string[]): void {
    if (this.#state !== "open") return;
    const text = lines.map((line) => line + ERASE_LINE_END).join("\r\n");
    this.#stream.write(FRAME_BEGIN + this.#toTop() + text + ERASE_BELOW + FRAME_END);
    this.#widths = lines.map((line) => stripVTControlCharacters(line).length);
  }

  /** Makes room for text that stays; the next frame goes below it. */
  above(write: () => void): void {
    this.#erase();
    write();
    if (this.#state === "open") this.#listeners.redraw();
  }

  #erase(): void {
    if (this.#widths.length > 0) this.#stream.write(this.#toTop() + ERASE_BELOW);
    this.#widths = [];
  }

  /** To the first line of the frame. Lines that are longer than a terminal which became narrower take several of its rows. */
  #toTop(): string {
    if (this.#widths.length === 0) return "\r";
    const columns = this.#columns;
    const rows = this.#widths.reduce(
      (sum, width) => sum + Math.max(1, Math.ceil(width / columns)),
      0,
    );
    return rows > 1 ? `\r\u001b[${rows - 1}A` : "\r";
  }

  #grab(): void {
    this.#state = "open";
    this.#input.setRawMode(true);
    this.#input.setEncoding("utf8");
    this.#input.on("data", this.#heard);
    this.#input.resume();
    this.#stream.write(HIDE_CURSOR);
  }

  readonly #restore = (): void => {
    if (this.#state !== "open") return;
    this.#state = "suspended";
    this.#erase();
    this.#stream.write(SHOW_CURSOR);
    this.#input.off("data", this.#heard);
    this.#input.setRawMode(false);
    // Otherwise the process would wait for a key before it ends.
    this.#input.pause();
    this.#input.unref();
  };

  readonly #heard = (text: string): void => {
    // Arrows, function keys and the answers of terminals come as sequences.
    if (text.startsWith(ESCAPE)) return;
    for (const key of text) {
      if (key === CTRL_C) process.kill(process.pid, "SIGINT");
      else if (key === CTRL_BACKSLASH) process.kill(process.pid, "SIGQUIT");
      // The whole job, as the terminal would: whoever started us in a script is stopped with us.
      else if (key === CTRL_Z) process.kill(0, "SIGTSTP");
      else this.#listeners.key(key);
    }
  };

  readonly #resized = (): void => {
    if (this.#state === "open") this.#listeners.redraw();
  };

  readonly #suspend = (): void => {
    this.#restore();
    process.kill(process.pid, "SIGSTOP");
  };

  readonly #continued = (): void => {
    if (this.#state !== "suspended" || !isInForeground()) return;
    this.#grab();
    this.#listeners.redraw();
  };

  /** As if nobody had listened, but for the terminal. */
  readonly #deadly = (signal: NodeJS.Signals): void => {
    this.#restore();
    process.off(signal, this.#deadly);
    process.kill(process.pid, signal);
  };
}

/** A terminal that nobody has told its size says 0. */
const known = (size: number | undefined, preset: number): number =>
  size === undefined || size <= 0 ? preset : size;

const DEADLY = ["SIGHUP", "SIGQUIT"] as const;
