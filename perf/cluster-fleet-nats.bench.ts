import type { Bench } from "./bench.ts";
import { nats } from "./carriers.ts";
import { fleetBench } from "./cluster-fleet.bench.ts";

export const bench: Bench = fleetBench(nats);
