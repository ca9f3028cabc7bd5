// A MariaDB with a synthetic Nova in it, for benches of extraction.

import type { ConnectionSettings } from "../src/extract/instances/connection-settings.ts";
import type { InstanceOptions } from "../src/extract/instances/instance-extraction.ts";
import { type MariaDb, startMariaDb } from "../test/fakes/mariadb.ts";
import { MissingProgram } from "./measure.ts";

/** Throws a MissingProgram where MariaDB is not installed. */
export async function novaServer(): Promise<MariaDb> {
  const server = await startMariaDb();
  if (server === undefined) throw new MissingProgram("mariadbd", "apt-get install mariadb-server");
  return server;
}

const instances = `CREATE TABLE instances (id int PRIMARY KEY, user_id varchar(255), project_id varchar(255), hostname varchar(255), host varchar(255), memory_mb int, vcpus int, root_gb int, uuid varchar(36) NOT NULL, KEY (uuid)) CHARACTER SET utf8;
INSERT INTO instances SELECT seq, CONCAT('user-', seq % 3000), CONCAT('project-', seq % 500), CONCAT('vm-', seq), CONCAT('c', seq % 40, '-', seq % 600), 512 << (seq % 6), 1 << (seq % 6), 1 << (seq % 6), CONCAT('7b7d261d-2eb6-4dc2-8353-', LPAD(seq, 12, '0'))`;
const time = "'2015-09-17 00:00:00' + INTERVAL (seq * 17) % 100000000 SECOND";
const event = `'compute__do_build_and_run_instance' AS event, ${time} AS start_time, ${time} + INTERVAL 10 SECOND AS finish_time, 'Success' AS result`;

/** Tables of so many events, one for each action, of a tenth as many instances. */
export const storedNova = (rows: number): string => `CREATE DATABASE nova; USE nova;
${instances} FROM seq_1_to_${rows / 10};
CREATE TABLE instance_actions (id int PRIMARY KEY, created_at datetime, instance_uuid varchar(36), KEY (instance_uuid)) CHARACTER SET utf8;
INSERT INTO instance_actions SELECT seq, ${time}, CONCAT('7b7d261d-2eb6-4dc2-8353-', LPAD(1 + seq % ${rows / 10}, 12, '0')) FROM seq_1_to_${rows};
CREATE TABLE instance_actions_events (id int PRIMARY KEY, action_id int, event varchar(255), start_time datetime, finish_time datetime, result varchar(255), KEY (action_id)) CHARACTER SET utf8;
INSERT INTO instance_actions_events (id, action_id, event, start_time, finish_time, result) SELECT seq, seq, ${event} FROM seq_1_to_${rows};`;

/** Events that the server makes up as they are read, so that any number of them takes no room: 1,000 instances. */
export const generatedNova = (rows: number): string => `CREATE DATABASE nova; USE nova;
${instances} FROM seq_1_to_1000;
CREATE TABLE instance_actions (id int PRIMARY KEY, created_at datetime, instance_uuid varchar(36)) CHARACTER SET utf8;
INSERT INTO instance_actions SELECT seq, ${time}, CONCAT('7b7d261d-2eb6-4dc2-8353-', LPAD(seq, 12, '0')) FROM seq_1_to_1000;
CREATE VIEW instance_actions_events AS SELECT seq AS id, 1 + seq % 1000 AS action_id, ${event} FROM seq_1_to_${rows};`;

const from = <Value>(value: Value) => ({ value, source: "bench" });

/** Reads everything as root through the socket; as a sorting command does it, or as one that keeps the server's order. */
export function readingOptions(socket: string, alongActions = false): InstanceOptions {
  const settings: ConnectionSettings = {
    user: from("root"),
    password: from(""),
    host: from("localhost"),
    port: from(0),
    sockets: [socket],
    onlySocket: true,
    tls: undefined,
  };
  return {
    settings,
    schemas: { kind: "named", schemas: ["nova"], optional: [], option: "bench" },
    shadow: false,
    selection: {
      start: undefined,
      end: undefined,
      excludedUsers: ["admin"],
      excludedProjects: ["admin"],
      hostOfEvent: false,
    },
    includeUnfinished: false,
    snapshot: true,
    serverOrder: "none",
    alongActions,
    strict: false,
    notice: () => {},
    progress: () => {},
    debug: () => {},
  };
}
