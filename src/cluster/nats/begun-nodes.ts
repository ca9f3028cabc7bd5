// A run that lost its master, found again at the servers: the nodes that it had, and everything that was said so far.
import { setTimeout as delay } from "node:timers/promises";
import { DrayageError, messageOf } from "../../core/errors.ts";
import { openEnvelope } from "../envelope.ts";
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
import { GIVEN_UP } from "./knock.ts";
import { LargeContent } from "./large-content.ts";
import { MasterEnd, type NodeEntry } from "./master-end.ts";
import { termOf } from "./names.ts";
import type { NatsLink } from "./nats-link.ts";
import { patiently } from "./patiently.ts";
import { FIRST_TERM, noteIn } from "./run-notes.ts";
import { StreamOrder } from "./stream-order.ts";
import { type StreamMessage, StreamReader } from "./stream-reader.ts";

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

type Met = { readonly entry: NodeEntry; readonly link: NatsLink };
type Kept = { readonly subject: string; readonly data: Uint8Array };

/** Of the answers of a node: it is there, and does not take part any more. */
const hasGivenUp = (sentence: string): boolean => sentence === GIVEN_UP;

type Described = { readonly nodes: readonly NodeEntry[]; readonly description: RunDescription };

export class BegunNodes implements NodeFinder {
  readonly #options: BegunOptions;
  #hub: Hub | undefined;
  #end: MasterEnd | undefined;
  /** Another master may take it again as long as not everything is here. */
  #retold = false;
  /** Number in the stream of what this master wrote first, to the last of the nodes. */
  #last = 0;

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
    await this.#requireStream(hub);
    const content = await LargeContent.open(hub, say);
    const end = new MasterEnd(hub, { run, content, say });
    const { nodes, description } = await this.#described(end);
    const met = nodes.map((entry): Met => {
      const link = end.makeLink(entry);
      end.keep(link, entry);
      return { entry, link };
    });
    for (const { entry } of met) await this.#requireSilence(end, entry);
    this.#end = end;
    const gone = new Map<Link, string>();
    const begun: BegunRun = {
      ...{ description, gone },
      take: () => this.#take(end, met, gone),
      notes: () => this.#notes(end),
      retell: (listener) => this.#retell(end, met, listener),
    };
    return { links: met.map(({ link }) => link), missing: [], begun };
  }

  /** Throws DrayageError where it is not there, or not all of it. */
  async #requireStream(hub: Hub): Promise<void> {
    const { run } = this.#options;
    const missing = (error: unknown): boolean => /not found/i.test(messageOf(error));
    try {
      const { state } = await patiently(
        INFO_MS_MAX,
        () => hub.manager.streams.info(hub.names.stream(run)),
        { worth: (error) => !missing(error) },
      );
      if (state.first_seq <= 1) return;
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

  /** That the node hears its master no more, or is gone as well. Waits for it. Throws DrayageError `node-refused`. */
  async #requireSilence(end: MasterEnd, entry: NodeEntry): Promise<void> {
    const { waitMs, silentMs } = this.#options;
    const until = performance.now() + waitMs;
    for (;;) {
      const answer = await end.knock(entry, { silentMs, term: null });
      if (answer === undefined || answer.opened || hasGivenUp(answer.sentence)) return;
      if (performance.now() >= until)
        throw new DrayageError(
          "node-refused",
          `node ${entry.name}: ${answer.sentence}: a run whose master lives cannot be resumed`,
        );
      await delay(AGAIN_MS);
    }
  }

  /** From the note on, everything is this master's, and there is no way back. */
  async #take(end: MasterEnd, met: readonly Met[], gone: Map<Link, string>): Promise<void> {
    await end.take();
    await Promise.all(
      met.map(async ({ entry, link }) => {
        const answer = await end.knock(entry, { silentMs: 0, term: end.term });
        const isThere = answer?.opened === true;
        if (isThere) link.isPrivate = answer.isPrivate;
        else
          gone.set(
            link,
            answer?.sentence ?? "it did not answer the master that carries the run on",
          );
        const begins = await link.carryOn(end.term, isThere ? answer : undefined);
        this.#last = Math.max(this.#last, begins);
      }),
    );
  }

  /** Up to the note by which the run became this master's. */
  async #notes(end: MasterEnd): Promise<readonly unknown[]> {
    const notes: unknown[] = [];
    const last = end.lastNote;
    await readUntil(end, { filter: end.subject("notes") }, ({ seq, data }) => {
      const note = noteIn(data);
      if (note !== undefined) notes.push(note);
      return seq >= last;
    });
    return notes;
  }

  /** Up to where this master itself has begun to write. */
  async #retell(end: MasterEnd, met: readonly Met[], listener: BegunListener): Promise<void> {
    const orders = new Map(met.map(({ link }) => [link, new StreamOrder()]));
    await readUntil(end, { filter: end.subject(">") }, async ({ subject, seq, data }) => {
      await listener.room();
      this.#tell(end, { subject, data, orders }, listener);
      return seq >= this.#last;
    });
    this.#retold = true;
    end.read(this.#last + 1);
  }

  #tell(
    end: MasterEnd,
    { subject, data, orders }: Kept & { readonly orders: ReadonlyMap<NatsLink, StreamOrder> },
    listener: BegunListener,
  ): void {
    const [lane, conversation = ""] = subject.slice(end.subject("").length).split(".");
    const link = end.linkOf(conversation);
    if (lane === "notes") {
      const note = noteIn(data);
      if (note !== undefined) listener.note(note);
    } else if (lane === "results") link?.hearStream(data, FIRST_TERM);
    else if (lane === "work" && link !== undefined) {
      const envelope = openEnvelope(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
      const kept = envelope && { ...envelope, term: termOf(subject) };
      if (kept !== undefined) orders.get(link)?.take(kept, (frame) => listener.work(link, frame));
    }
    // Others are of a newer version.
  }

  async close(): Promise<void> {
    try {
      if (this.#retold) await this.#end?.close();
    } finally {
      await this.#hub?.close();
    }
  }
}

/** From the beginning of the run's stream, until `take` says that this was the last. Throws where it cannot be read. */
async function readUntil(
  { hub, run }: MasterEnd,
  { filter }: { readonly filter: string },
  take: (message: StreamMessage) => boolean | Promise<boolean>,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const reader = new StreamReader(
    hub,
    { run, filter, from: 1 },
    {
      take: async (message) => {
        if (await take(message)) resolve();
      },
      fail: reject,
    },
  );
  reader.start();
  await promise.finally(() => reader.stop());
}
