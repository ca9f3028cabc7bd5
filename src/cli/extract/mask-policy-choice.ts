import { randomBytes } from "node:crypto";
import { UsageError } from "../../core/errors.ts";
import type { MaskMethod, MaskPolicy } from "../../extract/masking/mask-policy.ts";
import { readSecretFile } from "../../extract/secret-file.ts";
import type { OptionValues } from "../command.ts";
import type { maskOptions } from "./mask-options.ts";

type Given = OptionValues<typeof maskOptions>;
type Surroundings = {
  readonly env: NodeJS.ProcessEnv;
  readonly notice: (line: string) => void;
};

const SECRET_BYTES = 32;
const KEY_BYTES_MIN = 16;
const SALT_BYTES_ADVISED = 16;
const PUBLIC_SALT = "chameleon";
/** A key file or variable with so many hexadecimal digits, and nothing else, means the bytes that they spell. */
const HEX_KEY = /^(?:[0-9a-f]{2}){16,}$/i;

/** Method and secret of a run; what is missing is drawn at random, with a notice. Source: extract.md 6.1. */
export function chooseMaskPolicy(given: Given, { env, notice }: Surroundings): MaskPolicy {
  const salt = saltOf(given);
  const key = keyOf(given, env);
  const method =
    methodOf(given) ?? (salt !== undefined && key === undefined ? "sha2-salted" : "hmac-sha256");
  switch (method) {
    case "none":
      return { method };
    case "sha1-raw":
    case "sha2-salted":
      if (key !== undefined) notice(unused("key", method));
      if (salt === undefined) notice(forgotten("salt"));
      else warnAboutSalt(salt, notice);
      return { method, salt: salt ?? randomBytes(SECRET_BYTES), random: salt === undefined };
    case "hmac-sha256":
      if (salt !== undefined) notice(unused("salt", method));
      if (key === undefined) notice(forgotten("key"));
      return { method, key: key ?? randomBytes(SECRET_BYTES), random: key === undefined };
    default:
      return method satisfies never;
  }
}

function methodOf(given: Given): MaskMethod | undefined {
  const first = given.masking;
  const second = given["hashed-masking-method"];
  if (first !== undefined && second !== undefined && first !== second)
    throw new UsageError(
      `--masking ${first} and --hashed-masking-method ${second} contradict each other: give one`,
    );
  return (first ?? second) as MaskMethod | undefined;
}

function saltOf(given: Given): Buffer | undefined {
  const texts = [given.salt, given["hashed-masking-salt"]].filter((text) => text !== undefined);
  const file = given["salt-file"];
  if (texts.length + (file === undefined ? 0 : 1) > 1)
    throw new UsageError(
      "the salt is given twice: keep one of --salt, --hashed-masking-salt, --salt-file",
    );
  // A salt may be public, so the mode of its file is nobody's business.
  if (file !== undefined) return readSecretFile(file, { option: "--salt-file", anyMode: true });
  return texts[0] === undefined ? undefined : Buffer.from(texts[0], "utf8");
}

function warnAboutSalt(salt: Buffer, notice: (line: string) => void): void {
  if (salt.toString("utf8") === PUBLIC_SALT)
    notice(
      `warning: the salt "${PUBLIC_SALT}" is publicly known: anyone can try names against this trace`,
    );
  else if (salt.length < SALT_BYTES_ADVISED)
    notice(
      `warning: a salt of ${salt.length} bytes can be guessed: use at least ${SALT_BYTES_ADVISED}`,
    );
}

function keyOf(given: Given, env: NodeJS.ProcessEnv): Buffer | undefined {
  const file = given["key-file"] ?? (env.DRAYAGE_MASK_KEY_FILE || undefined);
  const hex = env.DRAYAGE_MASK_KEY || undefined;
  const option = given["key-file"] === undefined ? "DRAYAGE_MASK_KEY_FILE" : "--key-file";
  if (file !== undefined)
    return longEnough(
      decoded(readSecretFile(file, { option, anyMode: given["insecure-file-mode"] })),
      file,
    );
  if (hex === undefined) return undefined;
  if (!/^(?:[0-9a-f]{2})+$/i.test(hex))
    throw new UsageError("DRAYAGE_MASK_KEY wants pairs of hexadecimal digits");
  return longEnough(Buffer.from(hex, "hex"), "DRAYAGE_MASK_KEY");
}

function decoded(content: Buffer): Buffer {
  const text = content.toString("latin1");
  return HEX_KEY.test(text) ? Buffer.from(text, "hex") : content;
}

function longEnough(key: Buffer, source: string): Buffer {
  if (key.length < KEY_BYTES_MIN)
    throw new UsageError(
      `the key of ${source} has ${key.length} bytes and needs at least ${KEY_BYTES_MIN}: make one with drayage keygen FILE`,
    );
  return key;
}

const unused = (what: "key" | "salt", method: MaskMethod): string =>
  `notice: the ${what} is not used: ${method} has none`;

const forgotten = (what: "key" | "salt"): string =>
  `notice: no ${what} given, so a random one is used and forgotten: this trace can neither be joined with others nor extended`;
