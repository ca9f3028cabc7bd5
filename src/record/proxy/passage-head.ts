import type { Micros } from "../../core/units.ts";

/** What is known of an exchange when its request has arrived. */
export type PassageHead = {
  readonly arrival: Micros;
  /** Monotonic, milliseconds. */
  readonly startedAt: number;
  /** Path and query. */
  readonly target: string;
  /** Origin of the proxy as this client knows it. */
  readonly door: string;
  readonly isExpecting: boolean;
  readonly isManifest: boolean;
};
