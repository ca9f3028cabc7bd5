// Takes a run over from a master that is gone: everything that was said is heard again, in the order in which the transport kept
// it, until this master knows what that one knew.
//
//   note start      -> the run begins, at the same instant on this machine's clock
//   note control    -> pauses and speeds, at the instants that they had
//   work            -> the ledger of the node; what was dealt again leaves the ledger of the node that was lost
//   results         -> rows and figures, by way of the links, as the first time
import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../../core/clock.ts";
import { DrayageError } from "../../core/errors.ts";
import type { EndedBy } from "../../pacing/timebase-control.ts";
import { FLAGS_AT, Flag } from "../../ring/operation-record.ts";
import type { BegunRun, Link } from "../link.ts";
import { bufferOf, offsetsOf, seqOf } from "../operation-run.ts";
import { MessageDecoder } from "../protocol/codec.ts";
import type { Control, Ops } from "../protocol/message.ts";
import { goOn, instantOf, silentNodes } from "./carried-on.ts";
import type { StartNote } from "./common-start.ts";
import type { GivenOperations } from "./given-operations.ts";
import type { NodeHandle } from "./node-handle.ts";

/** What a master notes of a run. */
export type RunNote =
  | StartNote
  | { readonly kind: "control"; readonly control: Control; readonly by: EndedBy };

export type RetellingEvents = {
  /** ns on the clock of this master. */
  begin(at: number, wallUs: number): void;
  order(control: Control, by: EndedBy): void;
  /** Results can be kept. */
  readonly hasRoom: () => boolean;
};

const ROOM_MS = 5;

export class Retelling {
  readonly #begun: BegunRun;
  readonly #nodes: readonly NodeHandle[];
  readonly #given: GivenOperations;
  readonly #clock: Clock;
  readonly #decoders = new Map<Link, MessageDecoder>();
  #start: StartNote | undefined;

  constructor(
    begun: BegunRun,
    nodes: readonly NodeHandle[],
    { given, clock }: { readonly given: GivenOperations; readonly clock: Clock },
  ) {
    this.#begun = begun;
    this.#nodes = nodes;
    this.#given = given;
    this.#clock = clock;
  }

  /** Throws DrayageError where the run had not begun, or not everything is there. Nodes that are gone are lost afterwards. */
  async run(events: RetellingEvents): Promise<void> {
    const silent = await silentNodes(this.#begun, this.#nodes, this.#clock);
    await this.#begun.retell({
      work: (link, frame) => this.#recall(link, frame),
      note: (note) => this.#take(note as RunNote, events),
      room: async () => {
        while (!events.hasRoom()) await delay(ROOM_MS);
      },
    });
    if (this.#start === undefined)
      throw new DrayageError("target-unreachable", "the run had not begun: start it anew");
    goOn(this.#start, this.#nodes, silent);
  }

  #take(note: RunNote, events: RetellingEvents): void {
    switch (note.kind) {
      case "start":
        // Said again only where it came too late the first time.
        this.#start = note;
        events.begin(instantOf(note, this.#nodes, this.#clock), note.wallUs);
        return;
      case "control":
        events.order(note.control, note.by);
        return;
      default:
        note satisfies never;
    }
  }

  #recall(link: Link, frame: Uint8Array): void {
    const decoder = this.#decoders.get(link) ?? new MessageDecoder();
    this.#decoders.set(link, decoder);
    const decoded = decoder.decode(frame);
    if (decoded.kind !== "message" || decoded.message.type !== "ops") return;
    const node = this.#nodes.find(({ conversation }) => conversation.link === link);
    if (node !== undefined) this.#recallOps(node, decoded.message);
  }

  #recallOps(node: NodeHandle, ops: Ops): void {
    const records = Buffer.from(bufferOf(ops.records));
    const open: number[] = [];
    for (const at of offsetsOf(records)) if (this.#isOpen(records, at)) open.push(at);
    node.recall({ ...ops, records }, open);
  }

  /** Whether the outcome of an operation that is given is still to come. */
  #isOpen(records: Buffer, at: number): boolean {
    const seq = seqOf(records, at);
    const again = this.#given.has(seq);
    this.#given.add(seq);
    if (!again || ((records[at + FLAGS_AT] as number) & Flag.dealtAgain) === 0) return true;
    // Dealt again: from a ledger in which it is open, or a lost node has told its outcome when nobody listened any more.
    return this.#nodes.some((node) => node.forget(seq));
  }
}
