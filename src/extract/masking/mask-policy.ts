/** How values become pseudonyms. Source: extract.md 6.1 and 6.2; the first three are byte-exact with Star Compactor. */
export const maskMethods = ["none", "sha1-raw", "sha2-salted", "hmac-sha256"] as const;
export type MaskMethod = (typeof maskMethods)[number];

/** One class per meaning: equal texts of different classes have different pseudonyms under `hmac-sha256`. */
export const maskClasses = [
  "uuid",
  "name",
  "user",
  "project",
  "host",
  "repo",
  "tag",
  "digest",
  "client",
  "ua",
  "request",
  "upload",
] as const;
export type MaskClass = (typeof maskClasses)[number];

/** Method and secret. `random`: the secret was drawn for this run and is forgotten with it. */
export type MaskPolicy =
  | { readonly method: "none" }
  | {
      readonly method: "sha1-raw" | "sha2-salted";
      readonly salt: Buffer;
      readonly random: boolean;
    }
  | { readonly method: "hmac-sha256"; readonly key: Buffer; readonly random: boolean };
