import { maskMethods } from "../../extract/masking/mask-policy.ts";
import type { OptionTable } from "../command.ts";

/** How values are masked and times moved. `instances` gives the first two their letters, `machines` the next two. */
export const maskOptions = {
  masking: {
    type: "string",
    choices: maskMethods,
    value: "METHOD",
    help: "hmac-sha256, or sha2-salted when only a salt is given",
  },
  salt: {
    type: "string",
    empty: true,
    value: "TEXT",
    help: "salt of sha1-raw and sha2-salted; visible to others on this machine, see --salt-file",
  },
  "hashed-masking-method": {
    type: "string",
    choices: maskMethods,
    value: "METHOD",
    help: "the same as --masking",
  },
  "hashed-masking-salt": {
    type: "string",
    empty: true,
    value: "TEXT",
    help: "the same as --salt",
  },
  "salt-file": { type: "string", value: "FILE", help: "salt, without its last line end" },
  "key-file": {
    type: "string",
    value: "FILE",
    help: "key of hmac-sha256, see drayage keygen; or DRAYAGE_MASK_KEY_FILE, DRAYAGE_MASK_KEY (hex)",
  },
  "insecure-file-mode": {
    type: "boolean",
    default: false,
    help: "accept key and password files that others may read",
  },
  "uuid-shape": {
    type: "boolean",
    default: false,
    help: "print uuid pseudonyms in the form 8-4-4-4-12",
  },
  time: {
    type: "string",
    choices: ["absolute", "relative"],
    help: "relative: the first request is at the Unix epoch, the first event of a table at the zero of its _SEC columns",
  },
  "time-shift": {
    type: "string",
    value: "SECONDS|key|key-weeks",
    help: "add one constant to all times: given, drawn from the key, or whole weeks of it",
  },
  "time-round": {
    type: "number",
    integer: true,
    min: 0,
    default: 0,
    value: "MS",
    help: "cut times to multiples of so many milliseconds",
  },
  "allow-leaks": {
    type: "string",
    array: true,
    value: "COLUMN",
    help: "report what the leak scan finds in this column, and go on",
  },
  "min-k": {
    type: "number",
    integer: true,
    min: 0,
    default: 0,
    value: "K",
    help: "refuse a trace in which fewer than K rows share a quasi-identifier",
  },
} as const satisfies OptionTable;
