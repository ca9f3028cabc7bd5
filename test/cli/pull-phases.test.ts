import assert from "node:assert/strict";
import { test } from "node:test";
import type { PullGiven } from "../../src/cli/pull/pull-options.ts";
import { type PullPlanInput, pullPhases, pullPlan } from "../../src/cli/pull/pull-phases.ts";
import { pullSettings } from "../../src/cli/pull/pull-settings.ts";

/** Two patterns, the second of which matches what the first one does and one image more. */
function input(more: Partial<PullGiven>, canPrune = true): PullPlanInput {
  const given = {
    ...{ "registry-url": "a", "pullthrough-url": "b", patterns: [], pattern: ["x", "y"] },
    ...more,
  } as PullGiven;
  return {
    given,
    settings: pullSettings(given, ""),
    access: { insecure: false, auth: { type: "none" } },
    selection: {
      images: [0, 1, 2, 3].map((index) => ({ repository: `r${index}`, reference: "v1" })),
      matches: [
        [0, 1, 2],
        [0, 1, 2, 3],
      ],
      warnings: [],
    },
    canPrune,
    plainFirst: false,
    empty: async () => undefined,
  };
}

for (const { name, more, canPrune, phases } of [
  { name: "neither", more: {}, phases: ["run"] },
  { name: "--warm", more: { warm: true }, phases: ["warm-up 2", "warm"] },
  { name: "both", more: { cold: true, warm: true }, phases: ["cold", "warm-up 2", "warm"] },
  { name: "--herd --warm", more: { herd: "5", warm: true }, phases: ["warm-up 2"] },
  { name: "--herd --cold", more: { herd: "5", cold: true }, phases: [] },
  {
    name: "both, more pullers than patterns, and no prunes",
    more: { cold: true, warm: true, steps: "1,4" },
    canPrune: false,
    phases: ["cold", "warm-up 4", "warm"],
  },
])
  test(`phases of ${name}: ${phases.join(", ")}`, () => {
    const parts = input(more, canPrune);
    assert.deepEqual(
      pullPhases(parts).map((phase) =>
        phase.kind === "pass" ? `${phase.name} ${phase.pullers}` : phase.name,
      ),
      phases,
    );
  });

test("a pass goes through every image, also where each is in one list of many", () => {
  const parts = input({ cold: true, warm: true, steps: "1,4" }, false);
  const pass = pullPhases(parts).find((phase) => phase.kind === "pass");
  const { lists } = pullPlan(parts);
  assert.deepEqual(lists.slice(0, pass?.pullers).flat().sort(), [0, 1, 2, 3]);
});
