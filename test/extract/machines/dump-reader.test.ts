import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { DumpContent } from "../../../src/extract/machines/dump-content.ts";
import { DumpReader } from "../../../src/extract/machines/dump-reader.ts";
import { RowReader } from "../../../src/extract/machines/row-reader.ts";
import { nodesTable, servicesTable } from "./backups.ts";

const wanted = [
  { name: "compute_nodes", columns: ["host", "vcpus"] },
  { name: "services", columns: ["host", "disabled"] },
];

function read(
  pieces: readonly (string | Buffer)[],
  schemas: readonly string[] = ["nova"],
): DumpContent {
  const reader = new DumpReader({ wanted, schemas });
  for (const piece of pieces) reader.write(Buffer.from(piece));
  return reader.end();
}

/** Rows of a table, of whichever schema. */
const rowsOf = (content: DumpContent, table: string): (string | null)[][] =>
  content.tables.filter(({ name }) => name === table).flatMap(({ rows }) => rows);

const services = "CREATE TABLE services (host varchar(9), disabled int);\n";
const insert = (values: string): string => `${services}INSERT INTO services VALUES ${values};\n`;

for (const { name, dump, rows } of [
  {
    name: "several tuples in a line",
    dump: insert("('a',0),('b',1), ('c',NULL)"),
    rows: [
      ["a", "0"],
      ["b", "1"],
      ["c", null],
    ],
  },
  {
    name: "a tuple in each line, as recent MariaDB writes",
    dump: insert("\n('a',0),\n('b',1)"),
    rows: [
      ["a", "0"],
      ["b", "1"],
    ],
  },
  {
    name: "line ends, parentheses, quotes and semicolons within quotes",
    dump: insert("('a\nb);','1'),('it''s (,;',0),('say \\'x\\' \\\\',0)"),
    rows: [
      ["a\nb);", "1"],
      ["it's (,;", "0"],
      ["say 'x' \\", "0"],
    ],
  },
  {
    name: "all escapes",
    dump: insert("('\\0\\b\\n\\r\\t\\Z\\%\\_\\q',0)"),
    rows: [["\0\b\n\r\t\x1a\\%\\_q", "0"]],
  },
  {
    name: "introducers, hexadecimal and bits",
    dump: insert("(_binary 'a',b'1'),(_utf8mb4'é',0x31),(X'6869',1),(N'n',-1.5)"),
    rows: [
      ["a", "1"],
      ["é", "1"],
      ["hi", "1"],
      ["n", "-1.5"],
    ],
  },
  {
    name: "INSERT IGNORE, REPLACE, column lists and lower case",
    dump: `${services}INSERT IGNORE INTO \`services\` (\`disabled\`, \`host\`) VALUES (1,'a');\nreplace into services values ('b',0);`,
    rows: [
      ["a", "1"],
      ["b", "0"],
    ],
  },
  {
    name: "column names of an INSERT without CREATE TABLE",
    dump: "INSERT INTO services (disabled, id, host) VALUES (1,7,'a');",
    rows: [["a", "1"]],
  },
  {
    name: "what follows the rows",
    dump: `${services}INSERT INTO services VALUES ('a',1) ON DUPLICATE KEY UPDATE host='b)';INSERT INTO services VALUES ('c',0);`,
    rows: [
      ["a", "1"],
      ["c", "0"],
    ],
  },
  {
    name: "NO_BACKSLASH_ESCAPES and ANSI_QUOTES, until the mode is restored",
    dump: `SET @old=@@SQL_MODE, SQL_MODE='ANSI_QUOTES,NO_BACKSLASH_ESCAPES';\nCREATE TABLE "services" ("host" text, "disabled" int);\nINSERT INTO "services" VALUES ('a\\',1);\nINSERT INTO "other" VALUES ('\\');\nSET SQL_MODE=@old;\nINSERT INTO services VALUES ('\\'',0);`,
    rows: [
      ["a\\", "1"],
      ["'", "0"],
    ],
  },
  {
    name: "other schemas do not count once the dump says USE",
    dump: `USE \`cinder\`;\n${insert("('c',0)")}USE nova;\n${insert("('n',1)")}INSERT INTO cinder.services VALUES ('d',0);INSERT INTO \`nova\`.\`services\` VALUES ('m',1);`,
    rows: [
      ["n", "1"],
      ["m", "1"],
    ],
  },
  {
    name: "DROP TABLE forgets what came before it",
    dump: `${insert("('a',0)")}DROP TABLE IF EXISTS \`x\`, \`services\`;\n${insert("('b',1)")}`,
    rows: [["b", "1"]],
  },
  {
    name: "shadow tables and tables of longer names do not count",
    dump: `CREATE TABLE shadow_services (host text, disabled int);INSERT INTO shadow_services VALUES ('s',0);INSERT INTO services_old VALUES ('o',0);${insert("('a',0)")}`,
    rows: [["a", "0"]],
  },
  {
    name: "comments that servers execute, those they do not, triggers and delimiters",
    dump: `\ufeff/*M!999999\\- enable the sandbox mode */ \r\n/*!40101 SET NAMES utf8mb4 */;\r\n# ; '\n/* ' ; */ -- "\nLOCK TABLES services WRITE;\nDELIMITER ;;\n/*!50003 CREATE*/ /*!50017 DEFINER=\`r\`@\`h\`*/ /*!50003 TRIGGER t BEGIN INSERT INTO services VALUES ('t',1); END */;;\nDELIMITER ;\n${insert("('a',0)")}UNLOCK TABLES;`,
    rows: [["a", "0"]],
  },
  {
    name: "indexes and constraints are no columns",
    dump: "CREATE TABLE services (`id` int, `key` int DEFAULT '1,2', PRIMARY KEY (`id`), UNIQUE KEY `u` (`host`,`id`), `host` varchar(9) COMMENT 'a, b)', CONSTRAINT `c` CHECK (json_valid(`x`)), `disabled` decimal(3,1));INSERT INTO services VALUES (1,2,'a',1);",
    rows: [["a", "1"]],
  },
  {
    name: "Windows-1252, where the dump says latin1",
    dump: Buffer.from(
      "SET NAMES latin1;CREATE TABLE services (host text, disabled int);INSERT INTO services VALUES ('caf\xe9 \x80',0);",
      "latin1",
    ),
    rows: [["café €", "0"]],
  },
]) {
  test(`a dump is read: ${name}`, () => {
    const bytes = Buffer.from(dump);
    assert.deepEqual(rowsOf(read([bytes]), "services"), rows);
    for (let at = 0; at <= bytes.length; at++) {
      const halves = read([bytes.subarray(0, at), bytes.subarray(at)]);
      assert.deepEqual(rowsOf(halves, "services"), rows, `cut at byte ${at}`);
    }
    const single = read([...bytes].map((byte) => Buffer.from([byte])));
    assert.deepEqual(rowsOf(single, "services"), rows, "a byte at a time");
  });
}

