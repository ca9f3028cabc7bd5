import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { FoundNodes, MissingNode, NodeFinder } from "../link.ts";
import { Hub, type HubOptions } from "./hub.ts";
import { decodeAnswer, encodeKnock, type Knock } from "./knock.ts";
import { LargeContent } from "./large-content.ts";
import { type Member, Membership } from "./membership.ts";
import { NatsLink } from "./nats-link.ts";
import { createRunStream, removeRunStream, type StreamBounds } from "./run-stream.ts";
import { StreamReader } from "./stream-reader.ts";

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
const ANSWER_MS_MAX = 3000;

type Met = { readonly member: Member; readonly link: NatsLink };

/** The master's end of the transport: finds the nodes that have announced themselves in a group. */
export class AnnouncedNodes implements NodeFinder {
  readonly #options: AnnouncedOptions;
  #hub: Hub | undefined;
  #content: LargeContent | undefined;
  #reader: StreamReader | undefined;
  readonly #links = new Map<string, NatsLink>();
  /** Why nodes that are there do not take part, by their id. */
  readonly #denials = new Map<string, MissingNode>();

  constructor(options: AnnouncedOptions) {
    this.#options = options;
  }

  /** Throws DrayageError `target-unreachable` or `auth-failed` where the servers are not as they must be. */
  async find(): Promise<FoundNodes> {
    const { hub: where, run, bounds, say } = this.#options;
    const hub = await Hub.open(where, `drayage master ${run}`);
    this.#hub = hub;
    const members = await Membership.open(hub, say);
    this.#content = await LargeContent.open(hub, say);
    await createRunStream(hub, run, { ...bounds, say });
    this.#reader = this.#read(hub);
    const met = await this.#meet(hub, members);
    const links = met
      .toSorted((a, b) => (a.member.name < b.member.name ? -1 : 1))
      .map(({ link }) => link);
    return { links, missing: this.#missing(met) };
  }

  #read(hub: Hub): StreamReader {
    const prefix = `${hub.names.run(this.#options.run)}.results.`;
    const reader = new StreamReader(
      hub,
      { run: this.#options.run, filter: `${prefix}*`, from: 1 },
      {
        take: ({ subject, data }) =>
          this.#links.get(subject.slice(prefix.length))?.hearStream(data),
        fail: (error) => {
          for (const link of this.#links.values())
            link.fail(`the stream of the run cannot be read: ${String(error)}`);
        },
      },
    );
    reader.start();
    return reader;
  }

  async #meet(hub: Hub, members: Membership): Promise<readonly Met[]> {
    const { expect, waitMs } = this.#options;
    const until = performance.now() + waitMs;
    const met: Met[] = [];
    for (;;) {
      for (const member of await members.members().catch(() => [])) {
        if (met.length >= expect) return met;
        if (met.some((one) => one.member.id === member.id)) continue;
        const link = await this.#knock(hub, member);
        if (link !== undefined) met.push({ member, link });
      }
      if (met.length >= expect || performance.now() >= until) return met;
      await delay(LOOK_MS);
    }
  }

  /** Undefined when it does not take part, or is not there any more. */
  async #knock(hub: Hub, { id, name }: Member): Promise<NatsLink | undefined> {
    const { run } = this.#options;
    const conversation = randomBytes(CONVERSATION_BYTES).toString("hex");
    const knock: Knock = {
      conversation,
      run,
      name: hostname(),
      encrypted: hub.isEncrypted,
      localServer: hub.localServer ?? null,
    };
    const deny = (sentence: string): undefined => {
      this.#denials.set(id, { name, sentence, absent: false });
    };
    // Listens before it is answered: the node speaks at once.
    const link = new NatsLink(hub, {
      ...{ peer: name, end: "master", run, conversation },
      content: this.#content as LargeContent,
    });
    try {
      const { data } = await hub.connection.request(hub.names.node(id), encodeKnock(knock), {
        timeout: ANSWER_MS_MAX,
      });
      const answer = decodeAnswer(data);
      if (answer?.opened === true) {
        link.isPrivate = answer.isPrivate;
        this.#links.set(conversation, link);
        this.#denials.delete(id);
        return link;
      }
      deny(answer?.sentence ?? "it does not answer as a node does");
    } catch {
      // Killed, and not forgotten yet.
      deny("it is announced in the group and does not answer");
    }
    link.close();
    return undefined;
  }

  #missing(met: readonly Met[]): readonly MissingNode[] {
    const { expect, waitMs, hub } = this.#options;
    const absent = expect - met.length;
    if (absent === 0) return [];
    const told = [...this.#denials.values()].slice(0, absent);
    const there = met.map(({ member }) => member.name).join(", ");
    const start = `drayage client --nats ${hub.servers.join(",")} --group ${hub.group}`;
    const nobody = Array.from({ length: absent - told.length }, (_, i) => ({
      name: `${met.length + told.length + i + 1} of ${expect}`,
      sentence: `nobody else came into group ${hub.group} within ${waitMs / 1000} s (${there === "" ? "it is empty" : `there: ${there}`}); start it: ${start}`,
      absent: false,
    }));
    return [...told, ...nobody];
  }

  /** Removes what the servers keep of the run: everything has arrived, or nobody wants it. */
  async close(): Promise<void> {
    const hub = this.#hub;
    if (hub === undefined) return;
    this.#hub = undefined;
    for (const link of this.#links.values()) link.close();
    await Promise.all([...this.#links.values()].map((link) => link.farewell));
    this.#reader?.stop();
    const { run, say } = this.#options;
    await this.#content?.remove(`${run}/`);
    if (this.#reader !== undefined)
      await removeRunStream(hub, run).catch(() =>
        say(`the stream ${hub.names.stream(run)} could not be removed: the servers do so in time`),
      );
    await hub.close();
  }
}
