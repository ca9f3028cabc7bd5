import { readerSource } from "./fill-sources.ts";
import type { LogReader } from "./log-item.ts";
import type { QueueCore } from "./queue-core.ts";
import { QueueFiller } from "./queue-filler.ts";

/** How long a reader of the user's may keep this thread at a stretch. */
const SLICE_MS = 2;

/** Fills a queue from a reader of the user's, on the thread that made it, in slices between which everything else has its turn. */
export class LocalPump {
  readonly #core: QueueCore;
  readonly #filler: QueueFiller;
  readonly #onFailure: (error: unknown, pass: number) => void;
  #turn: NodeJS.Immediate | undefined;

  constructor(
    core: QueueCore,
    reader: LogReader,
    onFailure: (error: unknown, pass: number) => void,
  ) {
    this.#core = core;
    this.#onFailure = onFailure;
    this.#filler = new QueueFiller(core.memory, readerSource(reader), (body) =>
      core.putBeside(body),
    );
    core.onRoom = () => this.#soon();
  }

  start(): void {
    this.#soon();
  }

  /** Goes back with the reader at once, so that its state can be told. */
  rewind(): void {
    const step = this.#filler.step();
    if (step.kind === "failed") throw step.error;
  }

  close(): void {
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    this.#turn = undefined;
  }

  #soon(): void {
    this.#turn ??= setImmediate(() => {
      this.#turn = undefined;
      this.#slice();
    });
  }

  #slice(): void {
    const until = performance.now() + SLICE_MS;
    while (performance.now() < until) {
      const step = this.#filler.step();
      if (step.kind === "more") continue;
      if (step.kind === "full") this.#filler.board.waitsForRoom();
      if (step.kind === "failed") this.#onFailure(step.error, step.pass);
      this.#core.poke();
      return;
    }
    this.#filler.tell();
    this.#soon();
  }
}
