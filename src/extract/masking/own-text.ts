/**
 * The same text in memory of its own. A part of a text may keep the whole of it alive: a name of ten characters the mebibyte
 * of log that it was found in.
 */
export const ownText = (text: string): string => Buffer.from(text, "utf8").toString("utf8");
