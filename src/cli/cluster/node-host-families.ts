// What a node that waits for masters says to collectors of metrics: what it does, and the figures of its part of a run.
import type { NodeHostState } from "../../cluster/node/node-host.ts";
import type { MetricFamily } from "../../report/metrics/metric-family.ts";
import { counter, gauge, runFamilies } from "../../report/metrics/run-families.ts";
import { PULL } from "../../report/stored-run.ts";
import { TallyReader } from "../../stats/tally-reader.ts";
import { pullFamilies } from "../pull/pull-families.ts";
import { version } from "../version.ts";

export const nodeHostFamilies = ({ runs, running }: NodeHostState): MetricFamily[] => [
  counter("drayage_node_runs", "Runs that were begun on this node.", runs),
  gauge("drayage_node_busy", "1 while a run goes on.", running === undefined ? 0 : 1),
  ...(running === undefined ? [] : partOfRun(running)),
];

function partOfRun({ verb, tallies }: NonNullable<NodeHostState["running"]>): MetricFamily[] {
  const totals = new TallyReader(tallies).totals();
  // Which step it is and who is active the master knows.
  if (verb === PULL) return pullFamilies({ totals, boards: null, place: null });
  return runFamilies({ verb, version, directory: "", totals, targetRate: null, verdict: null });
}
