// SQL that makes small Nova databases for tests.

const instances =
  "id int primary key, user_id varchar(255), project_id varchar(255), hostname varchar(255), host varchar(255), memory_mb int, vcpus int, root_gb int, uuid varchar(36) not null";
const actions = "id int primary key, created_at datetime, instance_uuid varchar(36)";
const events =
  "id int primary key, event varchar(255), action_id int, start_time datetime, finish_time datetime(6), result varchar(255)";

/** The three tables, with `prefix` before their names. */
export const novaTables = (prefix = ""): string => `
CREATE TABLE ${prefix}instances (${instances}) CHARACTER SET utf8;
CREATE TABLE ${prefix}instance_actions (${actions}, KEY (instance_uuid)) CHARACTER SET utf8;
CREATE TABLE ${prefix}instance_actions_events (${events}, KEY (action_id)) CHARACTER SET utf8;`;

export const novaSchema = (name: string): string =>
  `SET sql_mode = ''; CREATE DATABASE ${name} CHARACTER SET utf8; USE ${name};${novaTables()}`;

/** An instance of `user` with one action and one event; all have the number `id`. */
export const instanceRows = ({
  id,
  user = "u",
  created = "2015-09-18 00:00:00",
  start = "2015-09-18 00:00:01",
  finish = "2015-09-18 00:00:02",
  tables = ["", "", ""],
}: {
  id: number;
  user?: string | null;
  created?: string | null;
  start?: string | null;
  finish?: string | null;
  tables?: readonly [string, string, string];
}): string => {
  const value = (text: string | null) => (text === null ? "NULL" : `'${text}'`);
  return `
INSERT INTO ${tables[0]}instances VALUES (${id}, ${value(user)}, 'p', 'vm-${id}', 'h1', 512, 1, 1, 'uuid-${id}');
INSERT INTO ${tables[1]}instance_actions VALUES (${id}, ${value(created)}, 'uuid-${id}');
INSERT INTO ${tables[2]}instance_actions_events VALUES (${id}, 'e${id}', ${id}, ${value(start)}, ${value(finish)}, 'Success');`;
};
