import { Secret } from "../../registry/secret.ts";
import { readSmallFile } from "./small-file.ts";

const PASSWORD_BYTES_MAX = 64 * 1024;

/** Adds a mistake at a place inside a registry entry. */
export type Complain = (place: readonly string[], sentence: string) => void;

type Credentials = { readonly username: Secret; readonly password: Secret };

/**
 * How to authenticate at a registry. `bearer` without credentials asks the token service anonymously; with a token of its
 * own it asks nobody.
 */
export type RegistryAuth =
  | { readonly type: "none" }
  | { readonly type: "basic"; readonly credentials: Credentials }
  | {
      readonly type: "bearer";
      readonly credentials: Credentials | undefined;
      readonly token: Secret | undefined;
    };

type AuthForm = {
  readonly type: "none" | "basic" | "bearer";
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly password_file?: string | undefined;
  readonly token?: string | undefined;
};

/** Checks which credentials go with which type, and reads the password's file. Sentences never hold a credential. */
export function registryAuth(form: AuthForm, complain: Complain): RegistryAuth {
  for (const { place, sentence } of contradictions(form)) complain(["auth", ...place], sentence);
  const { type, token } = form;
  if (type === "none") return { type };
  const credentials = credentialsOf(form, complain);
  if (type === "bearer")
    return { type, credentials, token: token === undefined ? undefined : new Secret(token) };
  // Without credentials a contradiction was found above, and the configuration is refused as a whole.
  return credentials === undefined ? { type: "none" } : { type, credentials };
}

type Contradiction = { readonly place: readonly string[]; readonly sentence: string };

type Truths = [boolean, boolean, boolean];

function contradictions(form: AuthForm): Contradiction[] {
  const named = form.username !== undefined;
  const secret = form.password !== undefined || form.password_file !== undefined;
  const token = form.token !== undefined;
  const [none, basic, bearer] = ["none", "basic", "bearer"].map(
    (type) => type === form.type,
  ) as Truths;
  const unused = (["username", "password", "password_file", "token"] as const).filter(
    (key) => form[key] !== undefined,
  );
  const rules: readonly (readonly [boolean, readonly string[], string])[] = [
    [
      form.password !== undefined && form.password_file !== undefined,
      ["password_file"],
      "password and password_file exclude each other: keep one",
    ],
    [
      none && unused.length > 0,
      unused.slice(0, 1),
      "is not used without a type: add type: basic or type: bearer",
    ],
    [basic && token, ["token"], "goes with type: bearer only"],
    [basic && !named, [], "type: basic needs a username"],
    [basic && !secret, [], "type: basic needs a password or a password_file"],
    [
      bearer && token && (named || secret),
      ["token"],
      "takes the place of username and password: keep one",
    ],
    [bearer && secret && !named, [], "a password needs a username"],
    [bearer && named && !secret, [], "a username needs a password or a password_file"],
  ];
  return rules.flatMap(([broken, place, sentence]) => (broken ? [{ place, sentence }] : []));
}

function credentialsOf(form: AuthForm, complain: Complain): Credentials | undefined {
  const { username, password_file: file } = form;
  const password = form.password ?? (file === undefined ? undefined : readPassword(file, complain));
  if (username === undefined || password === undefined) return undefined;
  return { username: new Secret(username), password: new Secret(password) };
}

/** One newline at the end belongs to the file, not to the password. */
function readPassword(path: string, complain: Complain): string | undefined {
  const file = readSmallFile(path, PASSWORD_BYTES_MAX);
  const password = file.problem === undefined ? file.text.replace(/\r?\n$/, "") : "";
  if (password !== "") return password;
  complain(
    ["auth", "password_file"],
    `expected a file with the password (${file.problem ?? "it is empty"})`,
  );
  return undefined;
}