for (const { name, dump, fault } of [
  {
    name: "in a row",
    dump: `${services}INSERT INTO services VALUES ('a',0),('b`,
    fault: /cut off within a row/,
  },
  {
    name: "between rows",
    dump: `${services}INSERT INTO services VALUES ('a',0),`,
    fault: /cut off within a statement/,
  },
  {
    name: "in a table that nobody reads",
    dump: "INSERT INTO x VALUES ('a",
    fault: /cut off within a statement/,
  },
  {
    name: "before its last line",
    dump: `-- MySQL dump 10.13\n${insert("('a',0)")}`,
    fault: /the line Dump completed is missing/,
  },
]) {
  test(`a dump that is cut off ${name} is noticed`, () => {
    assert.throws(() => read([dump]), fault);
  });
}

for (const { name, dump, fault } of [
  {
    name: "rows without columns",
    dump: "INSERT INTO services VALUES ('a',0);",
    fault: /rows of services but neither CREATE TABLE nor column names/,
  },
  {
    name: "too few values",
    dump: insert("('a')"),
    fault: /row of services with 1 values for 2 columns/,
  },
  { name: "a foreign character set", dump: "SET NAMES koi8r;", fault: /character set koi8r/ },
  {
    name: "words for values",
    dump: insert("('a',NOW())"),
    fault: /a word where a value should be|something else/,
  },
]) {
  test(`a dump with ${name} is refused`, () => {
    assert.throws(() => read([dump]), { name: "DumpFault", message: fault });
  });
}

