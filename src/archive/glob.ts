import { type GlobLevel, type GlobPattern, type GlobPiece, globLevels } from "./glob-syntax.ts";

/**
 * A compiled glob over paths. `?` is one character, `*` any run inside one level, `**` any number of levels (at the end
 * at least one), `{a,b}` alternatives, `[ab]` and `[!ab]` classes, `\` takes the next character as it is. A level that
 * begins with `$` is matched only where the glob spells that `$`.
 */
export type Glob = {
  /** As it was written. */
  readonly text: string;
  readonly levels: readonly GlobLevel[];
  /** Time grows with the product of the lengths of glob and path at most, whatever both contain. */
  matches(path: string): boolean;
};

/** Compiles a glob such as `/a/**`, or a subject with wildcards such as `a.>`. Throws a GlobProblem. */
export function compileGlob(text: string): Glob {
  const levels = globLevels(text);
  return { text, levels, matches: (path) => matchesLevels(levels, path.slice(1).split("/")) };
}

/** Whether any of the globs matches. */
export const matchesAny = (globs: readonly Glob[], path: string): boolean =>
  globs.some((glob) => glob.matches(path));

/**
 * Walks along both lists. Where they part, the last `**` so far takes one level more, and the walk goes on behind it:
 * earlier ones need no second look, since a later one can take whatever they could.
 */
function matchesLevels(globs: readonly GlobLevel[], levels: readonly string[]): boolean {
  let g = 0;
  let l = 0;
  let resume: { g: number; l: number } | undefined;
  while (l < levels.length) {
    const glob = globs[g];
    if (glob?.kind === "deep") {
      g++;
      // At the end it stands for one level at least.
      if (g === globs.length) return levels.slice(l).every(isPlain);
      resume = { g, l };
    } else if (glob !== undefined && matchesLevel(glob.patterns, levels[l] ?? "")) {
      g++;
      l++;
    } else if (resume !== undefined && isPlain(levels[resume.l] ?? "")) {
      resume.l++;
      ({ g, l } = resume);
    } else return false;
  }
  return g === globs.length;
}

const isPlain = (level: string): boolean => !level.startsWith("$");

const matchesLevel = (patterns: readonly GlobPattern[], level: string): boolean =>
  patterns.some((pattern) => (isPlain(level) || spellsDollar(pattern)) && fits(pattern, level));

const spellsDollar = ([first]: GlobPattern): boolean =>
  first?.kind === "text" && first.text.startsWith("$");

/** The same walk inside a level: pieces along characters, the last run takes more where they part. */
function fits(pattern: GlobPattern, level: string): boolean {
  let p = 0;
  let at = 0;
  let resume: { p: number; at: number } | undefined;
  while (p < pattern.length || at < level.length) {
    const piece = pattern[p];
    const taken = taking(piece, level, at);
    if (taken >= 0) {
      p++;
      at += taken;
      if (piece?.kind === "run") resume = { p, at };
    } else if (resume !== undefined && resume.at < level.length) {
      resume.at += widthAt(level, resume.at);
      ({ p, at } = resume);
    } else return false;
  }
  return true;
}

/** How many code units of the level the piece takes at this place, -1 if it does not fit. */
function taking(piece: GlobPiece | undefined, level: string, at: number): number {
  if (piece === undefined) return -1;
  if (piece.kind === "run") return 0;
  if (piece.kind === "text") return level.startsWith(piece.text, at) ? piece.text.length : -1;
  const codePoint = level.codePointAt(at);
  if (codePoint === undefined) return -1;
  const width = codePoint > 0xffff ? 2 : 1;
  if (piece.kind !== "class") return width;
  const isMember = piece.ranges.some(([from, to]) => codePoint >= from && codePoint <= to);
  return isMember === piece.isNegated ? -1 : width;
}

const widthAt = (text: string, at: number): number =>
  (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
