// What `drayage ctl` asks of a run over HTTP.
import { DrayageError, messageOf, UsageError } from "../../core/errors.ts";
import { type Order, type OrderAnswer, orderProof } from "./order.ts";
import type { RunStatus } from "./run-status.ts";

/** An answer is small; a run that takes longer for one is not there. */
const ANSWER_MS_MAX = 10_000;

export class RunClient {
  readonly #url: string;
  readonly #token: string;

  /** UsageError if `url` is none. */
  constructor(url: string, token: string) {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
      throw new UsageError(`--url wants a URL such as http://127.0.0.1:8080, not "${url}"`);
    this.#url = url.replace(/\/+$/, "");
    this.#token = token;
  }

  async status(): Promise<RunStatus> {
    return (await this.#ask("/status")) as RunStatus;
  }

  async order(order: Order): Promise<OrderAnswer> {
    const { nonce, token } = (await this.#ask("/control")) as { nonce: string; token: boolean };
    const proof = token ? orderProof(this.#token, { nonce, order }) : undefined;
    const body = JSON.stringify({ ...order, nonce, proof });
    const headers = { "content-type": "application/json" };
    return (await this.#ask("/control", { method: "POST", body, headers })) as OrderAnswer;
  }

  async #ask(path: string, init: RequestInit = {}): Promise<unknown> {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const response = await fetch(`${this.#url}${path}`, { ...init, signal }).catch(
      (cause: unknown) => {
        throw new DrayageError(
          "target-unreachable",
          `no run at ${this.#url} (${messageOf(cause)}): drayage master listens on client_info.port, run, warmup and load with --ctl 127.0.0.1:8080`,
        );
      },
    );
    const answer = await response.json().catch(() => undefined);
    if (response.ok && answer !== undefined) return answer;
    const { error } = (answer ?? {}) as { error?: unknown };
    if (typeof error !== "string")
      throw new DrayageError(
        "target-unreachable",
        `${this.#url} is no run of drayage: it answered ${path} with status ${response.status}`,
      );
    if (response.status === 401) throw new DrayageError("auth-failed", error);
    throw new UsageError(error);
  }
}
