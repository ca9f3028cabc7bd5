import type { IdleFigures } from "./calibration.ts";

/** What the thread that measures timers is started with. `board` is drawn in wake-board.ts. */
export type IdleTask = {
  readonly origin: bigint;
  readonly board: SharedArrayBuffer;
  readonly seconds: number;
};

export type FromIdleThread =
  /** Ring from now on, until "figures" comes. */
  { readonly kind: "ring" } | { readonly kind: "figures"; readonly figures: IdleFigures };
