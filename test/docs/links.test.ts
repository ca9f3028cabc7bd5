// The prose keeps its promises: links lead somewhere, functions it names are there, commands it shows exist.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { verbs } from "../../src/cli/commands.ts";

type Link = { readonly from: string; readonly text: string; readonly to: string };

const proseFiles = (): string[] | null => {
  const git = spawnSync("git", ["ls-files", "-z", "-co", "--exclude-standard", "*.md"], {
    encoding: "utf8",
  });
  return git.status === 0 ? git.stdout.split("\0").filter((path) => existsSync(path)) : null;
};

// Outside a git checkout the pages that matter most are still known.
const pages = proseFiles()?.filter((path) => path !== "") ?? ["README.md", "ARCHITECTURE.md"];
const textOf = (path: string): string => readFileSync(path, "utf8");

/** Fenced blocks are examples, not prose. */
const withoutFences = (text: string): string => text.replace(/^( *)```[\s\S]*?^\1```$/gm, "");

const linksOf = (from: string): Link[] =>
  [...withoutFences(textOf(from)).matchAll(/\[([^\]]*)\]\(([^)\s]+)\)/g)].map((match) => ({
    from,
    text: match[1] ?? "",
    to: match[2] ?? "",
  }));

const links = pages.flatMap(linksOf).filter(({ to }) => !/^[a-z]+:/.test(to));
const say = ({ from, to }: Link): string => `${from}: ${to}`;
const fileOf = ({ from, to }: Link): string => {
  const [path = ""] = to.split("#");
  return path === "" ? from : join(dirname(from), decodeURIComponent(path));
};

/** As code hosts make it from a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");

const anchorsOf = (path: string): Set<string> =>
  new Set(
    [...withoutFences(textOf(path)).matchAll(/^#+ (.*)$/gm)].map((match) =>
      anchorOf(match[1] ?? ""),
    ),
  );

test("the prose was read", () => {
  for (const page of ["README.md", "ARCHITECTURE.md"]) assert.ok(pages.includes(page), page);
  assert.ok(links.length > 20);
});

test("every relative link leads to a file", () => {
  assert.deepEqual(links.filter((link) => !existsSync(fileOf(link))).map(say), []);
});

test("every link into a page leads to a heading of it", () => {
  const lost = links.filter((link) => {
    const anchor = link.to.split("#")[1];
    return anchor !== undefined && !anchorsOf(fileOf(link)).has(anchor);
  });
  assert.deepEqual(lost.map(say), []);
});

test("every function or class that a link names stands in the file it leads to", () => {
  const named = links.flatMap((link) => {
    const words = /^`([A-Za-z]+)(?:\.([A-Za-z]+))?`$/.exec(link.text)?.slice(1) ?? [];
    return link.to.endsWith(".ts") ? words.filter(Boolean).map((word) => ({ ...link, word })) : [];
  });
  assert.ok(named.length > 10);
  const missing = named.filter(
    (link) => !new RegExp(`\\b${link.word}\\b`).test(textOf(fileOf(link))),
  );
  assert.deepEqual(
    missing.map((link) => `${say(link)} has no ${link.word}`),
    [],
  );
});

/** Lines of shell examples, and what README.md says in running text between backticks. */
const commandsShown = (path: string): string[] => {
  const text = textOf(path);
  const fences = [...text.matchAll(/^```sh$([\s\S]*?)^```$/gm)].flatMap((match) =>
    (match[1] ?? "").split("\n"),
  );
  const inline = path === "README.md" ? [...text.matchAll(/`([^`\n]+)`/g)] : [];
  return [...fences, ...inline.map((match) => match[1] ?? "")].filter((line) =>
    /^drayage [a-z]/.test(line),
  );
};

test("every command that is shown is in the catalogue", () => {
  const shown = pages.flatMap((page) => commandsShown(page).map((command) => ({ page, command })));
  assert.ok(shown.filter(({ page }) => page === "README.md").length > 5);
  const names = new Set(verbs.map(({ name }) => name));
  const unknown = shown.filter(({ command }) => {
    const [, first = "", second = ""] = command.split(" ");
    return !names.has(first) && !names.has(`${first} ${second}`);
  });
  assert.deepEqual(unknown, []);
});
