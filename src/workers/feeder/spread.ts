// Whose an operation is: worker of the configuration, thread, slot, session, registry. A pure function of the plan and of
// what came before in the trace, so that every machine and every dry run agrees.
//
//   worker    route or sessions: by trace client      otherwise: number i goes to worker i mod n
//   thread    of that worker: by slot or session, otherwise in turn
//   registry  random (seeded), in turn, or by uri
//
// Runs once per operation in the feeder; allocates for new trace clients only, and with sessions a key for each GET.

import { Kind, Op } from "../../core/operation.ts";
import { type Random, random } from "../../core/random.ts";
import { ANY_SLOT, Flag, NO_SESSION, type OperationFields } from "../../ring/operation-record.ts";
import { ClientIndex } from "../../trace/client-index.ts";
import { type RingHash, ringHash, type SlotAssigner, slotAssigner } from "../../trace/partition.ts";
import type { RecordView } from "../../trace/record-view.ts";
import type { RunFeedPlan } from "../feed-plan.ts";

export class Spread {
  readonly #plan: RunFeedPlan;
  readonly #threadsPerNode: number;
  readonly #clients = new ClientIndex();
  readonly #nodeRing: RingHash;
  readonly #registryRing: RingHash;
  readonly #registryRandom: Random;
  readonly #slots: readonly SlotAssigner[];
  /** seq + 1 of the last manifest GET, by session and repository name. */
  readonly #manifests = new Map<string, number>();
  #count = 0;
  /** Ring that the operation placed last belongs into. */
  thread = 0;

  constructor(plan: RunFeedPlan) {
    this.#plan = plan;
    this.#threadsPerNode = plan.threads / plan.nodes;
    this.#nodeRing = ringHash(plan.nodes);
    this.#registryRing = ringHash(plan.endpoints.length);
    this.#registryRandom = random(`${plan.seed}\0registry`);
    this.#slots = Array.from({ length: plan.slots > 0 ? plan.nodes : 0 }, () =>
      slotAssigner(plan.slots),
    );
  }

  /** Fills node, slot, session, after and registry of `fields`, adds to its flags, and sets `thread`. */
  assign(record: RecordView, delayUs: number, fields: OperationFields): void {
    const number = this.#count++;
    fields.session = this.#plan.sessions ? this.#sessionOf(record) : NO_SESSION;
    if (this.#plan.sessions) fields.flags |= Flag.ownConnections;
    fields.node = this.#nodeOf(record, fields.session, number);
    fields.slot = ANY_SLOT;
    let lane = Math.floor(number / this.#plan.nodes);
    const slots = this.#slots[fields.node];
    if (slots !== undefined) {
      fields.slot = slots.assign(delayUs / 1e6, record.duration);
      lane = fields.slot;
    } else if (fields.session !== NO_SESSION) {
      lane = fields.session;
    }
    const first = this.#plan.share === undefined ? fields.node * this.#threadsPerNode : 0;
    this.thread = first + (lane % this.#threadsPerNode);
    fields.registry = this.#registryOf(record, number);
    fields.after = this.#plan.sessions ? this.#predecessorOf(record, fields) : 0;
  }

  #sessionOf(record: RecordView): number {
    return this.#clients.indexOf(record.buffer, record.clientAt, record.clientEnd);
  }

  #nodeOf(record: RecordView, session: number, number: number): number {
    const { nodes, route, sessions } = this.#plan;
    if (nodes === 1) return 0;
    if (route) return this.#nodeRing.ownerOf(record.buffer, record.clientAt, record.clientEnd);
    return (sessions ? session : number) % nodes;
  }

  #registryOf(record: RecordView, number: number): number {
    const count = this.#plan.endpoints.length;
    if (count === 1) return 0;
    switch (this.#plan.registryChoice) {
      case "random":
        return this.#registryRandom.integer(count);
      case "round_robin":
        return number % count;
      case "hash":
        return this.#registryRing.ownerOf(record.buffer, record.uriAt, record.uriEnd);
      default:
        return this.#plan.registryChoice satisfies never;
    }
  }

  /** A blob waits for its session's last manifest of the same name, as the client that was traced had to. */
  #predecessorOf(record: RecordView, fields: OperationFields): number {
    if (record.nameAt < 0 || fields.op !== Op.GET) return 0;
    const key = `${fields.session}/${record.name}`;
    if (record.kind === Kind.manifest) {
      this.#manifests.set(key, fields.seq + 1);
      return 0;
    }
    return this.#manifests.get(key) ?? 0;
  }
}
