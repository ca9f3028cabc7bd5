// The section `run` of the configuration, a part of the table in replay-schema.ts.
import * as z from "zod";
import { millis, seconds } from "../../core/units.ts";
import {
  atLeast,
  either,
  key,
  listOf,
  type Mode,
  oneOf,
  pushing,
  section,
  share,
  truth,
  whole,
} from "./schema-parts.ts";

const run: readonly Mode[] = ["run"];

/** The modes differ in the default of `run.retries.count` alone. */
export const runSection = (mode: Mode) =>
  section({
    unmapped: key(
      oneOf("put", "skip", "error").default("put"),
      "What becomes of a GET whose URI is not in the map.",
      run,
    ),
    registry_choice: key(
      oneOf("random", "round_robin", "hash").default("random"),
      "How a request finds its registry.",
      run,
    ),
    verify: key(truth(true), "Checks the digest of every body.", run),
    max_in_flight: key(
      whole({ min: 1 }).default(4096),
      "Requests under way at most, per worker.",
      run,
    ),
    on_time_ms: key(
      atLeast(0).default(10).transform(millis),
      "Lateness up to which a request counts as on time, in milliseconds.",
      run,
    ),
    saturation: section({
      lateness_ms: key(
        atLeast(0).default(100).transform(millis),
        "Lateness that spoils a request, in milliseconds.",
        run,
      ),
      share: key(share().default(0.01), "Share of spoilt requests that makes a run invalid.", run),
    }),
    seed: key(
      either(SEED, [z.int({ error: () => `expected ${SEED}` }), z.string()])
        .default(0)
        .transform(String),
      "Seed of contents, of sampling and of the choice of registry.",
    ),
    timeouts: timeoutsSection(),
    retries: retriesSection(mode),
    keep_alive: key(
      truth(true),
      "Uses a connection again; false opens one per HTTP request.",
      pushing,
    ),
  });

const timeoutsSection = () =>
  section({
    connect: key(
      atLeast(0).default(10).transform(seconds),
      "Seconds until a connection stands; 0 = no limit.",
      pushing,
    ),
    first_byte: key(
      atLeast(0).default(60).transform(seconds),
      "Seconds from the request to the first byte of its answer; 0 = no limit.",
      pushing,
    ),
    idle: key(
      atLeast(0).default(60).transform(seconds),
      "Seconds without any byte while a body moves; 0 = no limit.",
      pushing,
    ),
    total: key(
      atLeast(0).default(0).transform(seconds),
      "Seconds for one exchange as a whole; 0 = no limit.",
      pushing,
    ),
  });

const SEED = "a whole number or text";
const RETRIED = "a status from 400 to 599 or a failure such as connect";

const retriesSection = (mode: Mode) =>
  section({
    count: key(
      whole({ min: 0 }).default(mode === "warmup" ? 3 : 0),
      "Further attempts after the first: 0 in a run, 3 in a warm-up.",
      pushing,
    ),
    backoff_ms: key(
      atLeast(0).default(500).transform(millis),
      "Pause before the first retry in milliseconds, twice as long before each further one, times chance.",
      pushing,
    ),
    on: key(
      listOf(
        "a list of statuses and failures",
        either(RETRIED, [
          whole({ min: 400, max: 599 }),
          oneOf(
            "connect",
            "tls",
            "reset",
            "timeout:connect",
            "timeout:first_byte",
            "timeout:idle",
            "timeout:total",
            "truncated_body",
            "digest_mismatch",
          ),
        ]),
      ).default(["connect", 429, 502, 503, 504]),
      "What is tried again.",
      pushing,
    ),
  });
