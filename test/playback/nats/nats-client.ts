// Playback behind its NATS adapter, and requests to it as any client of the message server makes them.
import { after, type TestContext } from "node:test";
import { connect, headers, type Msg, type NatsConnection } from "@nats-io/transport-node";
import { SessionClient } from "../../../src/playback/nats/session-client.ts";
import {
  type Playback,
  type PlaybackOptions,
  startPlayback,
} from "../../../src/playback/start-playback.ts";
import { type NatsServer, needsNatsServer, startNatsServer } from "../../fakes/nats-server.ts";
import type { Item } from "../http/http-client.ts";

const ANSWER_MS_MAX = 20_000;
let bases = 0;

/** One server for all tests of a file. */
let server: Promise<NatsServer | undefined> | undefined;
after(async () => (await server)?.stop());

/** undefined, and the test is skipped, without the program. */
async function commonServer(t: TestContext): Promise<NatsServer | undefined> {
  server ??= startNatsServer();
  const started = await server;
  if (started === undefined) t.skip(needsNatsServer);
  return started;
}

type Asked = { readonly client?: string; readonly body?: string };

export class NatsClient {
  readonly playback: Playback;
  readonly logged: string[];
  readonly connection: NatsConnection;
  /** The adapter's own. */
  readonly hostConnection: NatsConnection;
  readonly url: string;
  /** As a path; each host of a test has its own. */
  readonly base: string;

  private constructor(
    { playback, logged }: { playback: Playback; logged: string[] },
    {
      connection,
      hostConnection,
      url,
      base,
    }: { connection: NatsConnection; hostConnection: NatsConnection; url: string; base: string },
  ) {
    this.playback = playback;
    this.logged = logged;
    this.connection = connection;
    this.hostConnection = hostConnection;
    this.url = url;
    this.base = base;
  }

  static async start(
    t: TestContext,
    options: Omit<PlaybackOptions, "log">,
    own?: NatsServer,
  ): Promise<NatsClient | undefined> {
    const peer = own ?? (await commonServer(t));
    if (peer === undefined) return undefined;
    const { url } = peer;
    bases++;
    const base = `/test/${process.pid}-${bases}`;
    const logged: string[] = [];
    const nats = await connect({
      servers: url,
      noEcho: true,
      reconnectTimeWait: 20,
      maxReconnectAttempts: -1,
    });
    const playback = await startPlayback({
      ...options,
      publish: { bind: "none", base, ...options.publish },
      nats,
      log: (sentence) => logged.push(sentence),
    });
    const connection = await connect({
      servers: url,
      reconnectTimeWait: 20,
      maxReconnectAttempts: -1,
    });
    t.after(async () => {
      await playback.close();
      await connection.close();
    });
    return new NatsClient({ playback, logged }, { connection, hostConnection: nats, url, base });
  }

  subject(name: string): string {
    return `${this.base.slice(1).replaceAll("/", ".")}.${name}`;
  }

  request(name: string, { body = "", client }: Asked = {}): Promise<Msg> {
    const own = headers();
    if (client !== undefined) own.set("Drayage-Client", client);
    return this.connection.request(this.subject(name), body, {
      timeout: ANSWER_MS_MAX,
      headers: own,
    });
  }

  async ask(name: string, asked: Asked = {}): Promise<Record<string, unknown>> {
    return (await this.request(name, asked)).json();
  }

  async create(args: unknown = null, client?: string): Promise<string> {
    const body = JSON.stringify(args);
    const answer = await this.ask("session", { body, ...(client === undefined ? {} : { client }) });
    if (typeof answer.id !== "string") throw new Error(JSON.stringify(answer));
    return answer.id;
  }

  /** The stream as `drayage session attach` reads it. */
  async attach(t: TestContext, id: string, filter: readonly string[] = []): Promise<NatsStream> {
    const client = await SessionClient.connect({ url: this.url, base: this.base });
    const stop = new AbortController();
    const stream = new NatsStream(client.attach(id, { filter, signal: stop.signal }));
    t.after(async () => {
      stop.abort();
      await stream.ended;
      await client.close();
    });
    return stream;
  }
}

/** Items of one attached stream. */
export class NatsStream {
  readonly items: Item[] = [];
  readonly ended: Promise<void>;
  failure: unknown;
  readonly #waiting = new Set<() => void>();
  #isEnded = false;

  constructor(lines: AsyncIterable<string>) {
    this.ended = this.#read(lines);
  }

  of(type: string): Item[] {
    return this.items.filter((item) => item.type === type);
  }

  /** Resolves once the items look so; rejects if the stream ends before. */
  until(holds: (stream: NatsStream) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (holds(this)) resolve();
        else if (this.#isEnded) reject(new Error(`ended: ${JSON.stringify(this.items.at(-1))}`));
        else return;
        this.#waiting.delete(look);
      };
      this.#waiting.add(look);
      look();
    });
  }

  async #read(lines: AsyncIterable<string>): Promise<void> {
    try {
      for await (const line of lines) {
        this.items.push(JSON.parse(line));
        for (const look of this.#waiting) look();
      }
    } catch (error) {
      this.failure = error;
    }
    this.#isEnded = true;
    for (const look of this.#waiting) look();
  }
}
