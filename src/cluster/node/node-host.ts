// A machine that waits for masters: one conversation after the other, one run at a time.
import { availableParallelism, totalmem } from "node:os";
import { takeOrigin, threadClock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { Conversation } from "../conversation.ts";
import { PullNodeRun } from "../fleet/pull-node-run.ts";
import type { Link } from "../link.ts";
import type { Message, PlanMessage, PullPlanMessage, Refuse } from "../protocol/message.ts";
import type { MakeAloneKeeper } from "./alone.ts";
import type { HostedRun } from "./hosted-run.ts";
import { failedMessage, type NodeClock, NodeRun } from "./node-run.ts";
import { checkPlan, checkPullPlan } from "./plan-check.ts";

export type NodeHostOptions = {
  /** Of drayage. */
  readonly version: string;
  readonly name: string;
  readonly env: NodeJS.ProcessEnv;
  /** Nodes that share this machine, as far as is known; 1 if absent. */
  readonly sharers?: number;
  /** What happens, a line each. */
  readonly say: (line: string) => void;
  /** Keeps what is left when a master is lost. */
  readonly alone: MakeAloneKeeper;
  /** The system's clocks, unless a test has others. */
  readonly clock?: NodeClock;
};

/** What a node does. */
export type NodeHostState = {
  readonly runs: number;
  readonly running:
    | { readonly verb: string; readonly tallies: readonly SharedArrayBuffer[] }
    | undefined;
};

export function systemClock(): NodeClock {
  const origin = takeOrigin();
  return { origin, clock: threadClock(origin), wallUs: () => Date.now() * 1000 };
}

export class NodeHost {
  readonly #options: NodeHostOptions;
  readonly #clock: NodeClock;
  #current: Conversation | undefined;
  #runs = 0;
  #running: NodeHostState["running"];

  constructor(options: NodeHostOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock();
  }

  /** Runs that were begun here, and the one that goes on. */
  state(): NodeHostState {
    return { runs: this.#runs, running: this.#running };
  }

  /** A master that came now would be refused. */
  get isBusy(): boolean {
    return this.#current !== undefined;
  }

  /** A master has come. */
  converse(link: Link): void {
    const conversation = new Conversation(link);
    this.#hello(conversation);
    if (this.#current !== undefined) {
      const sentence = `it is busy with a run of ${this.#current.peer}`;
      conversation.say({ type: "refuse", reason: "busy", sentence });
      // The master closes: a refusal that is cut off would not arrive.
      conversation.listen({ hear() {}, lost() {} });
      return;
    }
    this.#current = conversation;
    this.#await(conversation);
  }

  #hello(conversation: Conversation): void {
    const { version, name } = this.#options;
    conversation.say({
      type: "hello",
      version,
      name,
      cores: availableParallelism(),
      memoryBytes: totalmem(),
      clockNs: this.#clock.clock.now(),
      wallUs: this.#clock.wallUs(),
    });
  }

  /** For the plan, answering questions for the time. */
  #await(conversation: Conversation): void {
    const over = (): void => this.#release(conversation);
    conversation.listen({
      hear: (message) => {
        if (message.type === "plan" || message.type === "pull-plan")
          void this.#take(conversation, message);
        else this.#answer(conversation, message, over);
      },
      lost: over,
    });
  }

  #release(conversation: Conversation): void {
    conversation.close();
    if (this.#current === conversation) this.#current = undefined;
  }

  /** What is answered the same way at any time. True if it was. */
  #answer(conversation: Conversation, message: Message, over: () => void): boolean {
    if (message.type === "clock-ask") {
      const takenNs = this.#clock.clock.now();
      const wallUs = this.#clock.wallUs();
      const { round, askedNs } = message;
      const answeredNs = this.#clock.clock.now();
      conversation.say({ type: "clock-answer", round, askedNs, takenNs, answeredNs, wallUs });
      return true;
    }
    if (message.type !== "end") return false;
    if (message.sentence !== "") this.#options.say(message.sentence);
    over();
    return true;
  }

  async #take(conversation: Conversation, message: PlanMessage | PullPlanMessage): Promise<void> {
    const { say } = this.#options;
    const { heartbeatMs, lostAfterMs } = message.plan;
    conversation.bePatient({ heartbeatMs, lostAfterMs });
    // The check may take seconds, and operations come meanwhile.
    const early: Message[] = [];
    const course = new RunCourse(conversation);
    conversation.listen({
      hear: (later) => {
        if (this.#answer(conversation, later, () => course.end())) return;
        if (course.run === undefined) early.push(owned(later));
        else course.run.hear(later);
      },
      lost: (reason) => course.lose(reason, this.#options),
      forsaken: () => {
        if (course.run?.forsaken?.() === true)
          say(
            `the master ${conversation.peer} is silent: the load has no end of its own, and ends`,
          );
      },
    });
    try {
      const prepared = await this.#prepare(conversation, message);
      if ("refusal" in prepared) {
        conversation.say(prepared.refusal);
        say(`refused a run of ${conversation.peer}: ${prepared.refusal.sentence}`);
      } else if (!course.ended) {
        say(
          `${verbOf(message)} of ${conversation.peer}: node ${message.index + 1} of ${message.count}`,
        );
        course.run = prepared.begin();
        this.#runs++;
        this.#running = { verb: verbOf(message), tallies: course.run.tallies };
        for (const earlier of early) course.run.hear(earlier);
        say(await course.run.run());
      }
    } catch (error) {
      conversation.say(failedMessage(error));
      say(`failed: ${messageOf(error)}`);
    }
    await course.over;
    this.#running = undefined;
    this.#release(conversation);
  }

  /** Looks at a plan; what `begin` makes is to be run. */
  async #prepare(
    conversation: Conversation,
    message: PlanMessage | PullPlanMessage,
  ): Promise<{ readonly refusal: Refuse } | { begin(): HostedRun }> {
    const { version, env, sharers = 1 } = this.#options;
    const here = { version, env, clock: this.#clock.clock };
    const clocks = { ...this.#clock, sharers };
    if (message.type === "pull-plan") {
      const checked = await checkPullPlan(message, here);
      if ("refusal" in checked) return checked;
      const plan = { ...message.plan, pull: checked.pull };
      return { begin: () => new PullNodeRun(conversation, { ...message, plan }, clocks) };
    }
    const checked = await checkPlan(message, here);
    if ("refusal" in checked) return checked;
    const plan = { ...message.plan, client: checked.client };
    return { begin: () => new NodeRun(conversation, { ...message, plan }, clocks) };
  }
}

const verbOf = (message: PlanMessage | PullPlanMessage): string =>
  message.type === "plan" ? message.plan.verb : "pull";

/** A message that outlives its frame. */
const owned = (message: Message): Message =>
  message.type === "ops" ? { ...message, records: message.records.slice() } : message;

/** Until the master says that it has everything, or is lost. */
class RunCourse {
  run: HostedRun | undefined;
  ended = false;
  readonly over: Promise<void>;
  readonly #over = Promise.withResolvers<void>();
  readonly #peer: string;

  constructor({ peer }: Conversation) {
    this.#peer = peer;
    this.over = this.#over.promise;
  }

  /** The master has everything, or has called the run off. */
  end(): void {
    this.ended = true;
    this.run?.stop();
    this.#over.resolve();
  }

  lose(reason: string, { say, alone }: Pick<NodeHostOptions, "say" | "alone">): void {
    // The connection of a master that has said goodbye ends while this machine still tidies up.
    if (this.ended) return;
    this.ended = true;
    say(`the master ${this.#peer} is lost: ${reason}`);
    try {
      this.run?.finishAlone(reason, alone);
    } catch (error) {
      // A working directory that nothing can be written into, or a full disk.
      say(`nothing of the run is kept here: ${messageOf(error)}`);
      this.run?.stop();
    }
    this.#over.resolve();
  }
}
