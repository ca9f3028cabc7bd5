import { UsageError } from "../core/errors.ts";

/** An image that can be pulled. `reference` is a tag, or a digest with its algorithm. */
export type Image = { readonly repository: string; readonly reference: string };

const isDigest = (reference: string): boolean => reference.includes(":");

/** `ab/cd:v1`, or `ab/cd@sha256:…`: what filters are matched on, and patterns with `--match image`. */
export const imageText = ({ repository, reference }: Image): string =>
  `${repository}${isDigest(reference) ? "@" : ":"}${reference}`;

/** Wider than the specification's names: whatever segments a server takes, but for "." and "..". */
export const isPath = (name: string): boolean =>
  /^[\w.~-]+(?:\/[\w.~-]+)*$/.test(name) && !/(?:^|\/)\.{1,2}(?:\/|$)/.test(name);

/** Lines of a file that may stand in for the listing. */
const IMAGES_MAX = 1_000_000;

/** The content of `--images FILE`: one image a line; blank lines and lines that begin with # are skipped. */
export function readImageList(text: string, name: string): Image[] {
  const images: Image[] = [];
  const mistakes: string[] = [];
  text.split("\n").forEach((raw, index) => {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) return;
    const image = parseImage(line);
    if (image === undefined)
      mistakes.push(
        `${name}:${index + 1}: write REPOSITORY:TAG or REPOSITORY@DIGEST, not "${line}"`,
      );
    else images.push(image);
  });
  if (mistakes.length > 0) throw new UsageError(mistakes.slice(0, 20));
  if (images.length === 0) throw new UsageError(`${name} names no image`);
  if (images.length > IMAGES_MAX)
    throw new UsageError(`${name} names more than ${IMAGES_MAX} images`);
  return images;
}

function parseImage(line: string): Image | undefined {
  const match = /^([^\s:@]+)(?::([A-Za-z0-9_][\w.-]{0,127})|@([a-z0-9]+:[0-9a-f]{32,}))$/.exec(
    line,
  );
  const [, repository, tag, digest] = match ?? [];
  const reference = tag ?? digest;
  if (repository === undefined || reference === undefined || !isPath(repository)) return undefined;
  return { repository, reference };
}
