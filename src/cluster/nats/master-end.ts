// The master's end of a run at the servers, whether it begins it or carries it on: links by their conversation, what is kept of
// the run, and its removal.
import { hostname } from "node:os";
import { DrayageError, messageOf } from "../../core/errors.ts";
import type { RunDescription, RunMemory } from "../link.ts";
import type { Hub } from "./hub.ts";
import type { Knock, KnockAnswer } from "./knock.ts";
import { decodeAnswer, encodeKnock } from "./knock.ts";
import type { LargeContent } from "./large-content.ts";
import { NatsLink } from "./nats-link.ts";
import { FIRST_TERM, RunNotes } from "./run-notes.ts";
import { removeRunStream } from "./run-stream.ts";
import { StreamReader } from "./stream-reader.ts";

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
  readonly #notes: RunNotes;
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
    this.#notes = new RunNotes(hub, run, hostname());
    void this.takenOver.then(() => this.#abandon());
  }

  /** Of this master; 0 while the run is somebody else's. */
  get term(): number {
    return this.#notes.term;
  }

  get takenOver(): Promise<string> {
    return this.#notes.takenOver;
  }

  /** The run is new, and its stream this master's. */
  begin(): void {
    this.#notes.begin();
  }

  /** Makes a run this master's that was another one's. Throws DrayageError where it is over, or somebody was faster. */
  take(): Promise<void> {
    return this.#notes.take();
  }

  /** Nobody hears it any more, and what it hears is of no use. */
  #abandon(): void {
    this.#reader?.stop();
    for (const { link } of this.#links.values()) link.abandon();
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
        take: ({ subject, data }) => {
          const link = this.linkOf(subject.slice(prefix.length));
          link?.hearStream(data, FIRST_TERM);
          return link?.room();
        },
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
      term: this.term,
    });
  }

  /** What comes for its conversation out of the stream goes to the link from now on. */
  keep(link: NatsLink, entry: NodeEntry): void {
    this.#links.set(entry.conversation, { link, entry });
  }

  /** Undefined when nobody of that number is there. */
  async knock(
    { id, conversation }: NodeEntry,
    { silentMs, term }: Pick<Knock, "silentMs" | "term">,
  ): Promise<KnockAnswer | undefined> {
    const { connection, names, isEncrypted, localServer } = this.hub;
    const knock: Knock = {
      ...{ conversation, run: this.run, silentMs, term },
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

  /** Number in the stream of the last note. */
  get lastNote(): number {
    return this.#notes.last;
  }

  note(note: unknown): Promise<void> {
    return this.#notes.add(note);
  }

  /**
   * Removes what the servers keep of the run: everything has arrived, or nobody wants it. Throws DrayageError `taken-over` where
   * it is another master's.
   */
  async close(): Promise<void> {
    const links = [...this.#links.values()].map(({ link }) => link);
    for (const link of links) link.close();
    await Promise.all(links.map(({ farewell }) => farewell));
    this.#reader?.stop();
    try {
      await this.#end();
    } finally {
      this.#notes.stop();
    }
  }

  /** Nobody takes what is about to be removed. */
  async #end(): Promise<void> {
    try {
      await this.#notes.end();
      await this.#content.remove(`${this.run}/`);
      await removeRunStream(this.hub, this.run);
    } catch (error) {
      if (error instanceof DrayageError && error.code === "taken-over") throw error;
      this.#say(
        `the stream ${this.hub.names.stream(this.run)} could not be removed (${messageOf(error)}): the servers do so in time`,
      );
    }
  }
}
