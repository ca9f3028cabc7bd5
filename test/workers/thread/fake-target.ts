import type { ManualClock } from "../../../src/core/clock.ts";
import type { Flight, Landing, Target } from "../../../src/plugins/plugin.ts";
import { Order } from "../../../src/registry/order.ts";

/** A flight that lands when the test says so. */
export class FakeFlight implements Flight {
  readonly order = new Order();
  sentAt = 0;
  connectedAt = Number.NaN;
  firstByteAt = Number.NaN;
  doneAt = 0;
  bytes = 0;
  status = 200;
  failure = 0;
  detail = "";
  attempts = 1;
  how = 0;
  readonly step = 0;
  flying = false;
  launches = 0;
  readonly #clock: ManualClock;
  readonly #landing: Landing;
  readonly #launched: (flight: FakeFlight) => void;

  constructor(clock: ManualClock, landing: Landing, launched: (flight: FakeFlight) => void) {
    this.#clock = clock;
    this.#landing = landing;
    this.#launched = launched;
  }

  launch(): void {
    this.flying = true;
    this.launches++;
    this.failure = 0;
    this.sentAt = this.#clock.now();
    this.#launched(this);
  }

  land(failure = 0): void {
    this.flying = false;
    this.failure = failure;
    this.doneAt = this.#clock.now();
    this.#landing.landed(this);
  }

  abort(): void {
    if (this.flying) this.land(12);
  }
}

/** A target that notes launches in order. */
export function fakeTarget(
  clock: ManualClock,
): Target & { readonly launched: FakeFlight[]; readonly names: string[] } {
  const launched: FakeFlight[] = [];
  // Flights are used again: what they were launched with is noted at once.
  const names: string[] = [];
  return {
    name: "fake",
    launched,
    names,
    createFlight: (landing) =>
      new FakeFlight(clock, landing, (flight) => {
        launched.push(flight);
        names.push(flight.order.target.toString());
      }),
    open: async () => undefined,
    counts: () => ({
      connectionsOpened: 0,
      originsForgotten: 0,
      redirects: 0,
      resent: 0,
      retries: 0,
      tokenRequests: 0,
      tokenNanos: 0,
    }),
    close: async () => {},
  };
}
