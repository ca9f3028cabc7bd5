// What `drayage session --nats` asks of a session host.
import { messageOf, UsageError } from "../../core/errors.ts";
import { HostRefusal } from "../../playback/nats/host-refusal.ts";
import { SessionClient } from "../../playback/nats/session-client.ts";
import type { ControlValue, SessionApi, SessionDescription, SessionRow } from "./session-api.ts";

export class NatsSessions implements SessionApi {
  readonly #client: SessionClient;

  private constructor(client: SessionClient) {
    this.#client = client;
  }

  /** UsageError if `url` is none. */
  static async connect(at: { url: string; base: string }): Promise<NatsSessions> {
    try {
      return new NatsSessions(await SessionClient.connect(at));
    } catch (error) {
      if (error instanceof TypeError) throw new UsageError(`--nats: ${messageOf(error)}`);
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  create(args: Readonly<Record<string, unknown>>): Promise<string> {
    return told(this.#client.create(args));
  }

  async list(): Promise<readonly SessionRow[]> {
    return (await told(this.#client.list())) as readonly SessionRow[];
  }

  async describe(id: string): Promise<SessionDescription> {
    return (await told(this.#client.describe(id))) as SessionDescription;
  }

  read(id: string, control: string): Promise<ControlValue> {
    return told(this.#client.read(id, control));
  }

  write(id: string, written: { control: string; value: string }): Promise<ControlValue> {
    return told(this.#client.write(id, written));
  }

  remove(id: string): Promise<void> {
    return told(this.#client.remove(id));
  }

  async *attach(
    id: string,
    how: { filter: readonly string[]; signal: AbortSignal },
  ): AsyncGenerator<string> {
    try {
      yield* this.#client.attach(id, how);
    } catch (error) {
      throw userError(error);
    }
  }
}

async function told<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw userError(error);
  }
}

/** What a host refuses is what was typed. */
const userError = (error: unknown): unknown =>
  error instanceof HostRefusal ? new UsageError(error.message) : error;
