import type { Bench } from "./bench.ts";
import { nats } from "./carriers.ts";
import { masterBench } from "./cluster-master.bench.ts";

export const bench: Bench = masterBench(nats);
