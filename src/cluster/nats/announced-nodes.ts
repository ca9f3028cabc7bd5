import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { FoundNodes, Link, MissingNode, NodeFinder, RunMemory } from "../link.ts";
import { Hub, type HubOptions } from "./hub.ts";
import { LargeContent } from "./large-content.ts";
import { MasterEnd, type NodeEntry } from "./master-end.ts";
import { type Member, Membership } from "./membership.ts";
import type { NatsLink } from "./nats-link.ts";
import { createRunStream, type StreamBounds } from "./run-stream.ts";

export type AnnouncedOptions = {
  readonly hub: HubOptions;
  readonly run: string;
  /** Nodes of the run: so many are waited for, and no more are taken. */
  readonly expect: number;
  readonly waitMs: number;
  readonly bounds: StreamBounds;
  readonly say: (line: string) => void;
};

const CONVERSATION_BYTES = 8;
const LOOK_MS = 200;
/** Nodes that are there are found within it; who waits longer wants to know for what. */
const TOLD_MS = 2000;

type Met = { readonly entry: NodeEntry; readonly link: NatsLink };
type Knocking = (member: Member) => Promise<Met | undefined>;

/** Finds the nodes that have announced themselves in a group. */
export class AnnouncedNodes implements NodeFinder {
  readonly #options: AnnouncedOptions;
  #hub: Hub | undefined;
  #end: MasterEnd | undefined;
  /** Why nodes that are there do not take part, by their id. */
  readonly #denials = new Map<string, MissingNode>();

  constructor(options: AnnouncedOptions) {
    this.#options = options;
  }

  get memory(): RunMemory | undefined {
    return this.#end;
  }

  /** Throws DrayageError `target-unreachable` or `auth-failed` where the servers are not as they must be. */
  async find(opened: (link: Link) => void = () => {}): Promise<FoundNodes> {
    const { hub: where, run, bounds, say } = this.#options;
    const hub = await Hub.open(where, `drayage master ${run}`);
    this.#hub = hub;
    const members = await Membership.open(hub, say);
    const content = await LargeContent.open(hub, say);
    await createRunStream(hub, run, { ...bounds, say });
    const end = new MasterEnd(hub, { run, content, say });
    this.#end = end;
    end.begin();
    end.read(1);
    const met = await this.#meet(members, async (member) => {
      const one = await this.#knock(end, member);
      if (one !== undefined) opened(one.link);
      return one;
    });
    const inOrder = met.toSorted((a, b) => (a.entry.name < b.entry.name ? -1 : 1));
    for (const { link, entry } of inOrder) end.keep(link, entry);
    return { links: inOrder.map(({ link }) => link), missing: this.#missing(met) };
  }

  async #meet(members: Membership, knock: Knocking): Promise<readonly Met[]> {
    const { expect, waitMs, hub, say } = this.#options;
    const until = performance.now() + waitMs;
    const met: Met[] = [];
    const told = setTimeout(() => {
      const there = `${met.length} of ${expect} nodes are in group ${hub.group}`;
      say(`${there}: waiting for the others, ${waitMs / 1000} s in all`);
    }, TOLD_MS);
    try {
      await this.#meetUntil(until, { met, members, knock });
      return met;
    } finally {
      clearTimeout(told);
    }
  }

  async #meetUntil(
    until: number,
    { met, members, knock }: { met: Met[]; members: Membership; knock: Knocking },
  ): Promise<void> {
    const { expect } = this.#options;
    for (;;) {
      for (const member of await members.members().catch(() => [])) {
        if (met.length >= expect) return;
        if (met.some(({ entry }) => entry.id === member.id)) continue;
        const one = await knock(member);
        if (one !== undefined) met.push(one);
      }
      if (met.length >= expect || performance.now() >= until) return;
      await delay(LOOK_MS);
    }
  }

  /** Undefined when it does not take part, or is not there any more. */
  async #knock(end: MasterEnd, { id, name }: Member): Promise<Met | undefined> {
    const conversation = randomBytes(CONVERSATION_BYTES).toString("hex");
    const entry = { id, name, conversation };
    // Listens before it is answered: the node speaks at once.
    const link = end.makeLink(entry);
    const answer = await end.knock(entry, { silentMs: null, term: end.term });
    if (answer?.opened === true) {
      link.isPrivate = answer.isPrivate;
      this.#denials.delete(id);
      return { entry, link };
    }
    link.close();
    // Killed, and not forgotten yet, if nobody answers.
    const sentence = answer?.sentence ?? "it is announced in the group and does not answer";
    this.#denials.set(id, { name, sentence, absent: false });
    return undefined;
  }

  #missing(met: readonly Met[]): readonly MissingNode[] {
    const { expect, waitMs, hub } = this.#options;
    const absent = expect - met.length;
    if (absent === 0) return [];
    const told = [...this.#denials.values()].slice(0, absent);
    const names = met.map(({ entry }) => entry.name).join(", ");
    const there = names === "" ? "it is empty" : `there: ${names}`;
    const start = `drayage client --nats ${hub.servers.join(",")} --group ${hub.group}`;
    const nobody = Array.from({ length: absent - told.length }, (_, i) => ({
      name: `${met.length + told.length + i + 1} of ${expect}`,
      sentence: `nobody else came into group ${hub.group} within ${waitMs / 1000} s (${there}); start it: ${start}`,
      absent: false,
    }));
    return [...told, ...nobody];
  }

  async close(): Promise<void> {
    try {
      await this.#end?.close();
    } finally {
      await this.#hub?.close();
    }
  }
}
