import { readFileSync, statSync } from "node:fs";
import { compileGlob, type Glob } from "../../archive/glob.ts";
import { KeyTree } from "../config/key-tree.ts";
import { type Mistake, refused } from "../config/mistake.ts";
import { YamlFile } from "../config/yaml-file.ts";
import { listenAddress } from "../listen-address.ts";
import { recordMistakes, secretKeys } from "./record-mistakes.ts";
import { type ReadRecord, recordSchema } from "./record-schema.ts";

type Commands = NonNullable<ReadRecord["archive_cmds"]>;
type CommandLine = Commands["list"];

/** What is recorded and played, in the keys of the file, with all defaults; sections that are not used are null. */
export type RecordConfig = {
  readonly archive_directory: string;
  readonly archive_cmds: {
    readonly list: CommandLine;
    readonly get: CommandLine;
    readonly put: CommandLine;
  } | null;
  readonly nats: ReadRecord["nats"];
  readonly proxy: ReadRecord["proxy"];
  readonly record: ReadRecord["record"];
  readonly publish: ReadRecord["publish"];
};

export type LoadedRecord = {
  readonly config: RecordConfig;
  /** Things to know, and to think about: one sentence each. */
  readonly notices: readonly string[];
};

/** Reads a configuration in JSON or YAML. All its mistakes are one UsageError, each with line and column. */
export function loadRecordConfig(file: string, values?: unknown): LoadedRecord {
  return recordConfigOf(YamlFile.given(file, values));
}

/** The same of a file that was read. */
export function recordConfigOf(file: YamlFile): LoadedRecord {
  const { data } = file;
  const read = recordSchema.safeParse(data ?? {});
  if (!read.success) {
    const keys = new KeyTree(recordSchema);
    throw refused(file, recordMistakes(read.error.issues, { data, keys }));
  }
  const mistakes = [...crossChecks(read.data)];
  if (mistakes.length > 0) throw refused(file, mistakes);
  const config = configOf(read.data);
  return { config, notices: [...noticesOf(data, config)] };
}

/** The effective configuration as text that `--config` accepts again; what is secret is `***`. */
export function printedConfig(config: RecordConfig): string {
  const masked = JSON.stringify(
    config,
    (key, value: unknown) => (secretKeys.includes(key) && value !== null ? "***" : value),
    2,
  );
  // Durations are easier to read on one line.
  return masked.replace(
    /\{\s+"secs": (\d+),\s+"nanos": (\d+)\s+\}/g,
    '{ "secs": $1, "nanos": $2 }',
  );
}

const at = (name: string, sentence: string): Mistake => ({
  path: name.split("."),
  sentence: `${name}: ${sentence}`,
});

/** What only several keys, or the files that they name, can tell. */
function* crossChecks(read: ReadRecord): Generator<Mistake> {
  const { record, publish, proxy, nats } = read;
  if (record === null && publish === null)
    yield at("record", "nothing to do: at least one of record and publish is needed");
  if (record !== null && nats === null && proxy === null)
    yield at("record", "recording needs a source: add a nats or a proxy section");
  yield* directoryChecks(read.archive_directory);
  yield* commandChecks(read);
  if (nats !== null) yield* natsChecks(nats);
  if (proxy !== null) yield* proxyChecks(proxy);
  const shards = Math.max(1, publish?.shards ?? 0);
  if (shards > 1 && nats === null)
    yield at("publish.shards", "shards find each other over NATS: add a nats section");
  if (record !== null && record.shard >= shards)
    yield at(
      "record.shard",
      `expected at most ${shards - 1}, one less than publish.shards, found ${record.shard}`,
    );
}

function* commandChecks({ archive_cmds, archive_commands }: ReadRecord): Generator<Mistake> {
  const isSet = (section: typeof archive_cmds): boolean =>
    section !== undefined && section !== null;
  if (isSet(archive_cmds) && isSet(archive_commands))
    yield at("archive_commands", "the same as archive_cmds: keep one of the two");
  for (const [name, section] of Object.entries({ archive_cmds, archive_commands })) {
    if (section === undefined || section === null) continue;
    if (section.put === undefined && section.pub === undefined)
      yield at(
        `${name}.put`,
        "expected a command: list, get and put go together, but it is missing",
      );
    if (section.put !== undefined && section.pub !== undefined)
      yield at(`${name}.pub`, "the same as put: keep one of the two");
  }
}

