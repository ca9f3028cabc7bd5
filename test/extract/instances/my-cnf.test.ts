import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { cellOf } from "../../../src/extract/instances/cell-schemas.ts";
import { connectionSettings } from "../../../src/extract/instances/connection-settings.ts";
import { clientDefaults } from "../../../src/extract/instances/my-cnf.ts";

const scratch = mkdtempSync(join(tmpdir(), "drayage-my-cnf-"));
after(() => rmSync(scratch, { recursive: true }));

/** Files by their path under a new folder. */
function files(texts: Readonly<Record<string, string>>): string {
  const dir = mkdtempSync(join(scratch, "case-"));
  for (const [name, text] of Object.entries(texts)) {
    mkdirSync(join(dir, name, ".."), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  return dir;
}

const read = (dir: string) =>
  clientDefaults({
    defaultsFile: undefined,
    noDefaults: false,
    home: join(dir, "home"),
    global: [join(dir, "etc/my.cnf"), join(dir, "etc/mysql/my.cnf")],
  });

const values = (dir: string): Record<string, string> =>
  Object.fromEntries(Object.entries(read(dir).values).map(([key, { value }]) => [key, value]));

test("later files win, included ones come right behind, other groups and keys are left alone", () => {
  const dir = files({
    "etc/my.cnf":
      "[client]\nuser=a\nhost = db1 # main\n!include extra/one.cnf\n!includedir extra/dir\nport=1\n[mysqld]\nport=9\n",
    "etc/extra/one.cnf": "[client]\nport=2\n",
    "etc/extra/dir/b.cnf": "[client]\nsocket='/run/x #1.sock'\n",
    "etc/extra/dir/c.txt": "[client]\nuser=wrong\n",
    "home/.my.cnf": '; mine\n[client]\npassword="p;#w"\nssl_ca=/ca.pem\ncompress\n',
  });
  assert.deepEqual(values(dir), {
    user: "a",
    host: "db1",
    port: "2",
    socket: "/run/x #1.sock",
    password: "p;#w",
    "ssl-ca": "/ca.pem",
  });
});

test("a file that everybody may write is not read, and the obfuscated one neither; both are told", () => {
  const dir = files({ "etc/my.cnf": "[client]\nuser=evil\n", "home/.mylogin.cnf": "?" });
  chmodSync(join(dir, "etc/my.cnf"), 0o666);
  const { warnings } = read(dir);
  assert.deepEqual(values(dir), {});
  assert.match(warnings[0] ?? "", /chmod o-w/);
  assert.match(warnings[1] ?? "", /\.mylogin\.cnf is obfuscated/);
});

test("a folder of more files that cannot be listed is told, and the rest counts", () => {
  const dir = files({ "etc/my.cnf": "!includedir my.cnf\n[client]\nuser=u\n" });
  const { values, warnings } = read(dir);
  assert.equal(values.user?.value, "u");
  assert.match(warnings.join(), /my\.cnf cannot be read: ENOTDIR/);
});

test("files that include each other end with a sentence", () => {
  const dir = files({ "etc/my.cnf": "!include my.cnf\n" });
  assert.throws(() => read(dir), /do they include each other/);
});

test("option, then environment, then file, then default; each says where it is from", () => {
  const dir = files({
    "etc/my.cnf": "[client]\nuser=filed\nhost=filed\nport=77\npassword=filed\n",
  });
  const given = {
    user: "optional",
    password: undefined,
    host: undefined,
    port: undefined,
    socket: undefined,
    ssl: false,
    sslCa: undefined,
  };
  const env = { DRAYAGE_DB_USER: "environmental", DRAYAGE_DB_HOST: "environmental" };
  const settings = connectionSettings({ given, env, defaults: read(dir) });
  const file = join(dir, "etc/my.cnf");
  assert.deepEqual(settings.user, { value: "optional", source: "--db-user" });
  assert.deepEqual(settings.host, { value: "environmental", source: "DRAYAGE_DB_HOST" });
  assert.deepEqual(settings.port, { value: 77, source: file });
  assert.deepEqual(settings.password, { value: "filed", source: file });
  const none = connectionSettings({
    given: { ...given, user: undefined },
    env: {},
    defaults: { values: {}, warnings: [] },
  });
  assert.deepEqual(none.user, { value: "root", source: "default" });
  assert.equal(none.host.value, "localhost");
});

for (const { url, cell } of [
  {
    url: "mysql+pymysql://u:p%40@db1:3307/nova?charset=utf8",
    cell: { host: "db1", port: "3307", schema: "nova" },
  },
  { url: "mysql://u:a@b:c@db1/cell", cell: { host: "db1", port: "", schema: "cell" } },
  {
    url: "{scheme}://{username}:{password}@{hostname}:{port}/nova_cell0?{query}",
    cell: { host: "{hostname}", port: "{port}", schema: "nova_cell0" },
  },
  { url: "mysql://u@[::1]:1/n", cell: { host: "::1", port: "1", schema: "n" } },
  { url: "none:///", cell: undefined },
]) {
  test(`a cell's connection is taken apart: ${url}`, () => assert.deepEqual(cellOf(url), cell));
}
