import { encodedLevel, subjectOfPath } from "../../archive/subject.ts";
import { asPath } from "./topic-glob.ts";

/** Subjects of messages that nobody chose otherwise. */
export const SUBJECT_DEFAULT = "{type}.{topic}";
/** Stands for the type of a raw log. */
const RAW_TYPE = "raw";
const EMPTY_SUBJECT = "%00";

export type SubjectOf = (message: {
  readonly type: string | undefined;
  readonly topic: string;
}) => string;

/**
 * Makes subjects from a template with `{type}` and `{topic}`. A topic becomes tokens as a path does: slash to dot, what a subject
 * cannot hold as %XX. An empty topic takes its dot with it. Throws a TypeError for a template that gives no subject.
 */
export function subjectTemplate(template: string): SubjectOf {
  const tokens = template.split(".");
  const rest = template.replaceAll(/\{(?:type|topic)\}/g, "x");
  if (/[{}\s*>]/.test(rest) || tokens.includes("")) {
    throw new TypeError(
      `subject: "${template}" gives no subject: use {type}, {topic} and plain words between dots`,
    );
  }
  return ({ type, topic }) => {
    const typeToken = encodedLevel(type ?? RAW_TYPE);
    const topicTokens = topic === "" ? "" : subjectOfPath(asPath(topic));
    const filled = tokens.map((token) =>
      token.replaceAll("{type}", () => typeToken).replaceAll("{topic}", () => topicTokens),
    );
    return filled.filter((token) => token !== "").join(".") || EMPTY_SUBJECT;
  };
}
