// What `drayage ctl` may order of a run, and how an order is proved to come from somebody who knows the token.
import { createHmac, timingSafeEqual } from "node:crypto";

/** In the order of the help. `drain`: what is under way ends, nothing new starts; `stop`: it is cut off as well. */
export const orderNames = ["pause", "resume", "speed", "drain", "stop"] as const;

export type Order = {
  readonly order: (typeof orderNames)[number];
  /** Of `speed`: schedule seconds per second. */
  readonly factor?: number | undefined;
};

/** What became of it. Times are seconds since the start of the run. */
export type OrderAnswer = {
  readonly order: string;
  /** From when it holds; null where it is not known yet. */
  readonly at: number | null;
};

/** The token itself is never sent: `nonce` comes from the run and is good for one order. */
export function orderProof(
  token: string,
  { nonce, order }: { nonce: string; order: Order },
): string {
  const said = JSON.stringify([nonce, order.order, order.factor ?? null]);
  return createHmac("sha256", `drayage ctl token\0${token}`).update(said).digest("hex");
}

export const sameProofText = (one: string, other: string): boolean =>
  one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));

/** Undefined for what is no order. */
export function orderOf(value: unknown): Order | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { order: name, factor } = value as { order?: unknown; factor?: unknown };
  const order = orderNames.find((known) => known === name);
  if (order === undefined) return undefined;
  if (order !== "speed") return { order };
  return typeof factor === "number" && Number.isFinite(factor) ? { order, factor } : undefined;
}
