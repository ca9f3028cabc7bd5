import type { Nanos } from "../core/units.ts";
import type { Order } from "../registry/order.ts";

/**
 * One operation under way. The table of a request worker thread holds a fixed number of these; the dispatcher fills
 * `order`, calls `launch`, and reads the rest when the flight has landed. Times are nanoseconds on the thread's clock.
 */
export interface Flight {
  readonly order: Order;
  /** First byte of the first request handed to the socket, connecting included. */
  readonly sentAt: number;
  /** First byte of the response that counts, or NaN. */
  readonly firstByteAt: number;
  /** When the connection stood that it had to open for its first request; NaN where there was one. */
  readonly connectedAt: number;
  /** End of the last response, or of the failure. */
  readonly doneAt: number;
  /** Received by a GET (also in part), sent by what has a body: see `sendsBody` of registry/order.ts. */
  readonly bytes: number;
  /** Last HTTP status; 0 = none. */
  readonly status: number;
  /** Code of core/failure.ts; 0 = success. */
  readonly failure: number;
  /** Why it failed, for people; empty on success. */
  readonly detail: string;
  readonly attempts: number;
  /** How the object came to be there: code of ring/outcome-record.ts `Disposition`. */
  readonly how: number;
  /** Which of its requests came last: index of ring/outcome-record.ts `steps`. */
  readonly step: number;

  launch(): void;
  /** Ends it now with failure `aborted`; it lands like any other. */
  abort(): void;
}

/** Told when a flight has ended. It may launch the next one from within this call. */
export interface Landing {
  landed(flight: Flight): void;
}

/** What a target did besides its flights, since it was made. Plain counters, read once a second. */
export type TargetCounts = {
  readonly connectionsOpened: number;
  /** Places that redirects led to, whose connections were closed as there were too many others. */
  readonly originsForgotten: number;
  readonly redirects: number;
  readonly resent: number;
  readonly retries: number;
  readonly tokenRequests: number;
  readonly tokenNanos: number;
};

/** Registry entries, by index, flights at once, and who is told how long it took to open a connection. */
type OpenAhead = {
  readonly registries: readonly number[];
  readonly places: number;
  readonly stood: (taken: Nanos) => void;
};

/** Sends requests somewhere. The one seam between pacing and the outside world; one per request worker thread. */
export interface Target {
  readonly name: string;
  createFlight(landing: Landing): Flight;
  /** Opens what the first flights need. Resolves when it is done, or cannot be: why, or undefined. May be called again. */
  open(ahead: OpenAhead): Promise<string | undefined>;
  counts(): TargetCounts;
  close(): Promise<void>;
}
