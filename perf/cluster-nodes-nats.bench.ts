import type { Bench } from "./bench.ts";
import { nats } from "./carriers.ts";
import { nodesBench } from "./cluster-nodes.bench.ts";

export const bench: Bench = nodesBench(nats);
