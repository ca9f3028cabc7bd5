import { createHash, type Hash } from "node:crypto";

/** Digest algorithms that the registry stores content under, with the length of their hexadecimal text. */
const hexLengths = { sha256: 64, sha512: 128 } as const;
export type DigestAlgorithm = keyof typeof hexLengths;

const digestText = /^(sha256|sha512):([0-9a-f]+)$/;

/** Algorithm of a well-formed digest, `undefined` for anything else: unknown algorithm, wrong length, capitals. */
export function algorithmOf(digest: string): DigestAlgorithm | undefined {
  const match = digestText.exec(digest);
  if (match === null) return undefined;
  const algorithm = match[1] as DigestAlgorithm;
  return match[2]?.length === hexLengths[algorithm] ? algorithm : undefined;
}

export function digestOf(content: Buffer, algorithm: DigestAlgorithm = "sha256"): string {
  return finishedDigest(createHash(algorithm).update(content), algorithm);
}

/** Ends the hash: it takes no further bytes. */
export function finishedDigest(hash: Hash, algorithm: DigestAlgorithm): string {
  return `${algorithm}:${hash.digest("hex")}`;
}
