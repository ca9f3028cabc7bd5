import assert from "node:assert/strict";
import { test } from "node:test";
import { type CalibrationNote, calibrationFacts } from "../../src/report/run-figures.ts";
import { summaryText } from "../../src/report/summary.ts";
import { paintFor } from "../../src/report/text-table.ts";
import { sampleRun } from "./sample-run.ts";

const plain = paintFor({}, false);
const { figures } = sampleRun();
const context = {
  directory: "d",
  files: [],
  next: [{ type: "drayage serve", does: "a registry" }],
};

const noteOf = (state: CalibrationNote["state"], type: string | null = null): CalibrationNote => ({
  state,
  note: `the note (${state})`,
  rate: 1,
  limit: 2,
  takenAt: null,
  type,
});

for (const state of ["within", "above", "below-ceiling", "near-ceiling"] as const) {
  test(`summary: what the calibration says (${state}) stands below the validity`, () => {
    const text = summaryText({ ...figures, calibration: noteOf(state) }, context, plain);
    assert.match(
      text,
      new RegExp(`^Validity .*\\n(?:  .*\\n)*  the note \\(${state}\\)\\n\\n`, "m"),
    );
  });
}

test("summary: a machine without a calibration is told last what to type, and nothing else is said of it", () => {
  const calibration = noteOf("unknown", "drayage calibrate");
  const text = summaryText({ ...figures, calibration }, context, plain);
  assert.match(
    text,
    /Next\n {2}drayage serve +a registry\n {2}drayage calibrate +the note \(unknown\)$/,
  );
  assert.equal(text.match(/the note/g)?.length, 1);
});

test("a page says what to type where there is no calibration, and otherwise the note alone", () => {
  assert.deepEqual(calibrationFacts(noteOf("unknown", "drayage calibrate")), [
    ["calibration", "the note (unknown) (drayage calibrate)"],
  ]);
  assert.deepEqual(calibrationFacts(noteOf("within")), [["calibration", "the note (within)"]]);
  assert.deepEqual(calibrationFacts(null), []);
});
