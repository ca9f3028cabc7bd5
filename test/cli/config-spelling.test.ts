import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { KeyTree } from "../../src/cli/config/key-tree.ts";
import { replaySchema } from "../../src/cli/config/replay-schema.ts";
import { mistakesIn } from "./config-file.ts";

const keys = new KeyTree(replaySchema("run"));
const names = keys.all();
const lastWord = (name: string): string => name.split(".").at(-1) ?? "";
const siblings = (name: string): string[] => keys.below(name.split(".").slice(0, -1));

/** One key, misspelt, below the sections that it belongs to; `at` is where it stands. */
function document(name: string, misspelt: string): { text: string; at: string } {
  const parts = name.split(".");
  const lines: string[] = [];
  let indent = "";
  let bullet = "";
  for (const part of parts.slice(0, -1)) {
    if (part === "0") {
      bullet = "- ";
      continue;
    }
    lines.push(`${indent}${bullet}${part}:`);
    indent = `${indent}${" ".repeat(bullet.length)}  `;
    bullet = "";
  }
  lines.push(`${indent}${bullet}${misspelt}: 1`);
  return {
    text: `${lines.join("\n")}\n`,
    at: `${lines.length}:${indent.length + bullet.length + 1}`,
  };
}

const swapped = (word: string, at: number): string =>
  word.slice(0, at) + word.charAt(at + 1) + word.charAt(at) + word.slice(at + 2);

function misspellings(name: string): string[] {
  const word = lastWord(name);
  const middle = Math.floor(word.length / 2);
  const all = [
    word.slice(0, middle) + word.slice(middle + 1),
    word.slice(0, -1),
    swapped(word, Math.max(0, middle - 1)),
    `${word.slice(0, middle)}q${word.slice(middle)}`,
    `${word}s`,
  ];
  return [...new Set(all)].filter((variant) => !siblings(name).includes(variant));
}

test("the table was read", () => {
  for (const expected of ["verbose", "run.timeouts.first_byte", "registry.0.auth.password_file"])
    assert.ok(names.includes(expected), expected);
});

for (const name of names) {
  test(`config: ${name} misspelt is found where it stands, and the right word suggested`, () => {
    for (const variant of misspellings(name)) {
      const { text, at } = document(name, variant);
      const full = [...name.split(".").slice(0, -1), variant].join(".").replace(".0.", "[0].");
      const wanted = `FILE:${at}: unknown key "${full}"; did you mean "${lastWord(name)}"?`;
      const said = mistakesIn(text);
      assert.ok(said.includes(wanted), `${wanted}\nis not among\n${said.join("\n")}`);
    }
  });
}

test("config: a key that resembles none is listed with what there is, or where it belongs", () => {
  assert.deepEqual(
    mistakesIn("trace: {traces: [a]}\nsimulate: {name: x, zebra: 1}\nthreads: 3\n", {
      mode: "simulate",
    }),
    [
      'FILE:2:21: unknown key "simulate.zebra"; known here: name, args',
      'FILE:3:1: unknown key "threads"; there is "client_info.threads" and "warmup.threads"',
    ],
  );
});

test("config: no unknown key passes, whatever it is called", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z_]{1,12}$/), (word) => {
      fc.pre(!siblings("run.seed").includes(word));
      const said = mistakesIn(`trace: {traces: [a]}\nsimulate: {name: x}\nrun:\n  ${word}: 1\n`, {
        mode: "simulate",
      });
      return (
        said.length === 1 && said[0]?.startsWith(`FILE:4:3: unknown key "run.${word}"`) === true
      );
    }),
    { numRuns: 50 },
  );
});
