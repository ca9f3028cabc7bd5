// The other end of the NATS adapter: what `drayage session … --nats` asks of a session host.
import { hostname, userInfo } from "node:os";
import { createInbox, headers, type Msg, type NatsConnection } from "@nats-io/nats-core";
import { DrayageError } from "../../core/errors.ts";
import { filterOf } from "../session/request-text.ts";
import { isUnanswered, missing, refusalOf } from "./host-refusal.ts";
import { LineQueue } from "./line-queue.ts";
import { connectTo, natsAddress } from "./nats-address.ts";
import { SessionListener } from "./session-listener.ts";
import { type Looks, usualLooks, whileSeen } from "./session-search.ts";
import { SessionSubjects } from "./session-subjects.ts";
import { StreamLines } from "./stream-lines.ts";

class NoAnswer extends DrayageError {
  constructor(problem: string) {
    super("target-unreachable", problem);
  }
}

/** An answer is small; a host that takes longer for one is not there. */
const ANSWER_MS_MAX = 30_000;
/** A session is kept by so many requests per lease. */
const KEEPS_PER_LEASE = 3;
/** So many in a row without an answer: the session is gone, and not only its connection, or the shard that had it. */
const KEEPS_FAILED_MAX = 3;

type Value = string | number | null;
type Answered = { readonly value: unknown; readonly last: Msg };

type SessionHostPlace = { readonly url: string; readonly base: string; readonly looks?: Looks };

export class SessionClient {
  readonly #connection: NatsConnection;
  readonly #subjects: SessionSubjects;
  readonly #url: string;
  readonly #looks: Looks;

  private constructor(
    connection: NatsConnection,
    { url, base, looks = usualLooks }: SessionHostPlace,
  ) {
    this.#connection = connection;
    this.#url = url;
    this.#subjects = new SessionSubjects(base);
    this.#looks = looks;
  }

  /** TypeError if `url` is no address; DrayageError if nobody is there or nobody lets us in. */
  static async connect(at: SessionHostPlace): Promise<SessionClient> {
    const address = natsAddress(at.url);
    const doing = "cannot connect to NATS server";
    const connection = await connectTo(at.url, { name: "drayage session", doing, address });
    return new SessionClient(connection, at);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async create(args: Readonly<Record<string, unknown>>): Promise<string> {
    const answer = await this.#ask(this.#subjects.host("session"), args);
    return (answer.value as { id: string }).id;
  }

  async list(): Promise<unknown> {
    return (await this.#ask(this.#subjects.host("sessions"))).value;
  }

  async describe(id: string): Promise<unknown> {
    return (await this.#askSession(id, "description")).value;
  }

  async read(id: string, control: string): Promise<Value> {
    return (await this.#askSession(id, currentOf(control))).value as Value;
  }

  async write(id: string, { control, value }: { control: string; value: string }): Promise<Value> {
    const { last } = await this.#askSession(id, currentOf(control), value);
    return JSON.parse(last.headers?.get("Replay-Value") ?? "null") as Value;
  }

  async remove(id: string): Promise<void> {
    await this.#askSession(id, "delete");
  }

  /** Lines of JSON, the same as over HTTP, until the stream ends or `signal` ends it. */
  async *attach(
    id: string,
    { filter, signal }: { filter: readonly string[]; signal: AbortSignal },
  ): AsyncGenerator<string> {
    const queue = new LineQueue();
    const subjects = this.#subjects.of(token(id));
    const lines = new StreamLines({
      subjects,
      inboxes: `${createInbox()}.*`,
      filter: filterOf(filter),
      onLine: (line) => queue.push(line),
      onEnd: () => queue.end(),
    });
    const stop = (): void => queue.end();
    signal.addEventListener("abort", stop);
    const listener = new SessionListener({
      connection: this.#connection,
      prefix: subjects.prefix,
      lines,
      queue,
      imageMs: this.#looks.imageMs,
      noImage: () => new NoAnswer(`no image of the session from ${this.#where}`),
    });
    let keeping: NodeJS.Timeout | undefined;
    try {
      await this.#askSession(id, "description");
      listener.begin();
      keeping = await this.#keep(id, queue);
      yield* queue;
    } finally {
      signal.removeEventListener("abort", stop);
      clearInterval(keeping);
      listener.leave();
    }
  }

  async #keep(id: string, queue: LineQueue): Promise<NodeJS.Timeout> {
    const { value } = await this.#askSession(id, "keepalive");
    const { lease_seconds: lease } = value as { lease_seconds: number };
    let failures = 0;
    const keep = async (): Promise<void> => {
      try {
        await this.#askSession(id, "keepalive");
        failures = 0;
      } catch (error) {
        failures++;
        if (failures >= KEEPS_FAILED_MAX) queue.fail(error as Error);
      }
    };
    return setInterval(keep, Math.min((lease * 1000) / KEEPS_PER_LEASE, ANSWER_MS_MAX));
  }

  #of(id: string, name: string): string {
    return `${this.#subjects.of(token(id)).prefix}.${name}`;
  }

  #askSession(id: string, name: string, body?: string): Promise<Answered> {
    return whileSeen(this.#ask(this.#of(id, name), body), {
      looks: this.#looks,
      isSeen: () => this.#isSeen(id),
      nobody: () => this.#nobody,
    });
  }

