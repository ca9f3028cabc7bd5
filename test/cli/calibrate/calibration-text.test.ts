import assert from "node:assert/strict";
import { test } from "node:test";
import { calibrationText } from "../../../src/cli/calibrate/calibration-text.ts";
import { paintFor } from "../../../src/report/text-table.ts";
import { modeOf, sampleCalibration } from "./sample-calibration.ts";

const key = { cpu: "Some CPU", cores: 8, node: "24.1.0", drayage: "0.1.0" };
const textOf = (change: Parameters<typeof sampleCalibration>[0] = {}, cores = 8): string =>
  calibrationText(sampleCalibration(change), { ...key, cores }, paintFor({}, false));

for (const { name, text, says } of [
  {
    name: "the trusted rate of each mode",
    text: textOf(),
    says: /balanced +9,500\/s\n +precise +none +operations were late\n/,
  },
  {
    name: "the margin, and that rates were run again",
    text: textOf(),
    says: /80 % .* run once more, and halved/,
  },
  {
    name: "that rates were not run again",
    text: textOf({ modes: [modeOf("balanced", 9500, false)] }),
    says: /not run once more, for want of time/,
  },
  {
    name: "ceilings",
    text: textOf(),
    says: /bodies of 600B, 64 connections +60,000\/s +34.3MiB\/s +60,000\/s +1.10 +0.80\n/,
  },
  { name: "that there were cores for the responder", text: textOf(), says: /found free cores/ },
  { name: "that cores were shared", text: textOf({}, 2), says: /shared the 2 cores with drayage/ },
  {
    name: "that the machine was busy",
    text: textOf({ loadAverage: 5 }),
    says: /busy before it began \(load average 5\.0\)/,
  },
  {
    name: "lateness and cost",
    text: textOf(),
    says: /economical +1,000\/s +60\.0us +900us +4\.00ms +0\.10\n +38,000\/s +60\.0us/,
  },
  {
    name: "no percentile that is not known",
    text: textOf(),
    says: /event-loop delay +60\.0us +- +4\.00ms +1,200\n/,
  },
  {
    name: "collections",
    text: textOf(),
    says: /garbage-collection pauses +60\.0us +900us +4\.00ms +60\n/,
  },
]) {
  test(`calibration text: tells ${name}`, () => assert.match(text, says));
}

test("calibration text: a quiet machine is not called busy, and no line ends with a blank", () => {
  assert.doesNotMatch(textOf(), /busy before|[ \t]$/m);
});
