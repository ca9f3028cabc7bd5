import { execFileSync } from "node:child_process";
import type { TestContext } from "node:test";

const POLL_MS = 50;
const WAIT_MS_MAX = 40_000;

/** A terminal of its own, whose screen a test can read and whose keys it can press. */
export class TmuxTerminal {
  readonly #server: string;

  constructor(t: TestContext, { columns, rows }: { columns: number; rows: number }) {
    this.#server = `drayage-${process.pid}-${Math.random().toString(36).slice(2)}`;
    const size = ["-x", String(columns), "-y", String(rows)];
    this.#tmux(["-f", "/dev/null", "new-session", "-d", "-s", "a", ...size, "env PS1='$ ' sh"]);
    t.after(() => this.#tmux(["kill-server"]));
    this.#awaitPrompt();
  }

  // What is typed before the shell asks is shown twice, the second time in front of the first line of what it starts.
  #awaitPrompt(): void {
    const end = Date.now() + WAIT_MS_MAX;
    while (!/^\$/m.test(this.screen())) {
      if (Date.now() > end) throw new Error("the shell never asked for a command");
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
    }
  }

  #tmux(args: readonly string[]): string {
    return execFileSync("tmux", ["-L", this.#server, ...args], { encoding: "utf8" });
  }

  /** Lines that are on the screen, and with `history` those that have left it. */
  screen({ history = false }: { history?: boolean } = {}): string {
    return this.#tmux(["capture-pane", "-p", "-t", "a", ...(history ? ["-S", "-"] : [])]);
  }

  type(line: string): void {
    this.#tmux(["send-keys", "-t", "a", "-l", line]);
    this.#tmux(["send-keys", "-t", "a", "Enter"]);
  }

  /** Keys by tmux's names: `p`, `C-c`, `C-z`. */
  press(...keys: readonly string[]): void {
    for (const key of keys) this.#tmux(["send-keys", "-t", "a", key]);
  }

  resize(columns: number, rows: number): void {
    this.#tmux(["resize-window", "-t", "a", "-x", String(columns), "-y", String(rows)]);
  }

  cursorIsVisible(): boolean {
    return this.#tmux(["display-message", "-p", "-t", "a", "#{cursor_flag}"]).trim() === "1";
  }

  alternateScreenIsOn(): boolean {
    return this.#tmux(["display-message", "-p", "-t", "a", "#{alternate_on}"]).trim() === "1";
  }

  /** Waits until the screen shows it; throws with the screen when it never does. */
  async until(shown: RegExp, options: { history?: boolean } = {}): Promise<string> {
    const end = Date.now() + WAIT_MS_MAX;
    for (;;) {
      const text = this.screen(options);
      if (shown.test(text)) return text;
      if (Date.now() > end) throw new Error(`never saw ${shown.source} on\n${text}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

/** Why there is none, or `undefined`. */
export function tmuxMissing(): string | undefined {
  try {
    execFileSync("tmux", ["-V"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "needs tmux: apt-get install tmux";
  }
}
