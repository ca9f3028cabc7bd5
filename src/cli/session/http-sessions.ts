// What `drayage session` asks of a session host over HTTP.
import { Readable } from "node:stream";
import { DrayageError, messageOf, UsageError } from "../../core/errors.ts";
import { linesOf } from "../../core/lines.ts";
import type { ControlValue, SessionApi, SessionDescription, SessionRow } from "./session-api.ts";

/** An answer is small; a host that takes longer for one is not there. */
const ANSWER_MS_MAX = 30_000;

type Shown = { readonly value: ControlValue };

export class HttpSessions implements SessionApi {
  readonly #url: string;
  readonly #token: string | undefined;

  /** UsageError if `url` is none. */
  constructor(url: string, token: string | undefined) {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
      throw new UsageError(`--url wants a URL such as http://127.0.0.1:7070, not "${url}"`);
    this.#url = url.replace(/\/+$/, "");
    this.#token = token;
  }

  async create(args: Readonly<Record<string, unknown>>): Promise<string> {
    const body = JSON.stringify(args);
    return (await this.#value<{ id: string }>("/session", { method: "POST", body })).id;
  }

  list(): Promise<readonly SessionRow[]> {
    return this.#value("/session");
  }

  describe(id: string): Promise<SessionDescription> {
    return this.#value(`/session/${part(id)}`);
  }

  async read(id: string, control: string): Promise<ControlValue> {
    return (await this.#value<Shown>(`/session/${part(id)}/control/${part(control)}`)).value;
  }

  async write(
    id: string,
    { control, value }: { control: string; value: string },
  ): Promise<ControlValue> {
    const path = `/session/${part(id)}/control/${part(control)}`;
    const body = JSON.stringify(value);
    return (await this.#value<Shown>(path, { method: "PUT", body })).value;
  }

  async remove(id: string): Promise<void> {
    await this.#ask(`/session/${part(id)}`, { method: "DELETE" });
  }

  /** Lines of NDJSON until the stream ends or `signal` ends it. */
  async *attach(
    id: string,
    { filter, signal }: { filter: readonly string[]; signal: AbortSignal },
  ): AsyncGenerator<string> {
    const query = new URLSearchParams(filter.map((glob): [string, string] => ["filter", glob]));
    const path = `/session/${part(id)}/data?${query}`;
    const headers = { accept: "application/x-ndjson" };
    try {
      const { body, headers: told } = await this.#ask(path, { headers, signal });
      if (told.get("content-type")?.startsWith(headers.accept) !== true) throw this.#noHost();
      if (body === null) return;
      yield* linesOf(Readable.fromWeb(body));
    } catch (error) {
      // Ending the attachment is no failure of it.
      if (signal.aborted) return;
      if (error instanceof DrayageError) throw error;
      throw new DrayageError("target-unreachable", "the stream broke", { cause: error });
    }
  }

  /** The answer, which only a session host gives in this form. */
  async #value<T>(path: string, init?: RequestInit): Promise<T> {
    const response = await this.#ask(path, init);
    const value: unknown = await response.json().catch(() => undefined);
    if (typeof value !== "object" || value === null) throw this.#noHost();
    return value as T;
  }

  #noHost(): DrayageError {
    const problem = `what answers at ${this.#url} is no session host`;
    return new DrayageError("target-unreachable", problem);
  }

  async #ask(path: string, { headers, signal, ...init }: RequestInit = {}): Promise<Response> {
    const authorization =
      this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` };
    const response = await fetch(`${this.#url}${path}`, {
      ...init,
      headers: { ...headers, ...authorization },
      signal: signal ?? AbortSignal.timeout(ANSWER_MS_MAX),
    }).catch((cause: unknown) => {
      const problem = `no session host at ${this.#url}: ${messageOf(cause)}`;
      throw new DrayageError("target-unreachable", problem, { cause });
    });
    if (!response.ok) throw await refusalOf(response, this.#url);
    return response;
  }
}

const part = (text: string): string => encodeURIComponent(text);

async function refusalOf(response: Response, url: string): Promise<Error> {
  const text = await response.text();
  const reason = reasonIn(text) ?? `status ${response.status} from ${url}: is that a session host?`;
  if (response.status === 401)
    return new DrayageError("auth-failed", `${reason}: set DRAYAGE_TOKEN to publish.token`);
  if (response.status >= 500) return new DrayageError("target-unreachable", reason);
  return new UsageError(reason);
}

function reasonIn(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === "string" ? error : undefined;
  } catch {
    return undefined;
  }
}
