// How far a node's clocks are from the master's: asked of each node before it gets its plan, while it has nothing else to do.
import type { Clock } from "../../core/clock.ts";
import { bestOffset, CLOCK_ROUNDS, type ClockRound } from "../clock-offset.ts";
import type { Conversation } from "../conversation.ts";
import type { ClockAnswer } from "../protocol/message.ts";

/** A question that was lost with its connection is asked again. */
const ANSWER_MS_MAX = 2000;
const ATTEMPTS_MAX = 5 * CLOCK_ROUNDS;

export type NodeClocks = {
  /** The node's monotonic clock minus the master's, ns, and how far that may be wrong. */
  readonly offset: number;
  readonly bound: number;
  /** The node's wall clock minus the master's, ms. */
  readonly wallAheadMs: number;
};

type Answered = { readonly round: ClockRound; readonly wallAheadMs: number };

export class ClockRounds {
  readonly #conversation: Conversation;
  readonly #clock: Clock;
  #waiting: ((answer: ClockAnswer | undefined) => void) | undefined;
  #over = false;

  constructor(conversation: Conversation, clock: Clock) {
    this.#conversation = conversation;
    this.#clock = clock;
  }

  /** Whoever listens to the conversation hands answers over. */
  hear(answer: ClockAnswer): void {
    this.#waiting?.(answer);
  }

  /** No answer will come any more. */
  end(): void {
    this.#over = true;
    this.#waiting?.(undefined);
  }

  /** Undefined when the node does not answer. */
  async measure(): Promise<NodeClocks | undefined> {
    const answers: Answered[] = [];
    for (let attempt = 0; attempt < ATTEMPTS_MAX && answers.length < CLOCK_ROUNDS; attempt++) {
      if (this.#over) return undefined;
      const answered = await this.#ask(attempt);
      if (answered !== undefined) answers.push(answered);
    }
    const best = bestOffset(answers.map(({ round }) => round));
    if (best === undefined || answers.length < CLOCK_ROUNDS) return undefined;
    const quickest = answers.toSorted((a, b) => wayOf(a) - wayOf(b))[0] as Answered;
    return { ...best, wallAheadMs: quickest.wallAheadMs };
  }

  #ask(round: number): Promise<Answered | undefined> {
    const { promise, resolve } = Promise.withResolvers<Answered | undefined>();
    const late = setTimeout(() => resolve(undefined), ANSWER_MS_MAX);
    const asked = this.#clock.now();
    const wallUs = Date.now() * 1000;
    this.#waiting = (answer) => {
      if (answer === undefined) resolve(undefined);
      if (answer?.round !== round) return;
      const back = this.#clock.now();
      const { takenNs: taken, answeredNs: answered } = answer;
      const middleUs = wallUs + (back - asked) / 2000;
      resolve({
        round: { asked, taken, answered, back },
        wallAheadMs: (answer.wallUs - middleUs) / 1000,
      });
    };
    this.#conversation.say({ type: "clock-ask", round, askedNs: asked });
    return promise.finally(() => clearTimeout(late));
  }
}

const wayOf = ({ round }: Answered): number => round.back - round.asked;
