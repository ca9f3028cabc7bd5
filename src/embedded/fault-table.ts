import { type Random, random } from "../core/random.ts";
import { type Millis, millis } from "../core/units.ts";
import { drawDelay } from "./delay.ts";
import type { Fault } from "./fault.ts";
import { isHit } from "./fault-rate.ts";
import type { FaultRule } from "./fault-rule.ts";
import { isMatch } from "./request-match.ts";
import type { RequestType } from "./route.ts";

/** What happens to one request. */
export interface FaultPlan {
  readonly delayMs: Millis;
  readonly fault: Fault | undefined;
  /** Uniform in [0, 1): where in the body a corrupt bit sits. */
  readonly position: number;
}

interface Row {
  readonly rule: FaultRule;
  readonly random: Random;
  asked: number;
  hits: number;
}

/** How often each rule matched and hit, for the statistics. */
export interface FaultCount {
  readonly rule: string;
  readonly matched: number;
  readonly hits: number;
}

/**
 * The rules in force. Of the latencies that match a request the first counts; the faults that match are asked in order, and
 * the first that hits is it. Every rule draws from a stream of its own, so the same requests in the same order get the same
 * faults.
 */
export class FaultTable {
  readonly #seed: string;
  #rows: Row[] = [];
  #setAt: Millis;

  constructor(seed: string, rules: readonly FaultRule[], at: Millis) {
    this.#seed = seed;
    this.#setAt = at;
    this.set(rules, at);
  }

  get isEmpty(): boolean {
    return this.#rows.length === 0;
  }

  /** Replaces all rules; windows, counters and draws begin anew. */
  set(rules: readonly FaultRule[], at: Millis): void {
    this.#setAt = at;
    this.#rows = rules.map((rule, index) => ({
      rule,
      random: random(`${this.#seed}/fault/${index}`),
      asked: 0,
      hits: 0,
    }));
  }

  restart(at: Millis): void {
    this.set(
      this.#rows.map(({ rule }) => rule),
      at,
    );
  }

  counts(): FaultCount[] {
    return this.#rows.map(({ rule, asked, hits }) => ({ rule: rule.text, matched: asked, hits }));
  }

  plan(
    request: { readonly method: string; readonly type: RequestType; readonly name: string },
    at: Millis,
  ): FaultPlan {
    let delayMs: Millis | undefined;
    let hit: { fault: Fault; position: number } | undefined;
    for (const row of this.#rows) {
      if (!isMatch(row.rule.match, request)) continue;
      if (row.rule.kind === "latency") delayMs ??= this.#delay(row, row.rule);
      else hit ??= this.#hit(row, row.rule, at);
    }
    return { delayMs: delayMs ?? millis(0), fault: hit?.fault, position: hit?.position ?? 0 };
  }

  #delay(row: Row, rule: FaultRule & { kind: "latency" }): Millis {
    row.asked++;
    row.hits++;
    return drawDelay(rule.delay, row.random);
  }

  #hit(
    row: Row,
    rule: FaultRule & { kind: "fault" },
    at: Millis,
  ): { fault: Fault; position: number } | undefined {
    row.asked++;
    const sinceMs = at - this.#setAt;
    const hits = isHit(rule.rate, { asked: row.asked, sinceMs, random: row.random });
    const position = row.random.next();
    if (!hits) return undefined;
    row.hits++;
    return { fault: rule.fault, position };
  }
}