test("collations tell whether host names differ by case", () => {
  const { tables } = read([
    "CREATE TABLE services (host varchar(9) COLLATE utf8_bin, disabled int);CREATE TABLE compute_nodes (host varchar(9), vcpus int) CHARSET=utf8 COLLATE=utf8_general_cs;",
  ]);
  assert.deepEqual(
    tables.map(({ definition }) => definition.exact.has("host")),
    [true, true],
  );
  const [unnamed] = read([services]).tables;
  assert.equal(unnamed?.definition.exact.has("host"), false);
});

test("the date of the last line is known", () => {
  const { completed } = read([
    `${nodesTable}${servicesTable}-- Dump completed on 2015-11-06  6:59:06\n`,
  ]);
  assert.equal(completed, "2015-11-06  6:59:06");
});

const text = fc.string({ unit: "binary" });
const escaped = (value: string): string =>
  value.replace(/[\\'\0\n]/g, (one) => `\\${{ "\0": "0", "\n": "n" }[one] ?? one}`);

test("any text survives any cut into pieces", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(text, fc.option(fc.nat())), { minLength: 1, maxLength: 8 }),
      fc.array(fc.nat({ max: 40 }), { maxLength: 60 }),
      (rows, lengths) => {
        const values = rows.map(([host, flag]) => `('${escaped(host)}',${flag ?? "NULL"})`);
        // Lone surrogates have no UTF-8; what the file holds is what must come back.
        const bytes = Buffer.from(
          `INSERT INTO x VALUES (${values[0]?.slice(1)};${insert(values.join(","))}`,
        );
        const pieces: Buffer[] = [];
        let at = 0;
        for (const length of lengths) {
          pieces.push(bytes.subarray(at, at + length));
          at += length;
        }
        pieces.push(bytes.subarray(at));
        const expected = rows.map(([host, flag]) => [
          Buffer.from(host).toString("utf8"),
          flag === null ? null : String(flag),
        ]);
        assert.deepEqual(rowsOf(read(pieces), "services"), expected);
      },
    ),
  );
});

test("a row that comes in thousands of pieces is scanned a few times, not once for each piece", (t) => {
  const scans = t.mock.method(RowReader.prototype, "read");
  const joins = t.mock.method(Buffer, "concat");
  const long = "x".repeat(1 << 20);
  const dump = Buffer.from(insert(`('a',0),('${long}',1),('b',2)`));
  const pieces = Array.from({ length: Math.ceil(dump.length / 512) }, (_, piece) =>
    dump.subarray(piece * 512, (piece + 1) * 512),
  );
  const rows = rowsOf(read(pieces), "services");
  assert.deepEqual(
    rows.map(([host, disabled]) => [host?.length, disabled]),
    [
      [1, "0"],
      [long.length, "1"],
      [1, "2"],
    ],
  );
  assert.ok(scans.mock.callCount() < 32, `${scans.mock.callCount()} scans`);
  const joined = joins.mock.calls.reduce((sum, { result }) => sum + (result?.length ?? 0), 0);
  assert.ok(joined < 4 * dump.length, `${joined} bytes put together`);
});

test("a row that never ends is refused at 64 MiB", () => {
  const reader = new DumpReader({ wanted, schemas: ["nova"] });
  reader.write(Buffer.from(`${services}INSERT INTO services VALUES ('`));
  const piece = Buffer.alloc(1 << 20, "x");
  let pieces = 0;
  assert.throws(() => {
    for (; pieces < 80; pieces++) reader.write(piece);
  }, /has a row or a statement of over 64 MiB at byte/);
  assert.equal(pieces, 63);
});
