import { createHash } from "node:crypto";
import { compare } from "bcryptjs";
import { UsageError } from "../core/errors.ts";

/** Users and their bcrypt hashes, as `htpasswd -B` writes them. */
export type PasswordFile = ReadonlyMap<string, string>;

const bcryptHash = /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/;
/** Good credentials remembered, so that the expensive check runs once per user and not once per request. */
const REMEMBERED_MAX = 10_000;

/** `user:hash` per line; empty lines and comments are skipped. Only bcrypt, like CNCF distribution. */
export function parseHtpasswd(text: string): PasswordFile {
  const users = new Map<string, string>();
  text.split(/\r?\n/).forEach((line, index) => {
    if (line.trim() === "" || line.startsWith("#")) return;
    const colon = line.indexOf(":");
    const hash = line.slice(colon + 1).trim();
    if (colon < 1 || !bcryptHash.test(hash)) {
      throw new UsageError(
        `--htpasswd, line ${index + 1}: wants user:bcrypt-hash, as "htpasswd -B FILE user" writes it`,
      );
    }
    users.set(line.slice(0, colon), hash);
  });
  return users;
}

/** Checks `Authorization: Basic` headers against a password file. */
export class BasicCredentials {
  readonly #users: PasswordFile;
  readonly #good = new Map<string, string>();

  constructor(users: PasswordFile) {
    this.#users = users;
  }

  /** The user's name; `undefined` = no credentials, or wrong ones. Answers at once for what was good before. */
  userOf(header: string | undefined): string | undefined | Promise<string | undefined> {
    if (header === undefined || !/^basic /i.test(header)) return undefined;
    const known = this.#good.get(fingerprint(header));
    return known ?? this.#check(header);
  }

  async #check(header: string): Promise<string | undefined> {
    const text = Buffer.from(header.slice("basic ".length), "base64").toString("utf8");
    const colon = text.indexOf(":");
    const user = text.slice(0, colon);
    const hash = this.#users.get(user);
    if (colon < 0 || hash === undefined) return undefined;
    if (!(await compare(text.slice(colon + 1), hash))) return undefined;
    if (this.#good.size >= REMEMBERED_MAX) this.#good.clear();
    this.#good.set(fingerprint(header), user);
    return user;
  }
}

// The password itself is not kept in memory.
const fingerprint = (header: string): string =>
  createHash("sha256").update(header).digest("base64");
