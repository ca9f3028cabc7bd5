// Figures of pullers on several machines. All nodes tell theirs up to the same instants: the seconds since the start, and those
// that the master asks for, where one step ends and another begins. What lies before an instant is merged when all nodes have
// told it; what lies behind an instant that somebody waits for is not merged before they have read.
//
//   node 0   |----1----|--cut--|-2-|---3----|        told up to 3
//   node 1   |----1----|--cut--|                     told up to the cut
//   merged   |----1----|--cut--|                     waiters for the cut read now, the rest follows
import type { IntervalSnapshot } from "../../stats/figures.ts";
import { allocateTally } from "../../stats/tally-layout.ts";
import { TallyMirror } from "../../stats/tally-mirror.ts";
import { allocateBoard, BoardWord, PullBoard } from "../../workers/pull-board.ts";

/** Nodes beyond share a tally: each takes some megabytes, and readers copy its words once a second. */
const TALLIES_MAX = 16;

type Told = { readonly snapshot: IntervalSnapshot; readonly board: readonly number[] };
type Node = { readonly waiting: Told[]; end: number; ended: boolean };
type Waiter = { readonly at: number; readonly resolve: () => void };

export class FleetFigures {
  readonly tallies: readonly SharedArrayBuffer[];
  /** One per node. */
  readonly boards: readonly PullBoard[];
  readonly #mirrors: readonly TallyMirror[];
  readonly #nodes: readonly Node[];
  /** In the order of their instants. */
  #waiters: Waiter[] = [];
  /** Somebody reads what is merged so far. */
  #isRead = false;
  /** ns since the start. */
  mergedTo = 0;
  /** The start on the clock of whoever reads the boards, ns. */
  startAt = 0;

  constructor(nodes: number) {
    this.tallies = Array.from({ length: Math.min(nodes, TALLIES_MAX) }, allocateTally);
    this.#mirrors = this.tallies.map((memory) => new TallyMirror(memory));
    this.boards = Array.from({ length: nodes }, () => new PullBoard(allocateBoard()));
    this.#nodes = Array.from({ length: nodes }, () => ({ waiting: [], end: 0, ended: false }));
  }

  add(node: number, snapshot: IntervalSnapshot, board: readonly number[]): void {
    const told = this.#nodes[node] as Node;
    told.waiting.push({ snapshot, board });
    told.end = snapshot.end;
    this.#merge();
  }

  /** Nothing more comes of this node, and nobody pulls there. */
  end(node: number): void {
    const told = this.#nodes[node] as Node;
    told.ended = true;
    this.#merge();
    if (told.waiting.length === 0) this.#leave(node);
  }

  #leave(node: number): void {
    const board = this.boards[node] as PullBoard;
    board.set(BoardWord.pullsInProgress, 0);
    this.#mirrorOf(node).gauge(node, { inFlight: 0, waiting: 0 });
  }

  /** Resolves when everything before an instant is merged; it is to be read before the next turn of the event loop. */
  upTo(at: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = this.#waiters.findLastIndex((waiter) => waiter.at <= at);
    this.#waiters.splice(before + 1, 0, { at, resolve });
    this.#merge();
    return promise;
  }

  #mirrorOf(node: number): TallyMirror {
    return this.#mirrors[node % this.#mirrors.length] as TallyMirror;
  }

  #merge(): void {
    if (this.#isRead) return;
    const running = this.#nodes.filter(({ ended }) => !ended);
    const told = Math.min(Number.POSITIVE_INFINITY, ...running.map(({ end }) => end));
    const [first] = this.#waiters;
    const to = first === undefined ? told : Math.min(told, first.at);
    this.#nodes.forEach(({ waiting, ended }, node) => {
      while (waiting[0] !== undefined && waiting[0].snapshot.end <= to) {
        this.#mergeOne(node, waiting.shift() as Told);
        if (ended && waiting.length === 0) this.#leave(node);
      }
    });
    if (first !== undefined && told >= first.at) this.#letRead(first);
  }

  #mergeOne(node: number, { snapshot, board: words }: Told): void {
    this.#mirrorOf(node).add(node, snapshot);
    this.mergedTo = Math.max(this.mergedTo, snapshot.end);
    const board = this.boards[node] as PullBoard;
    words.forEach((value, word) => {
      board.set(word, value);
    });
    board.set(BoardWord.changedAt, this.startAt + snapshot.end);
  }

  #letRead({ at, resolve }: Waiter): void {
    this.mergedTo = Math.max(this.mergedTo, at);
    this.#waiters.shift();
    this.#isRead = true;
    resolve();
    setImmediate(() => {
      this.#isRead = false;
      this.#merge();
    });
  }
}
