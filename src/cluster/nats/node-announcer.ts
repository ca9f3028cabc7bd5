import { randomBytes } from "node:crypto";
import type { Msg } from "@nats-io/transport-node";
import { DrayageError, messageOf } from "../../core/errors.ts";
import type { Link, MasterAwaiter } from "../link.ts";
import { Hub, type HubOptions, STREAMS_MS_MAX } from "./hub.ts";
import { decodeKnock, encodeKnock, GIVEN_UP, type Knock, type KnockAnswer } from "./knock.ts";
import { LargeContent } from "./large-content.ts";
import { ANNOUNCE_MS, Membership } from "./membership.ts";
import { termOf } from "./names.ts";
import { NatsLink } from "./nats-link.ts";
import { patiently } from "./patiently.ts";
import { StreamReader } from "./stream-reader.ts";

const ID_BYTES = 8;

export type AnnouncerOptions = {
  readonly hub: HubOptions;
  /** What the node is called in the group. */
  readonly name: string;
  readonly say: (line: string) => void;
};

type Open = {
  readonly link: NatsLink;
  readonly reader: StreamReader;
  readonly run: string;
  readonly conversation: string;
  readonly master: string;
};

/** The node's end of the transport: says that it is there, and waits for masters to knock. */
export class NodeAnnouncer implements MasterAwaiter {
  readonly #options: AnnouncerOptions;
  readonly #hub: Hub;
  #members: Membership;
  readonly #content: LargeContent;
  readonly #id = randomBytes(ID_BYTES).toString("hex");
  #open: Open | undefined;
  #timer: NodeJS.Timeout | undefined;

  private constructor(
    options: AnnouncerOptions,
    hub: Hub,
    { members, content }: { members: Membership; content: LargeContent },
  ) {
    this.#options = options;
    this.#hub = hub;
    this.#members = members;
    this.#content = content;
  }

  /** Throws DrayageError `target-unreachable` or `auth-failed`, UsageError for files that cannot be read. */
  static async start(options: AnnouncerOptions): Promise<NodeAnnouncer> {
    const hub = await Hub.open(options.hub, `drayage client ${options.name}`);
    try {
      const members = await Membership.open(hub, options.say);
      const content = await LargeContent.open(hub, options.say);
      return new NodeAnnouncer(options, hub, { members, content });
    } catch (error) {
      await hub.close();
      throw error;
    }
  }

  get address(): string {
    const { servers, group } = this.#options.hub;
    return `group ${group} at ${servers.join(", ")}`;
  }

  async await(conversation: (link: Link) => void, isBusy = () => false): Promise<void> {
    const { connection, names } = this.#hub;
    const converse = (knock: Knock): KnockAnswer =>
      isBusy() ? denied("it is ending an earlier run") : this.#converse(knock, conversation);
    connection.subscribe(names.node(this.#id), {
      callback: (error, message) => {
        if (error !== null) this.#options.say(`the servers do not let it listen: ${error.message}`);
        else message.respond(encodeKnock(this.#answer(message, converse)));
      },
    });
    try {
      await connection.flush();
      await patiently(STREAMS_MS_MAX, () => this.#announce());
    } catch (error) {
      await this.#hub.close();
      const sentence = `the servers do not let it announce itself: ${messageOf(error)}`;
      throw new DrayageError("target-unreachable", sentence);
    }
    this.#timer = setInterval(() => void this.#announceAgain(), ANNOUNCE_MS);
  }

  #announce(): Promise<void> {
    return this.#members.announce({ id: this.#id, name: this.#options.name });
  }

  /** While servers are away nobody looks for nodes either. Servers that lost their folder need a new bucket. */
  async #announceAgain(): Promise<void> {
    try {
      await this.#announce().catch(async () => {
        this.#members = await Membership.open(this.#hub, () => {});
        await this.#announce();
      });
    } catch {
      // Tried again in some seconds.
    }
  }

  #answer({ data }: Msg, open: (knock: Knock) => KnockAnswer): KnockAnswer {
    const knock = decodeKnock(data);
    if (knock === undefined) return denied("it does not understand how it was asked");
    if (knock.silentMs !== null) return this.#carryOn(knock, knock.silentMs);
    const current = this.#open;
    if (current === undefined) return open(knock);
    if (!current.link.isOrphan) return denied(`it is busy with a run of ${current.master}`);
    current.link.fail("it was silent, and another master has come");
    return denied("it is ending a run whose master is gone");
  }

  #converse(knock: Knock, conversation: (link: Link) => void): KnockAnswer {
    if (knock.term === null) return denied(GIVEN_UP);
    const isPrivate = this.#isPrivate(knock);
    const link = this.#makeLink(knock, { isPrivate, term: knock.term });
    // The master hears that it may before it hears anything else.
    setImmediate(() => conversation(link));
    return { opened: true, isPrivate, heard: 0, said: 0 };
  }

  /** Another master takes over from one that is gone, or asks whether it might. */
  #carryOn(knock: Knock, silentMs: number): KnockAnswer {
    const open = this.#open;
    if (open?.conversation !== knock.conversation) return denied(GIVEN_UP);
    const silence = performance.now() - open.link.heardAt;
    if (silence < silentMs)
      return denied(`it has heard its master ${(silence / 1000).toFixed(1)} s ago`);
    if (knock.term !== null) {
      if (knock.term <= open.link.term) return denied("another master has taken the run over");
      open.link.follow(knock.term);
      this.#options.say(`${knock.name} carries the run ${open.run} on`);
    }
    return { opened: true, isPrivate: this.#isPrivate(knock), ...open.link.talked };
  }

  /** Whether nobody between here and the master reads along, but the servers themselves. */
  #isPrivate({ encrypted, localServer }: Knock): boolean {
    if (encrypted && this.#hub.isEncrypted) return true;
    return localServer !== null && localServer === this.#hub.localServer;
  }

  #makeLink(
    { run, conversation, name }: Knock,
    { isPrivate, term }: { readonly isPrivate: boolean; readonly term: number },
  ): NatsLink {
    const hub = this.#hub;
    const content = this.#content;
    const link = new NatsLink(hub, {
      ...{ run, conversation, isPrivate, content, term },
      peer: name,
      end: "node",
    });
    const reader = new StreamReader(
      hub,
      { run, filter: hub.names.work(run, conversation, "*"), from: 1 },
      {
        take: ({ subject, data }) => link.hearStream(data, termOf(subject)),
        fail: (error) => link.fail(`the stream of the run cannot be read: ${String(error)}`),
      },
    );
    this.#open = { link, reader, run, conversation, master: name };
    link.onClosed = () => {
      reader.stop();
      this.#open = undefined;
    };
    reader.start();
    return link;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    const open = this.#open;
    open?.link.close();
    await open?.link.farewell;
    await this.#members.leave(this.#id).catch(() => {});
    await this.#hub.close();
  }
}

const denied = (sentence: string): KnockAnswer => ({ opened: false, sentence });
