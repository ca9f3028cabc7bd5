import assert from "node:assert/strict";
import { test } from "node:test";
import { commandText } from "../../src/cli/typed-words.ts";

for (const { words, text } of [
  {
    words: ["load", "localhost:5000", "--rate=200/s"],
    text: "drayage load localhost:5000 --rate=200/s",
  },
  {
    words: ["compare", "a", "b", "--fail-on", "p99 > +10%"],
    text: "drayage compare a b --fail-on 'p99 > +10%'",
  },
  {
    words: ["pull", "--patterns=*", "it's", ""],
    text: "drayage pull '--patterns=*' 'it'\\''s' ''",
  },
])
  test(`a command can be typed again: ${text}`, () => assert.equal(commandText(words), text));
