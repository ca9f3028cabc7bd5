// What shells complete: all three are asked.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { verbs } from "../../src/cli/commands.ts";
import { typedOptions } from "../../src/cli/typed-options.ts";
import { drayage } from "./fake-terminal.ts";

const folder = mkdtempSync(join(tmpdir(), "drayage-completion-"));
after(() => rmSync(folder, { recursive: true }));
const scriptOf = (shell: string): string => join(folder, `drayage.${shell}`);

before(async () => {
  for (const shell of ["bash", "zsh", "fish"]) {
    const { exit, out } = await drayage(["completion", shell], { verbs });
    assert.equal(exit, 0);
    writeFileSync(scriptOf(shell), out);
  }
  mkdirSync(join(folder, "place", "runs dir"), { recursive: true });
  writeFileSync(join(folder, "place", "config.yaml"), "");
});

/** The last word is the one that is being typed. */
function complete(...words: readonly string[]): string[] {
  const script = `source "$1"; shift
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _drayage
    for word in "\${COMPREPLY[@]}"; do printf '%s\\n' "$word"; done`;
  const args = ["--norc", "-c", script, "bash", scriptOf("bash"), "drayage", ...words];
  const out = execFileSync("bash", args, { encoding: "utf8", cwd: join(folder, "place") });
  return out.split("\n").slice(0, -1);
}

for (const { typed, offers } of [
  { typed: ["de"], offers: ["demo"] },
  { typed: ["--v"], offers: ["--version"] },
  { typed: ["help", "rec"], offers: ["record"] },
  { typed: ["trace", "s"], offers: ["synth", "slice"] },
  { typed: ["run", "--dry"], offers: ["--dry-run"] },
  { typed: ["run", "--he"], offers: ["--help"] },
  { typed: ["run", "-i", "c"], offers: ["config.yaml"] },
  { typed: ["run", "-i", "config.yaml", "--ui", "p"], offers: ["plain"] },
  { typed: ["run", "--ui", "=", "p"], offers: ["plain"] },
  { typed: ["run", "--ui", "="], offers: ["auto", "live", "plain", "json", "none"] },
  { typed: ["trace", "convert", "--t"], offers: ["--to", "--tmp"] },
  { typed: ["report", ""], offers: ["runs dir"] },
  { typed: ["report", "--out", "r"], offers: ["runs dir"] },
  { typed: ["completion", ""], offers: ["bash", "zsh", "fish"] },
  { typed: ["init", "--force", "re"], offers: ["record"] },
  { typed: ["init", "-o", "x.yaml", "re"], offers: ["record"] },
  { typed: ["init", "--output", "=", "x.yaml", "re"], offers: ["record"] },
  { typed: ["trace", "info", "config.yaml", "con"], offers: ["config.yaml"] },
  { typed: ["load", "--rate", ""], offers: [] },
]) {
  test(`completion: bash offers ${offers.join(" ") || "nothing"} for "drayage ${typed.join(" ")}"`, () => {
    assert.deepEqual(complete(...typed).sort(), [...offers].sort());
  });
}

test("completion: bash knows every command, and every flag of each", async () => {
  const first = [...new Set(verbs.map(({ name }) => name.replace(/ .*/, "")))];
  assert.deepEqual(complete("").sort(), [...first, "help", "--help", "--version"].sort());
  // One shell for all of them: a hundred would take seconds.
  const lines = verbs.map(
    ({ name }) =>
      `COMP_WORDS=(drayage ${name} -); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _drayage; echo "\${COMPREPLY[*]}"`,
  );
  const out = execFileSync(
    "bash",
    ["--norc", "-c", `source ${scriptOf("bash")}\n${lines.join("\n")}`],
    { encoding: "utf8" },
  );
  const offered = out.trimEnd().split("\n");
  for (const [at, { load }] of verbs.entries()) {
    const { name, options } = await load();
    const flags = Object.keys(typedOptions(options)).map((flag) => `--${flag}`);
    const words = (offered[at] ?? "").split(" ");
    assert.deepEqual(
      [...flags, "--help", "--version"].filter((flag) => !words.includes(flag)),
      [],
      name,
    );
  }
});

