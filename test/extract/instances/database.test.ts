// Instance events out of a real MariaDB: one server for the whole file.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { verbs } from "../../../src/cli/commands.ts";
import { DrayageError } from "../../../src/core/errors.ts";
import type { Database } from "../../../src/extract/instances/database.ts";
import { streamError } from "../../../src/extract/instances/database-error.ts";
import {
  type InstanceOptions,
  readInstances,
} from "../../../src/extract/instances/instance-extraction.ts";
import type { InstanceEvent } from "../../../src/extract/nova-event.ts";
import type { RowSink } from "../../../src/extract/row-sink.ts";
import { drayage } from "../../cli/fake-terminal.ts";
import { type MariaDb, needsMariaDb, startMariaDb } from "../../fakes/mariadb.ts";
import { instanceRows, novaSchema, novaTables } from "./nova-tables.ts";

const golden = join(import.meta.dirname, "../../../../shared/data/nova");
const needsGolden = "needs the reference traces, which are not in this tree";
const scratch = mkdtempSync(join(tmpdir(), "drayage-instances-"));

let server: MariaDb | undefined;
before(async () => {
  server = await startMariaDb();
  server?.sql(`CREATE USER 'cc_trace'@'%' IDENTIFIED BY 'cc_pw';
CREATE USER 'part'@'%' IDENTIFIED BY 'pw'; CREATE USER 'none'@'%' IDENTIFIED BY 'pw';
${novaSchema("old")} ALTER TABLE instance_actions_events DROP COLUMN result; ALTER TABLE instances DROP COLUMN root_gb;
${novaSchema("seen")}
GRANT SELECT ON seen.instances TO 'part'@'%'; GRANT SELECT (id, instance_uuid) ON seen.instance_actions TO 'part'@'%';
${novaSchema("quirks")}${instanceRows({ id: 1, user: "Admin" })}${instanceRows({ id: 2, user: "admin " })}${instanceRows({ id: 3, user: null })}
${instanceRows({ id: 4, start: "0000-00-00 00:00:00" })}${instanceRows({ id: 5, finish: "0000-00-00 00:00:00" })}
${instanceRows({ id: 6, created: null })}${instanceRows({ id: 7, finish: "2015-09-18 00:00:02.250000", created: "2015-09-19 00:00:00" })}
${novaSchema("cell1")}${instanceRows({ id: 1, created: "2015-09-18 00:00:02" })}${instanceRows({ id: 2, created: "2015-09-18 00:00:00" })}
${novaSchema("cell2")}${instanceRows({ id: 1, created: "2015-09-18 00:00:01" })}
${novaSchema("archived")}${novaTables("shadow_")}${instanceRows({ id: 1 })}
${instanceRows({ id: 2, tables: ["shadow_", "shadow_", "shadow_"] })}${instanceRows({ id: 3, tables: ["", "shadow_", "shadow_"] })}
INSERT INTO shadow_instance_actions_events SELECT * FROM instance_actions_events;
CREATE DATABASE nova_api; USE nova_api; CREATE TABLE cell_mappings (database_connection text);
INSERT INTO cell_mappings VALUES ('mysql+pymysql://nova:s3cret@127.0.0.1/cell2?charset=utf8'), ('mysql+pymysql://nova:s3cret@cell-db-7:3307/nova_cell7'),
  ('mysql+pymysql://nova:s3cret@127.0.0.1:1/cell9'), ('s3cret');
${novaSchema("large")}
INSERT INTO instances VALUES (1, 'u', 'p', 'vm-1', 'h1', 512, 1, 1, 'uuid-1');
INSERT INTO instance_actions SELECT seq, '2015-09-18', 'uuid-1' FROM seq_1_to_400000;
INSERT INTO instance_actions_events SELECT seq, 'compute_reboot', seq, '2015-09-18', '2015-09-18 00:00:01', 'Success' FROM seq_1_to_400000;
GRANT SELECT ON large.* TO 'cc_trace'@'%';`);
});
after(async () => {
  await server?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const folder = (): string => mkdtempSync(join(scratch, "case-"));

/** Runs `drayage extract instances` as root over TCP, unless the arguments say otherwise. */
const extract = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  drayage(["extract", "instances", "--no-defaults", ...args], { verbs, env });

const asRoot = ({ port }: MariaDb): string[] => ["-H", "127.0.0.1", "-P", String(port)];
const asUser = (db: MariaDb, user: string): string[] => [...asRoot(db), "-u", user];

/** A test that needs the server and skips by name without it. */
function withServer(name: string, body: (db: MariaDb, t: TestContext) => Promise<void>): void {
  test(name, async (t) => {
    if (server === undefined) return t.skip(needsMariaDb);
    await body(server, t);
  });
}

/** Column `index` of the rows of a CSV text without quotes. */
const column = (csv: string, index: number): string[] =>
  csv
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => line.split(",")[index] ?? "");
const EVENT = 1;

for (const { file, args } of [
  { file: "none", args: ["-m", "none", "--csv-quoting", "original"] },
  { file: "sha1_chameleon", args: ["-m", "sha1-raw", "-t", "chameleon"] },
  { file: "sha2_chameleon", args: ["--salt", "chameleon"] },
  { file: "sha2_chameleon", args: ["--salt", "chameleon", "--sort-at", "server"] },
]) {
  withServer(
    `a real database gives the reference trace: ${file} ${args.join(" ")}`,
    async (db, t) => {
      const expected = join(golden, `instance_c84f452_${file}.csv`);
      if (!existsSync(expected)) return t.skip(needsGolden);
      db.sql(`DROP DATABASE IF EXISTS nova; ${readFileSync(join(golden, "nova_golden.sql"), "utf8")}
GRANT SELECT ON nova.* TO 'cc_trace'@'%';`);
      const output = join(folder(), "out.csv");
      const env = { DRAYAGE_DB_USER: "cc_trace", DRAYAGE_DB_PASSWORD: "cc_pw" };
      const { exit, err } = await extract([...asRoot(db), ...args, output], env);
      assert.equal(exit, 0, err);
      assert.equal(readFileSync(output, "utf8"), readFileSync(expected, "utf8"));
      assert.ok(existsSync(`${output}.manifest.json`));
      assert.equal(/warning: 1 row holds a comma/.test(err), args.includes("original"));
    },
  );
}

withServer("the original's command line works: db_dump with its short options", async (db, t) => {
  if (!existsSync(golden)) return t.skip(needsGolden);
  const output = join(folder(), "out.csv");
  const short = ["-u", "cc_trace", "-p", "'cc_pw'", "-H", "127.0.0.1", "-P", String(db.port)];
  const rest = ["-m", "sha2-salted", "-t", "chameleon", "-d", "nova", "-e", "2017-01-01", output];
  const { exit, err } = await drayage(["db_dump", "--no-defaults", ...short, ...rest], { verbs });
  assert.equal(exit, 0, err);
  assert.match(err, /--password can be seen by others/);
  const expected = readFileSync(join(golden, "instance_c84f452_sha2_chameleon.csv"), "utf8");
  // All but the header and the event of 2018.
  assert.equal(readFileSync(output, "utf8"), `${expected.split("\n").slice(0, 4).join("\n")}\n`);
});

withServer(
  "owners are compared as the server compares, zero dates are NULL, fractions kept",
  async (db) => {
    const { out, err } = await extract([...asRoot(db), "-d", "quirks", "-m", "none", "-"]);
    assert.deepEqual(column(out, EVENT), ["e6", "e4", "e7"]);
    assert.deepEqual(column(out, 2)[1], "None");
    assert.deepEqual(column(out, 4)[2], "2015-09-18T00:00:02.250000");
    assert.match(err, /1 finish_time is NULL/);
  },
);

withServer("--include-unfinished and --exclude-user change what is selected", async (db) => {
  const quirks = [...asRoot(db), "-d", "quirks", "-m", "none"];
  const unfinished = await extract([...quirks, "--include-unfinished", "--sort", "id", "-"]);
  assert.deepEqual(column(unfinished.out, EVENT), ["e4", "e5", "e6", "e7"]);
  assert.equal(column(unfinished.out, 4)[1], "None");
  const everybody = await extract([...quirks, "--exclude-user", "", "--sort", "id", "-"]);
  assert.deepEqual(column(everybody.out, EVENT), ["e1", "e2", "e3", "e4", "e6", "e7"]);
  const bounded = await extract([...quirks, "-s", "2015-09-18T12:00+02:00", "-"]);
  assert.deepEqual(column(bounded.out, EVENT), ["e7"]);
});

withServer(
  "an archived instance is read from whichever tables its parts are in, once",
  async (db) => {
    const archived = [...asRoot(db), "-d", "archived", "-m", "none", "--sort", "id"];
    assert.deepEqual(column((await extract([...archived, "-"])).out, EVENT), ["e1"]);
    const { out, err } = await extract([...archived, "--shadow", "-"]);
    assert.deepEqual(column(out, EVENT), ["e1", "e2", "e3"]);
    assert.match(err, /1 event read twice/);
  },
);

withServer(
  "bare-metal instances have no properties in v0.3, and their sizes as keys of JSON lines",
  async (db) => {
    const cell = [...asRoot(db), "-d", "cell2", "-m", "none", "--instance-type", "baremetal", "-v"];
    const csv = await extract([...cell, "--format", "v0.3", "-"]);
    assert.match(csv.out, /,h1,\{\}\r\n$/);
    assert.match(csv.err, /cell2: 1 rows read/);
    const lines = await extract([...cell, "--format", "v0.3", "--jsons", "-"]);
    const { PROPERTIES, MEMORY_MB, VCPUS } = JSON.parse(lines.out);
    assert.deepEqual(
      { PROPERTIES, MEMORY_MB, VCPUS },
      { PROPERTIES: {}, MEMORY_MB: 512, VCPUS: 1 },
    );
    assert.equal((await extract([...cell, "-"])).exit, 2);
  },
);

withServer(
  "several cells make one trace in order, and one event id may occur in each",
  async (db) => {
    const { out } = await extract([
      ...asRoot(db),
      "--nova-databases",
      "cell1,cell2",
      "-m",
      "none",
      "-",
    ]);
    assert.deepEqual(column(out, EVENT), ["e2", "e1", "e1"]);
  },
);

withServer(
  "--cells auto reads what nova_api names here and says what to type for the rest",
  async (db) => {
    const { out, err } = await extract([...asRoot(db), "--cells", "auto", "-m", "none", "-"]);
    assert.deepEqual(column(out, EVENT), ["e1"]);
    assert.match(
      err,
      /drayage extract instances --host cell-db-7 --port 3307 --database nova_cell7/,
    );
    assert.match(err, /drayage extract instances --host 127\.0\.0\.1 --port 1 --database cell9/);
    assert.match(err, /1 of nova_api\.cell_mappings name no schema/);
    assert.doesNotMatch(err, /s3cret/);
  },
);

withServer(
  "my.cnf gives user, password and socket; a password file may not be readable by others",
  async (db) => {
    const dir = folder();
    const [defaults, password] = [join(dir, "my.cnf"), join(dir, "password")];
    const cnf = `[client]\nuser = "cc_trace"\npassword = 'cc_pw' # secret\nsocket=${db.socket}\n`;
    writeFileSync(defaults, cnf, { mode: 0o600 });
    const bySocket = [
      "extract",
      "instances",
      "--defaults-file",
      defaults,
      "-d",
      "large",
      "--dry-run",
    ];
    const { exit, out, err } = await drayage([...bySocket, "-"], { verbs });
    assert.equal(exit, 0, err);
    assert.match(out, new RegExp(`at ${db.socket}; all tables and columns can be read`));
    writeFileSync(password, "cc_pw\n", { mode: 0o644 });
    chmodSync(password, 0o644);
    const byFile = [...asUser(db, "cc_trace"), "-d", "large", "--password-file", password];
    const refused = await extract([...byFile, "--dry-run", "-"]);
    assert.equal(refused.exit, 2);
    assert.match(refused.err, /chmod 600/);
    chmodSync(password, 0o600);
    assert.equal((await extract([...byFile, "--dry-run", "-"])).exit, 0);
  },
);

withServer("a server that wants TLS gets it with --ssl-ca, and is named without", async (db, t) => {
  const { caFile } = db;
  if (caFile === undefined) return t.skip("needs openssl: apt-get install openssl");
  db.sql("SET GLOBAL require_secure_transport = ON");
  t.after(() => db.sql("SET GLOBAL require_secure_transport = OFF"));
  const large = [...asRoot(db), "-d", "large", "--dry-run", "-"];
  const plain = await extract(large);
  assert.equal(plain.exit, 4);
  assert.match(plain.err, /if the server requires TLS, give --ssl-ca FILE/);
  const unknown = await extract([...large, "--ssl"]);
  assert.equal(unknown.exit, 4);
  assert.match(unknown.err, /by TLS \(self-signed certificate\): .* with --ssl-ca FILE$/m);
  const encrypted = await extract([...large, "--ssl-ca", caFile]);
  assert.equal(encrypted.exit, 0, encrypted.err);
});

const PASSWORD = { DRAYAGE_DB_PASSWORD: "pw" };
const cellConfig = join(scratch, "cells.config");
writeFileSync(cellConfig, "[default]\nnova_databases = cell1,cell2\n");

for (const { name, args, env = {}, exit, says } of [
  {
    name: "a wrong password names the user, the host the server sees, and where it came from",
    args: (db: MariaDb) => asUser(db, "cc_trace"),
    env: { DRAYAGE_DB_PASSWORD: "wrong" },
    exit: 4,
    says: [
      /'cc_trace'@'127\.0\.0\.1' \(user from --db-user\); a password was sent \(from DRAYAGE_DB_PASSWORD\)/,
    ],
  },
  {
    name: "no password is not a wrong one",
    args: (db: MariaDb) => asUser(db, "cc_trace"),
    exit: 4,
    says: [/no password was sent: give --password-file/],
  },
  {
    name: "a schema nobody granted comes with the statement that grants it",
    args: (db: MariaDb) => [...asUser(db, "none"), "-d", "seen"],
    env: PASSWORD,
    exit: 4,
    says: [/GRANT SELECT ON `seen`\.\* TO 'none'@'%';/, /no schema is visible/],
  },
  {
    name: "missing grants on tables and columns are named together",
    args: (db: MariaDb) => [...asUser(db, "part"), "-d", "seen"],
    env: PASSWORD,
    exit: 4,
    says: [
      /'part'@'%' may not read seen\.instance_actions, seen\.instance_actions_events on/,
      /GRANT SELECT ON `seen`\.\* TO 'part'@'%';/,
    ],
  },
  {
    name: "missing columns of another release are named together, with the release",
    args: (db: MariaDb) => [...asRoot(db), "-d", "old", "--vm-host", "event"],
    exit: 2,
    says: [
      /old\.instances has no column root_gb/,
      /old\.instance_actions_events has no column result/,
      /no column host \(exists since Nova 2014\.1; leave out --vm-host event\)/,
    ],
  },
  {
    name: "missing tables are named together",
    args: (db: MariaDb) => [...asRoot(db), "-d", "seen", "--shadow"],
    exit: 2,
    says: [/no table shadow_instances /, /no table shadow_instance_actions_events /],
  },
  {
    name: "a missing schema comes with those that exist",
    args: (db: MariaDb) => [...asRoot(db), "--nova-databases", "cell1,cell9"],
    exit: 2,
    says: [/there is no schema cell9 on .* \(--nova-databases\); visible: .*cell1/],
  },
  {
    name: "the server cannot put several schemas in order, however they were named",
    args: (db: MariaDb) => [
      ...[...asRoot(db), "--format", "v0.3", "--sort-at", "server"],
      ...["--config", cellConfig],
    ],
    exit: 2,
    says: [/--sort-at server sorts one schema, and here are 2 \(cell1, cell2\): leave it out/],
  },
  {
    name: "a port where nobody listens is named with what set it",
    args: () => ["-H", "127.0.0.1"],
    env: { DRAYAGE_DB_PORT: "1" },
    exit: 4,
    says: [/127\.0\.0\.1:1 \(host from --host, port from DRAYAGE_DB_PORT\).*ECONNREFUSED/],
  },
]) {
  withServer(name, async (db) => {
    const dir = folder();
    const output = join(dir, "out.csv");
    const said = await extract([...args(db), "-m", "none", output], env);
    assert.equal(said.exit, exit, said.err);
    for (const sentence of says) assert.match(said.err, sentence);
    assert.deepEqual(readdirSync(dir), []);
  });
}

const failure = (properties: Readonly<Record<string, unknown>>): Error =>
  Object.assign(new Error("said by the server"), properties);

for (const { name, error } of [
  { name: "no answer in time", error: failure({ code: "ETIMEDOUT", errno: -110 }) },
  { name: "no way to it any more", error: failure({ code: "EHOSTUNREACH", errno: -113 }) },
  {
    name: "rest for too long",
    error: failure({ code: "ER_CLIENT_INTERACTION_TIMEOUT", errno: 4031 }),
  },
]) {
  test(`a database that is lost in mid-stream by ${name} went away`, () => {
    const lost = streamError(error, { rows: 7, netWriteTimeout: 600 });
    assert.ok(lost instanceof DrayageError);
    assert.equal(lost.code, "target-unreachable");
    assert.match(lost.message, /went away after 7 rows/);
  });
}

test("a server of Nova's first years knows neither time limits nor transactions that only read", async () => {
  const asked: string[] = [];
  const database = {
    async ask(sql: string) {
      asked.push(sql);
      if (sql.includes("max_statement_time")) throw failure({ errno: 1193 });
      if (sql.includes("READ ONLY")) throw failure({ errno: 1064 });
      return [];
    },
  } as unknown as Database;
  const nova = { database, schemas: ["nova"], version: "5.5.68-MariaDB", statements: [] };
  const quiet = (): void => undefined;
  const options = { snapshot: true, shadow: false, progress: quiet, debug: quiet, notice: quiet };
  const read = await readInstances(nova, {
    options: options as unknown as InstanceOptions,
    sink: {} as RowSink<InstanceEvent>,
  });
  assert.equal(read.rowsRead, 0);
  assert.equal(asked.at(-1), "START TRANSACTION WITH CONSISTENT SNAPSHOT");
});

/** The program as a process of its own, reading the large schema. */
function start(db: MariaDb, output: string): { child: ChildProcess; said: () => string } {
  const program = join(import.meta.dirname, "../../../bin/drayage.js");
  const args = ["extract", "instances", "--no-defaults", ...asUser(db, "cc_trace"), "-d", "large"];
  const child = spawn(
    process.execPath,
    [program, ...args, "-m", "none", "--sort", "none", output],
    {
      env: { ...process.env, DRAYAGE_DB_PASSWORD: "cc_pw" },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  let text = "";
  child.stderr?.setEncoding("utf8").on("data", (piece: string) => {
    text += piece;
  });
  return { child, said: () => text };
}

const WAIT_MS_MAX = 20_000;

/** Number of the connection that streams, once it does. */
async function streaming(db: MariaDb): Promise<string> {
  for (const deadline = Date.now() + WAIT_MS_MAX; Date.now() < deadline; await pause(5)) {
    const id = db.sql(
      "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'cc_trace' AND INFO LIKE 'SELECT i.uuid%'",
    );
    if (id !== "") return id.trim();
  }
  throw new Error("the statement did not start in time");
}

withServer(
  "a connection that is killed in mid-stream ends with the number of rows and no file",
  async (db) => {
    const dir = folder();
    const { child, said } = start(db, join(dir, "out.csv"));
    const id = await streaming(db);
    db.sql(`KILL CONNECTION ${id}`);
    const [exit] = await once(child, "exit");
    assert.equal(exit, 4, said());
    assert.match(
      said(),
      /went away after \d+ rows \(net_write_timeout was 600 s\); nothing was written/,
    );
    assert.deepEqual(readdirSync(dir), []);
  },
);

withServer("an interrupt removes what was written", async (db) => {
  const dir = folder();
  const { child, said } = start(db, join(dir, "out.csv"));
  await streaming(db);
  child.kill("SIGINT");
  const [exit] = await once(child, "exit");
  assert.equal(exit, 130, said());
  assert.match(said(), /interrupted/);
  assert.deepEqual(readdirSync(dir), []);
});

// The last test of the file: there is no server any more behind it.
withServer("a server that crashes in mid-stream ends with one sentence and no file", async (db) => {
  const dir = folder();
  const { child, said } = start(db, join(dir, "out.csv"));
  await streaming(db);
  await db.crash();
  const [exit] = await once(child, "exit");
  assert.equal(exit, 4, said());
  assert.match(said(), /went away after \d+ rows/);
  assert.deepEqual(readdirSync(dir), []);
});
