// The master's end of a run at the servers, whether it begins it or carries it on: links by their conversation, what is kept of
// the run, and its removal.
import { hostname } from "node:os";
import type { RunDescription, RunMemory } from "../link.ts";
import type { Hub } from "./hub.ts";
import type { Knock, KnockAnswer } from "./knock.ts";
import { decodeAnswer, encodeKnock } from "./knock.ts";
import type { LargeContent } from "./large-content.ts";
import { NatsLink } from "./nats-link.ts";
import { removeRunStream } from "./run-stream.ts";
import { StreamReader } from "./stream-reader.ts";
import { StreamWriter } from "./stream-writer.ts";

const ANSWER_MS_MAX = 3000;

/** A node as a run knows it: under which number it can be knocked at, what it is called, and the conversation with it. */
export type NodeEntry = {
  readonly id: string;
  readonly name: string;
  readonly conversation: string;
};

export class MasterEnd implements RunMemory {
  readonly hub: Hub;
  readonly run: string;
  readonly #content: LargeContent;
  readonly #say: (line: string) => void;
  readonly #links = new Map<string, { readonly link: NatsLink; readonly entry: NodeEntry }>();
  readonly #notes: StreamWriter;
  #noted = 0;
  #failure: string | undefined;
  #reader: StreamReader | undefined;

  constructor(
    hub: Hub,
    {
      run,
      content,
      say,
    }: {
      readonly run: string;
      readonly content: LargeContent;
      readonly say: (line: string) => void;
    },
  ) {
    this.hub = hub;
    this.run = run;
    this.#content = content;
    this.#say = say;
    this.#notes = new StreamWriter(hub, this.subject("notes"), (reason) => {
      this.#failure = reason;
    });
  }

  /** Of the run's stream. */
  subject(lane: string): string {
    return `${this.hub.names.run(this.run)}.${lane}`;
  }

  /** Hears from the place on what nodes send. */
  read(from: number): void {
    const prefix = this.subject("results.");
    this.#reader = new StreamReader(
      this.hub,
      { run: this.run, filter: `${prefix}*`, from },
      {
        take: ({ subject, data }) => this.linkOf(subject.slice(prefix.length))?.hearStream(data),
        fail: (error) => {
          for (const { link } of this.#links.values())
            link.fail(`the stream of the run cannot be read: ${String(error)}`);
        },
      },
    );
    this.#reader.start();
  }

  linkOf(conversation: string): NatsLink | undefined {
    return this.#links.get(conversation)?.link;
  }

  makeLink(entry: NodeEntry): NatsLink {
    return new NatsLink(this.hub, {
      ...{ peer: entry.name, end: "master", run: this.run },
      conversation: entry.conversation,
      content: this.#content,
    });
  }

  /** What comes for its conversation out of the stream goes to the link from now on. */
  keep(link: NatsLink, entry: NodeEntry): void {
    this.#links.set(entry.conversation, { link, entry });
  }

  /** Undefined when nobody of that number is there. */
  async knock(
    { id, conversation }: NodeEntry,
    silentMs: number | null,
  ): Promise<KnockAnswer | undefined> {
    const { connection, names, isEncrypted, localServer } = this.hub;
    const knock: Knock = {
      ...{ conversation, run: this.run, silentMs },
      name: hostname(),
      encrypted: isEncrypted,
      localServer: localServer ?? null,
    };
    try {
      const timeout = ANSWER_MS_MAX;
      const { data } = await connection.request(names.node(id), encodeKnock(knock), { timeout });
      const sentence = "it does not answer as a node does";
      return decodeAnswer(data) ?? { opened: false, sentence };
    } catch {
      return undefined;
    }
  }

  async describe(description: RunDescription): Promise<void> {
    const nodes = [...this.#links.values()].map(({ entry }) => entry);
    await this.#content.put(`${this.run}/run`, Buffer.from(JSON.stringify({ nodes, description })));
  }

  /** What `describe` kept, as it came; undefined when there is nothing of that kind. */
  async described(): Promise<unknown> {
    const content = await this.#content.get(`${this.run}/run`);
    return content === undefined ? undefined : JSON.parse(Buffer.from(content).toString());
  }

  async note(note: unknown): Promise<void> {
    this.#notes.write(++this.#noted, Buffer.from(JSON.stringify(note)));
    await this.#notes.settled();
    if (this.#failure !== undefined) throw new Error(this.#failure);
  }

  /** A note that an earlier master wrote: others follow it. */
  recallNote(data: Uint8Array): unknown {
    this.#noted++;
    return JSON.parse(Buffer.from(data).toString());
  }

  /** Removes what the servers keep of the run: everything has arrived, or nobody wants it. */
  async close(): Promise<void> {
    const links = [...this.#links.values()].map(({ link }) => link);
    for (const link of links) link.close();
    await Promise.all(links.map(({ farewell }) => farewell));
    this.#reader?.stop();
    this.#notes.stop();
    await this.#content.remove(`${this.run}/`);
    await removeRunStream(this.hub, this.run).catch(() =>
      this.#say(
        `the stream ${this.hub.names.stream(this.run)} could not be removed: the servers do so in time`,
      ),
    );
  }
}
