// Playback behind its HTTP adapter, and requests to it as a client makes them.
import { type IncomingMessage, request } from "node:http";
import type { TestContext } from "node:test";
import { linesOf } from "../../../src/core/lines.ts";
import {
  type Playback,
  type PlaybackOptions,
  startPlayback,
} from "../../../src/playback/start-playback.ts";

export type Item = { readonly type: string } & Readonly<Record<string, unknown>>;
export type Reply = {
  readonly status: number;
  readonly text: string;
  readonly headers: IncomingMessage["headers"];
  /** The body, if it is JSON. */
  readonly value: Record<string, unknown>;
};
type Asked = {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Own address of the connection: another client. */
  readonly from?: string;
};

export class HttpClient {
  readonly playback: Playback;
  readonly logged: string[];

  constructor(playback: Playback, logged: string[]) {
    this.playback = playback;
    this.logged = logged;
  }

  static async start(t: TestContext, options: Omit<PlaybackOptions, "log">): Promise<HttpClient> {
    const logged: string[] = [];
    const publish = { bind: "127.0.0.1:0", ...options.publish };
    const log = (sentence: string): void => void logged.push(sentence);
    const playback = await startPlayback({ ...options, publish, log });
    t.after(() => playback.close());
    return new HttpClient(playback, logged);
  }

  async ask(path: string, asked: Asked = {}): Promise<Reply> {
    const response = await this.open(path, asked);
    let text = "";
    for await (const part of response.setEncoding("utf8")) text += part;
    const isJson = response.headers["content-type"]?.startsWith("application/json") ?? false;
    const { statusCode: status = 0, headers } = response;
    return { status, text, headers, value: isJson ? JSON.parse(text) : {} };
  }

  open(
    path: string,
    { method = "GET", body, headers, from }: Asked = {},
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const address = from === undefined ? {} : { localAddress: from };
      const url = `${this.playback.url}${path}`;
      const made = request(url, { method, headers: { ...headers }, agent: false, ...address });
      made.on("response", resolve).on("error", reject);
      made.end(body);
    });
  }

  async create(args: unknown = null, asked: Asked = {}): Promise<string> {
    const body = JSON.stringify(args);
    const { value, text } = await this.ask("/session", { ...asked, method: "POST", body });
    if (typeof value.id !== "string") throw new Error(text);
    return value.id;
  }

  put(id: string, control: string, body: string): Promise<Reply> {
    return this.ask(`/session/${id}/control/${control}`, { method: "PUT", body });
  }

  async attach(id: string, { query = "", accept = "application/x-ndjson" } = {}): Promise<Stream> {
    return new Stream(await this.open(`/session/${id}/data${query}`, { headers: { accept } }));
  }
}

/** Items of one attached stream, in either form. */
export class Stream {
  readonly items: Item[] = [];
  readonly response: IncomingMessage;
  readonly ended: Promise<void>;
  readonly #waiting = new Set<() => void>();

  constructor(response: IncomingMessage) {
    this.response = response;
    this.ended = this.#read();
  }

  async #read(): Promise<void> {
    try {
      for await (const line of linesOf(this.response)) {
        const text = line.replace(/^data: /, "");
        if (text !== "") this.items.push(JSON.parse(text));
        for (const look of this.#waiting) look();
      }
    } catch (error) {
      // A host that ends, or a test that has seen enough, breaks the stream off.
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    }
  }

  of(type: string): Item[] {
    return this.items.filter((item) => item.type === type);
  }

  /** Resolves once the items look so; rejects if the stream ends before. */
  until(holds: (stream: Stream) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (!holds(this)) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
      this.ended.then(() => reject(new Error(`ended: ${JSON.stringify(this.items.at(-1))}`)));
    });
  }

  close(): void {
    this.response.destroy();
  }
}
