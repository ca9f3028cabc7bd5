import { operationClasses } from "../core/operation.ts";
import { classNumbers, classTimes } from "./class-measures.ts";
import { type Distribution, DistributionSum, emptyDistribution } from "./distribution.ts";
import type {
  ClassFigures,
  Counts,
  Figures,
  NodeFigures,
  RequestFigures,
  SizeFigures,
} from "./figures.ts";

type Numbers = { readonly [Name in (typeof classNumbers)[number]]: number };
type ClassSum = Numbers & { readonly errors: Counts; readonly statuses: Counts };

const numbersOf = (value: (name: keyof Numbers) => number): Numbers =>
  Object.fromEntries(classNumbers.map((name) => [name, value(name)])) as Numbers;

const noCounts: ClassSum = { ...numbersOf(() => 0), errors: {}, statuses: {} };

function addCounts(a: Counts, b: Counts): Counts {
  const sum: Record<string, number> = { ...a };
  for (const [label, count] of Object.entries(b)) sum[label] = (sum[label] ?? 0) + count;
  return sum;
}

/**
 * Adds up the intervals of a run, of any number: each distribution that occurs has one histogram of 264 KiB, and an interval
 * costs no more than the values it has.
 */
export class FiguresSum {
  readonly #classes = new Map<string, ClassSum>();
  readonly #distributions = new Map<string, DistributionSum>();
  readonly #nodes = new Map<number, { done: number; failed: number; bytes: number }>();
  readonly #bins = new Set<number>();
  #events = { retries: 0, existed: 0, clippedHigh: 0, clippedLow: 0 };

  add(figures: Figures & { readonly nodes?: readonly NodeFigures[] | undefined }): void {
    for (const part of figures.classes) this.#addClass(part);
    this.#addTimes("lateness", figures.lateness);
    this.#addTimes("connect", figures.connect);
    for (const { bin, service } of figures.sizes) {
      this.#bins.add(bin);
      this.#addTimes(`size ${bin}`, service);
    }
    this.addNodes(figures.nodes ?? []);
    const before = this.#events;
    this.#events = {
      retries: before.retries + figures.retries,
      existed: before.existed + figures.existed,
      clippedHigh: before.clippedHigh + figures.clippedHigh,
      clippedLow: before.clippedLow + figures.clippedLow,
    };
  }

  addNodes(nodes: readonly NodeFigures[]): void {
    for (const part of nodes) this.#addNode(part);
  }

  #addClass(part: ClassFigures): void {
    const before = this.#classes.get(part.operation) ?? noCounts;
    this.#classes.set(part.operation, {
      ...numbersOf((name) => before[name] + part[name]),
      errors: addCounts(before.errors, part.errors),
      statuses: addCounts(before.statuses, part.statuses),
    });
    for (const measure of classTimes) this.#addTimes(`${part.operation} ${measure}`, part[measure]);
  }

  #addNode({ node, done, failed, bytes, response, service }: NodeFigures): void {
    const before = this.#nodes.get(node) ?? { done: 0, failed: 0, bytes: 0 };
    this.#nodes.set(node, {
      done: before.done + done,
      failed: before.failed + failed,
      bytes: before.bytes + bytes,
    });
    this.#addTimes(`node ${node} response`, response);
    this.#addTimes(`node ${node} service`, service);
  }

  #addTimes(key: string, distribution: Distribution): void {
    if (distribution === emptyDistribution) return;
    let sum = this.#distributions.get(key);
    if (sum === undefined) {
      sum = new DistributionSum();
      this.#distributions.set(key, sum);
    }
    sum.add(distribution);
  }

  #times(key: string): Distribution {
    const sum = this.#distributions.get(key)?.soFar();
    return sum === undefined || (sum.total === 0 && sum.sum === 0) ? emptyDistribution : sum;
  }

  /** Everything so far. */
  figures(): Figures {
    return {
      classes: operationClasses.flatMap((operation) => {
        const counts = this.#classes.get(operation);
        return counts === undefined ? [] : [{ operation, ...counts, ...this.#timesOf(operation) }];
      }),
      lateness: this.#times("lateness"),
      connect: this.#times("connect"),
      sizes: [...this.#bins]
        .sort((a, b) => a - b)
        .map((bin): SizeFigures => ({ bin, service: this.#times(`size ${bin}`) })),
      ...this.#events,
    };
  }

  #timesOf(operation: string): Pick<RequestFigures, (typeof classTimes)[number]> {
    return Object.fromEntries(
      classTimes.map((measure) => [measure, this.#times(`${operation} ${measure}`)]),
    ) as Pick<RequestFigures, (typeof classTimes)[number]>;
  }

  /** Nodes that did something. */
  nodes(): NodeFigures[] {
    return [...this.#nodes]
      .sort(([a], [b]) => a - b)
      .map(([node, counts]) => ({
        node,
        ...counts,
        response: this.#times(`node ${node} response`),
        service: this.#times(`node ${node} service`),
      }));
  }
}
