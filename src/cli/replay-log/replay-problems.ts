import { messageOf } from "../../core/errors.ts";
import { ExitCode } from "../../core/exit-code.ts";
import { LogIOError } from "../../playback/message-log/log-io-error.ts";
import { LostMessages } from "../../playback/message-log/message-sink.ts";
import { counted } from "./count-words.ts";

/** How many are told one by one. */
const SHOWN_MAX = 20;

/** What went wrong during a replay: told as it happens, counted at the end. */
export class ReplayProblems {
  readonly #say: (line: string) => void;
  #told = 0;
  #unreadable = 0;
  #unsent = 0;
  #lost = 0;
  #isCutShort = false;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  get unreadableLines(): number {
    return this.#unreadable;
  }

  get exit(): ExitCode {
    return this.#told > 0 ? ExitCode.operationsFailed : ExitCode.done;
  }

  add(error: Error): void {
    if (error instanceof LogIOError && error.code === "EFORMAT") this.#unreadable++;
    else if (error instanceof LogIOError) this.#isCutShort = true;
    else if (error instanceof LostMessages) this.#lost += error.count;
    else this.#unsent++;
    this.#told++;
    if (this.#told <= SHOWN_MAX) this.#say(messageOf(error));
    if (this.#told === SHOWN_MAX) this.#say("more of these are counted and not shown");
  }

  summarize(): void {
    if (this.#unreadable > 0) this.#say(`${counted(this.#unreadable, "line")} could not be read`);
    if (this.#isCutShort) this.#say("the logs could not be read to their end");
    if (this.#unsent > 0) this.#say(`${counted(this.#unsent, "message")} could not be sent`);
    if (this.#lost > 0) this.#say(`${counted(this.#lost, "message")} may be lost`);
  }
}