function* natsChecks({ credentials, tls }: NonNullable<ReadRecord["nats"]>): Generator<Mistake> {
  if (credentials !== null) {
    const { token, user, password, nkey_file, creds_file } = credentials;
    const isUser = user !== undefined || password !== undefined;
    const ways = [token !== undefined, isUser, nkey_file !== undefined, creds_file !== undefined];
    if (ways.filter(Boolean).length !== 1)
      yield at(
        "nats.credentials",
        "expected one of token, user with password, nkey_file, creds_file",
      );
    if (isUser && (user === undefined || password === undefined))
      yield at("nats.credentials", "user and password go together");
    yield* fileChecks("nats.credentials", { nkey_file, creds_file });
  }
  if (tls !== null) yield* pemChecks("nats.tls", tls);
}

function* proxyChecks({ tls, anonymize }: NonNullable<ReadRecord["proxy"]>): Generator<Mistake> {
  if (anonymize !== null) {
    yield* fileChecks("proxy.anonymize", { key_file: anonymize.key_file });
    const found = statSync(anonymize.key_file, { throwIfNoEntry: false });
    if (found?.isFile() === true && found.size === 0)
      yield at("proxy.anonymize.key_file", `${anonymize.key_file} is empty: expected a key`);
  }
  if (tls?.listen) yield* pemChecks("proxy.tls.listen", { ca: null, ...tls.listen });
  if (tls?.upstream) yield* pemChecks("proxy.tls.upstream", tls.upstream);
}

type Pem = {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
};

function* pemChecks(section: string, { ca, cert, key }: Pem): Generator<Mistake> {
  if ((cert === null) !== (key === null))
    yield at(`${section}.${cert === null ? "cert" : "key"}`, "cert and key go together");
  yield* fileChecks(section, { ca, cert, key });
}

function* fileChecks(
  section: string,
  files: Readonly<Record<string, string | null | undefined>>,
): Generator<Mistake> {
  for (const [key, file] of Object.entries(files)) {
    if (file === null || file === undefined) continue;
    try {
      readFileSync(file);
    } catch (error) {
      const { code = "" } = error as NodeJS.ErrnoException;
      const reason = code === "ENOENT" ? "it does not exist" : code;
      yield at(`${section}.${key}`, `${file} cannot be read: ${reason}`);
    }
  }
}

function* directoryChecks(directory: string): Generator<Mistake> {
  try {
    if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() === false)
      yield at("archive_directory", `${directory} exists and is no directory`);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    yield at("archive_directory", `${directory} cannot be used: ${code}`);
  }
}

function configOf(read: ReadRecord): RecordConfig {
  const commands = read.archive_cmds ?? read.archive_commands ?? null;
  const put = commands?.put ?? commands?.pub;
  const sources = [
    ...(read.nats === null ? [] : ["block"]),
    ...(read.proxy === null ? [] : ["drop"]),
  ];
  const [onlySource] = sources.length === 1 ? (sources as ["block" | "drop"]) : [null];
  return {
    archive_directory: read.archive_directory,
    archive_cmds:
      commands === null || put === undefined
        ? null
        : { list: commands.list, get: commands.get, put },
    nats: read.nats,
    proxy: read.proxy,
    record:
      read.record === null
        ? null
        : { ...read.record, on_overload: read.record.on_overload ?? onlySource },
    publish: read.publish,
  };
}

function* noticesOf(data: unknown, config: RecordConfig): Generator<string> {
  const { publish, record, nats } = config;
  for (const key of ["netidx_config", "desired_auth"])
    if (typeof data === "object" && data !== null && key in data)
      yield `notice: ${key} is null and has no meaning here`;
  if (
    publish !== null &&
    publish.bind !== "none" &&
    publish.token === null &&
    !isLoopback(publish.bind)
  )
    yield `warning: publish.bind is ${publish.bind}, reachable from outside, and there is no publish.token: everybody may play the archive`;
  if (publish !== null && publish.shards > 1)
    yield `notice: publish.shards is ${publish.shards}: this process records its share of the paths, and nothing is played until all ${publish.shards} are there`;
  if (record === null) return;
  if (record.flush_frequency === null && record.flush_interval === null)
    yield "warning: flush_frequency and flush_interval are both off: a crash loses everything since the last rotation";
  if (publish !== null && nats !== null && plays(record.spec.map(compileGlob), publish.base))
    yield `notice: record.spec matches ${publish.base}/…, which is what sessions play: it is not recorded`;
}

const plays = (globs: readonly Glob[], base: string): boolean =>
  globs.some((glob) => glob.matches(`${base}/0/data/x`) || glob.matches(`${base}/x`));

function isLoopback(bind: string): boolean {
  const host = listenAddress(bind)?.host ?? "";
  return host === "localhost" || host === "::1" || /^127\./.test(host);
}
