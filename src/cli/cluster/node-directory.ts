// What a node leaves behind when its master is lost: a run directory of its own, with its figures of the whole run and the rows
// that the master does not have.
import { mkdtempSync, rmSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { OutcomeDesk } from "../../cluster/master/outcome-desk.ts";
import type { AloneKeeper, MakeAloneKeeper, RunAlone } from "../../cluster/node/alone.ts";
import { CountsFile } from "../../report/counts-file.ts";
import { HistogramLog } from "../../report/hlog.ts";
import { runResults } from "../../report/results.ts";
import {
  createRunDirectory,
  type RunDirectory,
  type RunRecord,
} from "../../report/run-directory.ts";
import type { RunFigures } from "../../report/run-figures.ts";
import { RowFile } from "../../workers/collector/row-file.ts";
import { besidesOf } from "../replay/besides.ts";
import { recordCounts } from "../replay/record-counts.ts";
import { ResultRows } from "../replay/result-rows.ts";
import { typedWords } from "../typed-words.ts";
import { version } from "../version.ts";

const ROWS = "rows.json";

export const nodeDirectory: MakeAloneKeeper = ({ start }): AloneKeeper => {
  // In the working directory, so that the finished file is renamed and not copied.
  const draft = mkdtempSync(".drayage-node-");
  const file = new RowFile(join(draft, ROWS));
  const rows = new ResultRows(file);
  rows.startedAtUs = start.wallUs;
  const desk = new OutcomeDesk(rows);
  return {
    keep: (records) => void desk.keep(records, () => true),
    async finish(run) {
      await file.close();
      const directory = await createRunDirectory({ verb: "node", startedAt: Date.now() });
      await rename(join(draft, ROWS), directory.file(ROWS));
      rmSync(draft, { recursive: true, force: true });
      writeIntervals(directory, run);
      await directory.writeJson("results.json", runResults(figuresOf(run, rows)));
      await directory.writeRun(recordOf(run));
      return `finished alone: ${directory.path} has the figures of this node, and ${rows.count} rows that the master does not have`;
    },
  };
};

/** What report and merge make everything of. */
function writeIntervals(directory: RunDirectory, { start, intervals }: RunAlone): void {
  const startedAt = start.wallUs / 1000;
  const log = new HistogramLog(directory.file("histograms.hlog"), {
    tool: `drayage ${version}`,
    startedAt,
  });
  const counts = new CountsFile(directory.file("counts.ndjson"));
  for (const snapshot of intervals) {
    log.add(snapshot);
    // How many were due in each second was told to the master, or was never known here.
    counts.add({ snapshot, planned: null });
  }
  log.close();
  counts.close();
}

function figuresOf(
  { plan, start, end, totals, seconds, reason }: RunAlone,
  rows: ResultRows,
): RunFigures {
  return {
    tool: { name: "drayage", version },
    verb: plan.plan.verb,
    startedAt: start.wallUs / 1000,
    seconds,
    totals,
    validity: { verdict: "strained", cause: null, reasons: [`the master was lost: ${reason}`] },
    calibration: null,
    ending: "limit",
    paced: plan.plan.paced,
    planned: null,
    failsOn: "all",
    traceSeconds: null,
    skipped: {},
    records: recordCounts(end.feed.account),
    besides: besidesOf(end.counts),
    examples: rows.examples,
    compat: rows.compat.figures(),
  };
}

const recordOf = ({ plan, start, reason }: RunAlone): RunRecord => {
  const startedAt = new Date(start.wallUs / 1000).toISOString();
  return {
    tool: { name: "drayage", version },
    verb: plan.plan.verb,
    arguments: typedWords(),
    startedAt,
    endedAt: new Date().toISOString(),
    ending: "master lost",
    plan: { runId: plan.runId, node: plan.index, nodes: plan.count, masterLost: reason },
    seed: plan.plan.client.seed,
    traces: [],
    frame: {
      paced: plan.plan.paced,
      failsOn: "all",
      judged: null,
      nodes: [`node ${plan.index + 1} of ${plan.count}`],
      facts: [["master", `lost: ${reason}`]],
    },
    clocks: { originWall: startedAt, originMonotonicNs: String(start.origin) },
  };
};