  /** False: nobody says whether it is there. Rejects if it is not. */
  async #isSeen(id: string): Promise<boolean> {
    const { answerMsMax } = this.#looks;
    const isSilent = (error: unknown): false => {
      if (error instanceof NoAnswer) return false;
      throw error;
    };
    const described = this.#answerTo(this.#of(id, "description"), "", answerMsMax);
    if (await described.then(() => true, isSilent)) return true;
    const list = this.#answerTo(this.#subjects.host("sessions"), "", answerMsMax);
    return list.then(({ text }) => {
      const sessions: { id?: string }[] | { error: string } = JSON.parse(text);
      if (Array.isArray(sessions) && sessions.every((one) => one.id !== id)) throw missing();
      return true;
    }, isSilent);
  }

  /** The answer, put together if it came in parts. */
  async #ask(subject: string, body?: unknown): Promise<Answered> {
    const message = await this.#answerTo(subject, body === undefined ? "" : JSON.stringify(body));
    const value = this.#valueIn(message.text);
    const refused = typeof value === "object" && value !== null && "error" in value;
    if (refused) throw refusalOf(String(value.error), message.last);
    return { value, last: message.last };
  }

  #valueIn(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (cause) {
      const problem = `what answers at ${this.#where} is no session host`;
      throw new DrayageError("target-unreachable", problem, { cause });
    }
  }

  #answerTo(
    subject: string,
    body: string,
    ms = ANSWER_MS_MAX,
  ): Promise<{ text: string; last: Msg }> {
    const connection = this.#connection;
    const inbox = createInbox();
    return new Promise((resolve, reject) => {
      const parts: Uint8Array[] = [];
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        answers.unsubscribe();
        act();
      };
      const timer = setTimeout(
        () => settle(() => reject(new NoAnswer(`no answer from ${this.#where} in ${ms / 1000} s`))),
        ms,
      );
      // The connection keeps the process, as long as it is open.
      timer.unref();
      const answers = connection.subscribe(inbox, {
        callback: (error, message) => {
          if (error !== null) return settle(() => reject(error));
          if (isUnanswered(message)) return settle(() => void this.#absent(subject).then(reject));
          parts.push(message.data);
          const [, count = "1"] = message.headers?.get("Replay-Part").split("/") ?? [];
          if (parts.length === Number(count))
            settle(() => resolve({ text: Buffer.concat(parts).toString("utf8"), last: message }));
        },
      });
      connection.publish(subject, body, { reply: inbox, headers: named() });
    });
  }

  get #where(): string {
    return `${this.#url.replaceAll(/[^/,]*@/g, "")} below ${this.#subjects.root}`;
  }

  get #nobody(): DrayageError {
    return new DrayageError("target-unreachable", `no session host at ${this.#where}`);
  }

  /** Nobody listens on that subject: is there a host that has no such session, or none? */
  async #absent(subject: string): Promise<Error> {
    const nobody = this.#nobody;
    const sessions = this.#subjects.host("sessions");
    if (subject === sessions) return nobody;
    return this.#answerTo(sessions, "").then(
      () => missing(),
      () => nobody,
    );
  }
}

/** Limits are counted by it: all commands of a user of a machine are one client, as over HTTP. */
function named() {
  const own = headers();
  own.set("Drayage-Client", `${userInfo().username}@${hostname()}`);
  return own;
}

const currentOf = (control: string): string => `control.${token(control)}.current`;

/** Whatever is typed as an id or a control must stay one part of a subject. */
const token = (text: string): string => text.replaceAll(/[^A-Za-z0-9_-]/g, "_") || "_";
