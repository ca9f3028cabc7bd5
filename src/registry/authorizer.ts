// Credentials on measured requests to one registry entry. Without credentials `sign` hands the head back as it is; with them
// it writes one more line into the flight's scratch buffer.
import type { Clock } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import type { EndpointSpec } from "./client-spec.ts";
import type { RegistryFlight } from "./flight.ts";
import { withLine } from "./request-head.ts";

const lineOf = (value: string): Buffer => Buffer.from(`Authorization: ${value}\r\n`, "latin1");

export class Authorizer {
  /** Token requests so far and the time they took, nanoseconds. */
  requests = 0;
  nanos = 0;
  readonly #line: Buffer | undefined;

  constructor({ auth }: EndpointSpec, _clock: Clock) {
    if (auth.type === "basic") {
      const pair = Buffer.from(`${auth.username}:${auth.password}`).toString("base64");
      this.#line = lineOf(`Basic ${pair}`);
    } else if (auth.type === "bearer" && auth.token !== undefined) {
      this.#line = lineOf(`Bearer ${auth.token}`);
    }
  }

  /** The head with credentials, if there are any for what the flight is about to do. */
  sign(flight: RegistryFlight, head: Buffer): Buffer {
    return this.#line === undefined ? head : withLine(head, this.#line, flight.scratch);
  }

  /** The registry answered 401: gets what it asks for and repeats the request, or fails the flight. */
  authorize(flight: RegistryFlight, _challenges: readonly string[]): void {
    flight.fail(Failure.auth, "the registry refused the credentials");
  }

  async close(): Promise<void> {}
}
