// What becomes of the operations of nodes that are lost: they are told as such, or go to the others.
import { FLAGS_AT, Flag, NO_SESSION, NODE_AT, SESSION_AT } from "../../ring/operation-record.ts";
import { recordLength } from "../../ring/record-run.ts";
import type { NodeHandle } from "./node-handle.ts";
import { AHEAD_OPERATIONS, type BatchTaker } from "./operation-pump.ts";
import type { OutcomeDesk } from "./outcome-desk.ts";

export type OnLost = "report" | "redistribute";

/** Operations of one batch to another node. */
const BATCH = 256;

type Landing = { readonly desk: OutcomeDesk; landed(node: number, operations: number): void };

export class LostOperations {
  readonly #nodes: readonly NodeHandle[];
  readonly #onLost: OnLost;
  readonly #landing: Landing;
  #waiting: { readonly record: Buffer; readonly from: NodeHandle }[] = [];
  #turn = 0;

  constructor(nodes: readonly NodeHandle[], onLost: OnLost, landing: Landing) {
    this.#nodes = nodes;
    this.#onLost = onLost;
    this.#landing = landing;
  }

  /** Operations that nobody has. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Everything that a lost node was given and told no outcome of. */
  add(from: NodeHandle): void {
    for (const record of from.takeOpen()) this.take(from, record);
    this.deal();
  }

  /** Takes what would have been given to a lost node. */
  takerOf(from: NodeHandle): BatchTaker {
    return {
      open: this.waiting,
      isFull: this.waiting >= AHEAD_OPERATIONS,
      give: (records, offsets) => {
        for (const at of offsets)
          this.take(from, records.subarray(at, at + recordLength(records, at)));
      },
    };
  }

  /** An operation that went down with its node. */
  take(from: NodeHandle, record: Buffer): void {
    from.lostOperations++;
    if (this.#onLost === "redistribute") this.#waiting.push({ record, from });
    else this.#giveUp(from, record);
  }

  #giveUp(from: NodeHandle, record: Buffer): void {
    this.#landing.desk.keepLost(record);
    this.#landing.landed(from.index, 1);
  }

  /** Gives what waits to nodes that have room. */
  deal(): void {
    if (this.#waiting.length === 0) return;
    const alive = this.#nodes.filter((node) => node.isAlive);
    if (alive.length === 0) {
      for (const { record, from } of this.#waiting) this.#giveUp(from, record);
      this.#waiting = [];
      return;
    }
    const shares = new Map<NodeHandle, Buffer[]>();
    const rest = this.#waiting.filter(({ record, from }) => {
      const node = alive[this.#laneOf(record) % alive.length] as NodeHandle;
      if (node.isFull || node.open >= AHEAD_OPERATIONS) return true;
      const share = shares.get(node) ?? [];
      shares.set(node, share);
      share.push(dealtTo(record, node.index));
      from.dealtAgain++;
      if (share.length >= BATCH) give(node, share.splice(0));
      return false;
    });
    this.#waiting = rest;
    for (const [node, share] of shares) if (share.length > 0) give(node, share);
  }

  /** A session stays together. */
  #laneOf(record: Buffer): number {
    const session = record.readUInt32LE(SESSION_AT);
    return session === NO_SESSION ? this.#turn++ : session;
  }
}

function dealtTo(record: Buffer, node: number): Buffer {
  const copy = Buffer.from(record);
  copy.writeUInt16LE(node, NODE_AT);
  copy[FLAGS_AT] = (copy[FLAGS_AT] as number) | Flag.dealtAgain;
  return copy;
}

function give(node: NodeHandle, records: readonly Buffer[]): void {
  const offsets: number[] = [];
  let at = 0;
  for (const record of records) {
    offsets.push(at);
    at += record.length;
  }
  node.give(Buffer.concat(records, at), offsets);
}
