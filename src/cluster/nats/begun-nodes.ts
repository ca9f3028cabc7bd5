// A run that lost its master, found again at the servers: the nodes that it had, and everything that was said so far.
import { setTimeout as delay } from "node:timers/promises";
import { DrayageError, messageOf } from "../../core/errors.ts";
import type {
  BegunListener,
  BegunRun,
  FoundNodes,
  Link,
  NodeFinder,
  RunDescription,
  RunMemory,
} from "../link.ts";
import { Hub, type HubOptions } from "./hub.ts";
import { LargeContent } from "./large-content.ts";
import { MasterEnd, type NodeEntry } from "./master-end.ts";
import type { NatsLink } from "./nats-link.ts";
import { patiently } from "./patiently.ts";
import { StreamReader } from "./stream-reader.ts";

export type BegunOptions = {
  readonly hub: HubOptions;
  readonly run: string;
  /** How long nodes may go on hearing the first master. */
  readonly waitMs: number;
  /** A master that was silent for so long is gone. */
  readonly silentMs: number;
  readonly say: (line: string) => void;
};

const AGAIN_MS = 250;
const INFO_MS_MAX = 20_000;

type Described = { readonly nodes: readonly NodeEntry[]; readonly description: RunDescription };

export class BegunNodes implements NodeFinder {
  readonly #options: BegunOptions;
  #hub: Hub | undefined;
  #end: MasterEnd | undefined;
  /** Nothing is said to nodes, and nothing removed, before the run is ours. */
  #taken = false;

  constructor(options: BegunOptions) {
    this.#options = options;
  }

  get memory(): RunMemory | undefined {
    return this.#end;
  }

  /** Throws DrayageError: `target-unreachable`, `auth-failed`, or `node-refused` where its master still lives. */
  async find(): Promise<FoundNodes & { readonly begun: BegunRun }> {
    const { hub: where, run, say } = this.#options;
    const hub = await Hub.open(where, `drayage master ${run}`);
    this.#hub = hub;
    const stream = await this.#stream(hub);
    const content = await LargeContent.open(hub, say);
    const end = new MasterEnd(hub, { run, content, say });
    const { nodes, description } = await this.#described(end);
    const gone = new Map<Link, string>();
    const links: NatsLink[] = [];
    for (const entry of nodes) {
      const link = end.makeLink(entry);
      end.keep(link, entry);
      links.push(link);
      const absence = await this.#carryOn(end, entry, link);
      if (absence !== undefined) gone.set(link, absence);
    }
    this.#end = end;
    const retell = (listener: BegunListener) => this.#retell(end, stream.last, listener);
    const begun: BegunRun = { description, gone, retell };
    return { links, missing: [], begun };
  }

  async #stream(hub: Hub): Promise<{ readonly last: number }> {
    const { run } = this.#options;
    const missing = (error: unknown): boolean => /not found/i.test(messageOf(error));
    try {
      const { state } = await patiently(
        INFO_MS_MAX,
        () => hub.manager.streams.info(hub.names.stream(run)),
        { worth: (error) => !missing(error) },
      );
      if (state.first_seq <= 1) return { last: state.last_seq };
      throw new DrayageError(
        "target-unreachable",
        `run ${run} cannot be resumed: the servers have dropped its first ${state.first_seq - 1} messages (cluster.nats.max_bytes, max_age)`,
      );
    } catch (error) {
      if (!missing(error)) throw error;
      throw new DrayageError(
        "target-unreachable",
        `there is no run ${run} in this group: it has ended, or is older than cluster.nats.max_age`,
      );
    }
  }

  async #described(end: MasterEnd): Promise<Described> {
    const described = (await end.described()) as Described | undefined;
    if (described !== undefined) return described;
    throw new DrayageError(
      "target-unreachable",
      `run ${end.run} had not begun, or is none that can be resumed: start it anew`,
    );
  }

  /** Why the node does not answer, if so. */
  async #carryOn(end: MasterEnd, entry: NodeEntry, link: NatsLink): Promise<string | undefined> {
    const { waitMs, silentMs } = this.#options;
    const until = performance.now() + waitMs;
    for (;;) {
      const answer = await end.knock(entry, silentMs);
      if (answer === undefined) return "it did not answer the master that carries the run on";
      if (answer.opened) {
        link.isPrivate = answer.isPrivate;
        link.carryOn(answer);
        return undefined;
      }
      if (performance.now() >= until)
        throw new DrayageError(
          "node-refused",
          `node ${entry.name}: ${answer.sentence}: a run whose master lives cannot be resumed`,
        );
      await delay(AGAIN_MS);
    }
  }

  async #retell(end: MasterEnd, last: number, listener: BegunListener): Promise<void> {
    this.#taken = true;
    if (last > 0) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const reader = new StreamReader(
        end.hub,
        { run: end.run, filter: `${end.subject(">")}`, from: 1 },
        {
          take: async ({ subject, seq, data }) => {
            await listener.room();
            this.#tell(end, { subject, data }, listener);
            if (seq >= last) resolve();
          },
          fail: reject,
        },
      );
      reader.start();
      await promise.finally(() => reader.stop());
    }
    end.read(last + 1);
  }

  #tell(
    end: MasterEnd,
    { subject, data }: { readonly subject: string; readonly data: Uint8Array },
    listener: BegunListener,
  ): void {
    const [lane, conversation = ""] = subject.slice(end.subject("").length).split(".");
    const link = end.linkOf(conversation);
    switch (lane) {
      case "notes":
        listener.note(end.recallNote(data));
        return;
      case "results":
        link?.hearStream(data);
        return;
      case "work": {
        const frame = link?.recall(data);
        if (link !== undefined && frame !== undefined) listener.work(link, frame);
        return;
      }
      default:
      // Of a newer version.
    }
  }

  async close(): Promise<void> {
    if (this.#taken) await this.#end?.close();
    await this.#hub?.close();
  }
}
