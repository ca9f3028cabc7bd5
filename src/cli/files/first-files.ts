// What `drayage init` writes, by kind.

import { defaultProfile } from "../../trace/synth/profile.ts";
import type { Command, OptionTable } from "../command.ts";
import { load } from "../load.ts";
import { pull } from "../pull.ts";
import { exampleConfig } from "../record/example.ts";
import { profileText } from "../trace-info/profile-text.ts";
import { flagText, replayText } from "./commented-config.ts";

export type FirstFile = {
  /** Where it is written if the user names no file. */
  readonly file: string;
  /** Of `drayage schema`. */
  readonly schema: string;
  readonly about: string;
  /** What to type when it is there. */
  readonly next: (file: string) => readonly string[];
  readonly text: () => string;
};

const trace = { location: ".", traces: ["trace/*.json"] };
const registry = ["localhost:5000"];
const warmup = { output: "map.json", threads: 16 };

export const firstFiles: Readonly<Record<string, FirstFile>> = {
  run: {
    file: "config.yaml",
    schema: "config",
    about: "A replay: drayage warmup fills the registry, drayage run sends the trace's requests.",
    next: (file) => [`drayage warmup -i ${file}`, `drayage run -i ${file}`],
    text: () =>
      replayText(["warmup", "run"], {
        trace: { ...trace, arrival: "start", output: "results.json" },
        registry,
        client_info: { client_list: ["local"], threads: 64, wait: true, speed: 1 },
        warmup,
      }),
  },
  warmup: {
    file: "config.yaml",
    schema: "config",
    about: "A warm-up: drayage warmup pushes what the trace's GETs name.",
    next: (file) => [`drayage warmup -i ${file}`],
    text: () => replayText(["warmup"], { trace, registry, warmup }),
  },
  simulate: {
    file: "config.yaml",
    schema: "config",
    about: "A simulation over a trace: docs/simulate.md lists the shipped ones.",
    next: (file) => [`drayage simulate -i ${file}`],
    text: () => replayText(["simulate"], { trace, simulate: { name: "builtin:cache" } }),
  },
  record: {
    file: "record.yaml",
    schema: "record",
    about:
      "A recorder in front of a registry: clients go to proxy.listen instead of proxy.upstream.",
    next: (file) => [`drayage record --config ${file}`],
    text: () => withoutSections(exampleConfig("yaml")),
  },
  pull: {
    file: "pull.yaml",
    schema: "pull",
    about:
      "A pull test: flags without their dashes. What is typed on the command line comes first.",
    next: (file) => [`drayage pull --config ${file}`],
    text: () =>
      flagText(pull as Flags, {
        "pullthrough-url": "localhost:8080",
        "registry-url": "localhost:5000",
        patterns: ["-0001", "-0002", "-0003"],
      }),
  },
  load: {
    file: "load.yaml",
    schema: "load",
    about:
      "A synthetic load: flags without their dashes. What is typed on the command line comes first.",
    next: (file) => [`drayage load -i ${file}`],
    text: () => flagText(load as Flags, { url: "localhost:5000", rate: "200/s", duration: "10s" }),
  },
  profile: {
    file: "profile.yaml",
    schema: "profile",
    about:
      "Figures of a synthetic trace, with their defaults: docs/synthetic-traces.md says what each is.",
    next: (file) => [`drayage trace synth --profile ${file} --out trace --records 10000`],
    text: () => profileText(defaultProfile, "drayage init profile").replace(/^#.*\n/gm, ""),
  },
};

type Flags = Pick<Command<OptionTable>, "options" | "positionals">;

/** The example of every key names a message bus and programs that hardly anybody has: they stay as comments. */
function withoutSections(example: string): string {
  const unused = /^(?:archive_cmds|nats|netidx_config|desired_auth):/;
  let commented = false;
  return example
    .split("\n")
    .map((line) => {
      if (/^\w/.test(line)) commented = unused.test(line);
      else if (!line.startsWith(" ")) commented = false;
      return commented ? `# ${line}` : line;
    })
    .join("\n")
    .replace("/var/lib/drayage/archive", "archive")
    .trimEnd();
}

/** The whole file: what it is, what to do with it, and a hint for editors that know schemas of YAML. */
export const firstText = ({ about, next, schema, text }: FirstFile, file: string): string =>
  [
    `# ${about}`,
    "#",
    `#   drayage validate -i ${file}`,
    ...next(file).map((command) => `#   ${command}`),
    "#",
    `# Editors complete and check it after: drayage schema ${schema} > drayage-${schema}.schema.json`,
    `# yaml-language-server: $schema=drayage-${schema}.schema.json`,
    "",
    text(),
    "",
  ].join("\n");
