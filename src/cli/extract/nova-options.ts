import type { OptionTable } from "../command.ts";

/** Kind of Nova's hosts; both commands have it. */
export const instanceTypeOption = {
  "instance-type": {
    type: "string",
    choices: ["vm", "baremetal"],
    default: "vm",
    help: "baremetal: servers of Ironic, which have no sizes of their own (v0.3 only)",
  },
} as const satisfies OptionTable;

/** Where the database is and who asks. */
export const databaseOptions = {
  "db-user": { type: "string", alias: "u", value: "NAME", help: "user of the database; root" },
  password: {
    type: "string",
    alias: "p",
    empty: true,
    value: "TEXT",
    help: "password; visible to others on this machine, see --password-file",
  },
  host: {
    type: "string",
    alias: "H",
    value: "HOST",
    help: "server; localhost tries the socket first",
  },
  port: {
    type: "number",
    alias: "P",
    integer: true,
    min: 1,
    max: 65_535,
    value: "PORT",
    help: "port of the server; 3306",
  },
} as const satisfies OptionTable;

/** Command lines of the original give them to `machines` too, which needs no database. */
export const machineDatabaseOptions = {
  "db-user": { ...databaseOptions["db-user"], help: "not used" },
  password: { ...databaseOptions.password, help: "not used" },
  host: { ...databaseOptions.host, help: "not used" },
  port: { ...databaseOptions.port, help: "not used" },
} as const satisfies OptionTable;
