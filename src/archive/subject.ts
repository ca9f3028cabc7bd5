// Path ↔ NATS subject.
//
//   path     /orders/ /v1.2/a b//x%    levels between slashes, any characters
//   subject  orders.%20.v1%2E2.a%20b.%00.x%25
//
// Encoded are the characters that a subject token cannot hold (dot, blanks, wildcards) and the percent sign itself.
// An empty level is %00. Decoded is exactly what is ever encoded: a foreign subject with %2F in it keeps the three
// characters, since a slash would make two levels of one.

const EMPTY_LEVEL = "%00";
const encodedCharacters = /[.*>%\t\n\v\f\r ]/g;
const encodings = /%(?:2[0eEaA5]|09|0[a-dA-D]|3[eE])/g;

/** The subject of an absolute path. Total: every path has one, and `pathOfSubject` gives the path back. */
export function subjectOfPath(path: string): string {
  return path.slice(1).split("/").map(encodedLevel).join(".");
}

/** The path of a subject without wildcards. */
export function pathOfSubject(subject: string): string {
  return `/${subject.includes("%") ? subject.split(".").map(decodedToken).join("/") : subject.replaceAll(".", "/")}`;
}

/** One level of a path as a token of a subject. */
export function encodedLevel(level: string): string {
  if (level === "") return EMPTY_LEVEL;
  return level.replace(encodedCharacters, (character) => {
    const code = character.charCodeAt(0).toString(16).toUpperCase();
    return `%${code.padStart(2, "0")}`;
  });
}

/** One token of a subject as a level of a path. */
export function decodedToken(token: string): string {
  if (token === EMPTY_LEVEL) return "";
  return token.replace(encodings, (text) =>
    String.fromCharCode(Number.parseInt(text.slice(1), 16)),
  );
}
