import { messageOf } from "../../core/errors.ts";
import { ExitCode } from "../../core/exit-code.ts";
import { LogIOError } from "../../playback/message-log/log-io-error.ts";

/** How many are told one by one. */
const SHOWN_MAX = 20;

/** What went wrong during a replay: told as it happens, counted at the end. */
export class ReplayProblems {
  readonly #say: (line: string) => void;
  #count = 0;
  #unreadable = 0;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  get unreadableLines(): number {
    return this.#unreadable;
  }

  get exit(): ExitCode {
    return this.#count > 0 ? ExitCode.operationsFailed : ExitCode.done;
  }

  add(error: Error): void {
    this.#count++;
    if (error instanceof LogIOError) this.#unreadable++;
    if (this.#count <= SHOWN_MAX) this.#say(messageOf(error));
    if (this.#count === SHOWN_MAX) this.#say("more of these are counted and not shown");
  }

  summarize(): void {
    const failed = this.#count - this.#unreadable;
    if (this.#unreadable > 0) this.#say(`${this.#unreadable} lines could not be read`);
    if (failed > 0) this.#say(`${failed} messages could not be sent`);
  }
}