for (const shell of ["bash", "zsh", "fish"]) {
  test(`completion: ${shell} reads its script without complaint`, (t) => {
    const { error, status, stderr } = spawnSync(shell, ["-n", scriptOf(shell)], {
      encoding: "utf8",
    });
    if (error !== undefined) return t.skip(`needs ${shell}: apt-get install ${shell}`);
    assert.equal(stderr, "");
    assert.equal(status, 0);
  });
}

/** Types each line into a zsh, asks it to complete, and notes what stands there. */
const ASK_ZSH = `zmodload zsh/zpty
folder=$1 answers=$2
shift 2
zpty asked zsh -f -i
zpty -w asked "PS1= TERM=dumb; fpath=(\${(q)folder} \\$fpath); autoload -Uz compinit; compinit -u -D; note() { print -r -- \\"\\$BUFFER\\" >> \${(q)answers}; BUFFER=; }; zle -N note; bindkey '^I' complete-word; bindkey '^T' note"
for line; zpty -w -n asked "$line"$'\\t\\x14'
for (( try = 0; try < 1500 && $(wc -l < $answers) < $#; try++ )); do
  zpty -r -t asked said
  sleep 0.02
done
zpty -d asked
`;

test("completion: zsh completes commands, flags, their values, files and folders", (t) => {
  const functions = join(folder, "functions");
  mkdirSync(functions);
  copyFileSync(scriptOf("zsh"), join(functions, "_drayage"));
  const [script, answers] = [join(folder, "ask.zsh"), join(folder, "answers")];
  writeFileSync(script, ASK_ZSH);
  writeFileSync(answers, "");
  const typed = [
    ["drayage de", "drayage demo "],
    ["drayage trace sl", "drayage trace slice "],
    ["drayage help cali", "drayage help calibrate "],
    ["drayage --v", "drayage --version "],
    ["drayage run --dry", "drayage run --dry-run "],
    ["drayage run --ui pl", "drayage run --ui plain "],
    ["drayage run --ui=js", "drayage run --ui=json "],
    ["drayage run -i con", "drayage run -i config.yaml "],
    ["drayage report ru", "drayage report runs\\ dir/"],
    ["drayage trace info config.yaml con", "drayage trace info config.yaml config.yaml "],
    ["drayage init -o x.yaml rec", "drayage init -o x.yaml record "],
    ["drayage load --rate x", "drayage load --rate x"],
  ] as const;
  const args = ["-f", script, functions, answers, ...typed.map(([line]) => line)];
  const { error } = spawnSync("zsh", args, { cwd: join(folder, "place"), timeout: 40_000 });
  if ((error as NodeJS.ErrnoException | undefined)?.code === "ENOENT")
    return t.skip("needs zsh: apt-get install zsh");
  const said = readFileSync(answers, "utf8").split("\n").slice(0, -1);
  assert.deepEqual(
    said,
    typed.map(([, wanted]) => wanted),
  );
});

test("completion: fish offers words of the table", (t) => {
  const ask = (line: string) =>
    spawnSync("fish", ["--no-config", "-c", `source ${scriptOf("fish")}; complete -C '${line}'`], {
      encoding: "utf8",
      env: { PATH: process.env.PATH, HOME: folder },
    });
  const { error, stdout } = ask("drayage trace s");
  if (error !== undefined) return t.skip("needs fish: apt-get install fish");
  assert.deepEqual(stdout.match(/^\S+/gm)?.sort(), ["slice", "synth"]);
  assert.match(ask("drayage run --ui p").stdout, /^plain\t/m);
  assert.match(ask("drayage run --dry").stdout, /^--dry-run\t/m);
});

test("completion: a shell that is not known is refused with what was meant", async () => {
  const { exit, err } = await drayage(["completion", "bsh"], { verbs });
  assert.equal(exit, 2);
  assert.match(err, /^SHELL cannot be "bsh"; did you mean "bash"\?/);
});
