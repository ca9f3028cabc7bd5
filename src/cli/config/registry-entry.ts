// An entry of `registry` in its three forms: `host:port`, a URL, or a mapping with TLS and credentials.
import * as z from "zod";
import { readCaFile } from "./ca-file.ts";
import { type Complain, type RegistryAuth, registryAuth } from "./registry-auth.ts";
import { key, mapping, oneOf, path, pushing, section, text, truth } from "./schema-parts.ts";

const REPOSITORY_PREFIX = /^[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*\/?$/;
const HOST_PORT = /^(\[[0-9a-fA-F:.]+\]|[^\s:/?#@[\]]+):(\d{1,5})$/;

/** A registry to talk to. Its text forms are checked, its files are read, its variables are filled in. */
export type RegistryEntry = {
  /** `http(s)://host[:port]`, without a path. */
  readonly origin: string;
  /** Path before `/v2/`: empty or "/prefix". */
  readonly path_prefix: string;
  /** Prepended to every repository name: empty or "team/". */
  readonly name_prefix: string;
  /** An additional certificate authority. */
  readonly ca: { readonly file: string; readonly pem: string } | undefined;
  readonly insecure: boolean;
  readonly auth: RegistryAuth;
};

export const registryEntry = () =>
  z
    .union([z.string(), mappingForm()], {
      error: () => "expected host:port, a URL or a mapping",
    })
    .transform((form, context): RegistryEntry => {
      const complain: Complain = (place, message) => {
        // A place inside the mapping form; a text form has no inside.
        const path = typeof form === "string" ? [] : [...place];
        context.issues.push({ code: "custom", path, message, input: form });
      };
      return resolve(
        typeof form === "string" ? { url: form, auth: { type: "none" } } : form,
        complain,
      );
    });

const mappingForm = () =>
  mapping({
    url: key(
      text("host:port or a URL"),
      "host:port (plain HTTP), or http(s)://host[:port][/prefix].",
      pushing,
    ),
    ca: key(path("the path of a PEM file").optional(), "PEM file of an additional CA.", pushing),
    insecure: key(truth(false), "Accepts any certificate.", pushing),
    auth: section({
      type: key(oneOf("none", "basic", "bearer").default("none"), "How to authenticate.", pushing),
      username: key(text("text").optional(), "User name.", pushing),
      password: key(
        text("text").optional(),
        "Password; better taken from a variable or a file.",
        pushing,
      ),
      password_file: key(path().optional(), "File with the password.", pushing),
      token: key(text("text").optional(), "Token to present as it is (bearer).", pushing),
    }),
    prefix: key(
      text("the beginning of a repository name").optional(),
      "Prepended to every repository name.",
      pushing,
    ),
  });

type MappingForm = z.output<ReturnType<typeof mappingForm>>;
type Form = Pick<MappingForm, "url" | "auth"> & Partial<MappingForm>;

function resolve(
  { url, ca, insecure = false, auth, prefix = "" }: Form,
  complain: Complain,
): RegistryEntry {
  const { origin, pathPrefix } = resolveUrl(url, complain);
  if (prefix !== "" && !REPOSITORY_PREFIX.test(prefix))
    complain(["prefix"], "expected the beginning of a repository name: a-z, 0-9, . _ - and /");
  return {
    origin,
    path_prefix: pathPrefix,
    name_prefix: prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`,
    ca: ca === undefined ? undefined : readCa(ca, complain),
    insecure,
    auth: registryAuth(auth, complain),
  };
}

function resolveUrl(url: string, complain: Complain): { origin: string; pathPrefix: string } {
  const parsed = URL.parse(
    /^https?:\/\//i.test(url) || !HOST_PORT.test(url) ? url : `http://${url}`,
  );
  const problem = urlProblem(url, parsed);
  if (problem !== undefined) complain(["url"], problem);
  if (problem !== undefined || parsed === null) return { origin: "", pathPrefix: "" };
  return { origin: parsed.origin, pathPrefix: parsed.pathname.replace(/\/+$/, "") };
}

function urlProblem(url: string, parsed: URL | null): string | undefined {
  if (parsed === null || !/^https?:$/.test(parsed.protocol) || !/^(https?:\/\/|[^/]*$)/i.test(url))
    return "expected host:port or http(s)://host[:port][/prefix]";
  if (parsed.username !== "" || parsed.password !== "")
    return "credentials do not belong into the URL: write auth with type, username and password";
  if (parsed.search !== "" || parsed.hash !== "") return "expected a URL without ? and #";
  if (parsed.port === "0") return "expected a port from 1 to 65535";
  if (/(^|\/)v2\/?$/.test(parsed.pathname)) return "expected a URL without /v2: drayage adds it";
  return undefined;
}

function readCa(file: string, complain: Complain): RegistryEntry["ca"] {
  const read = readCaFile(file);
  if (read.problem === undefined) return { file, pem: read.text };
  complain(["ca"], `expected a file with a certificate in PEM form (${read.problem})`);
  return undefined;
}
