import { compileGlob } from "../../archive/glob.ts";
import { messageOf } from "../../core/errors.ts";

/** Topics are matched as paths, whether or not they begin with a slash. Throws a TypeError for what is no glob. */
export function topicFilter(
  globs: readonly string[] | undefined,
): ((topic: string) => boolean) | undefined {
  if (globs === undefined || globs.length === 0) return undefined;
  const compiled = globs.map(topicGlob);
  return (topic) => compiled.some((matches) => matches(topic));
}

export function topicGlob(text: string): (topic: string) => boolean {
  if (typeof text !== "string") throw new TypeError("topics: must be globs");
  try {
    const glob = compileGlob(asPath(text));
    return (topic) => glob.matches(asPath(topic));
  } catch (error) {
    throw new TypeError(`topics: ${messageOf(error)}`, { cause: error });
  }
}

/** A topic with or without its first slash, as an absolute path. */
export const asPath = (topic: string): string => (topic.startsWith("/") ? topic : `/${topic}`);
