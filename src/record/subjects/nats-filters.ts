// From globs to what a NATS server is asked for.
//
//   /a/**            a.>              exact
//   /a/*/c           a.*.c            exact
//   /a/x*  /a/[bc]   a.*              widened: the glob decides again on what arrives
//   /a/{b,c}/d       a.b.d  a.c.d     expanded
//   /a/**/z          a.>              widened
import type { Glob } from "../../archive/glob.ts";
import type { GlobLevel, GlobPattern } from "../../archive/glob-syntax.ts";
import { encodedLevel } from "../../archive/subject.ts";

/** Subjects that one glob may be expanded to. Levels that would make it more are widened. */
const EXPANDED_MAX = 256;

/** The filters of all globs, in their order, without those that another one covers. */
export function natsFilters(globs: readonly Glob[]): readonly string[] {
  const all = [...new Set(globs.flatMap(({ levels }) => filtersOf(levels)))];
  return all.filter((filter) => !all.some((other) => other !== filter && covers(other, filter)));
}

function filtersOf(levels: readonly GlobLevel[]): string[] {
  let heads: string[][] = [[]];
  for (const level of levels) {
    // What follows cannot be told apart by a filter.
    if (level.kind === "deep") return heads.map((head) => [...head, ">"].join("."));
    const tokens = tokensOf(level.patterns);
    const choices = heads.length * tokens.length > EXPANDED_MAX ? ["*"] : tokens;
    heads = heads.flatMap((head) => choices.map((token) => [...head, token]));
  }
  return heads.map((head) => head.join("."));
}

function tokensOf(patterns: readonly GlobPattern[]): string[] {
  const tokens = patterns.map(tokenOf);
  return tokens.includes("*") ? ["*"] : tokens;
}

function tokenOf([piece, ...more]: GlobPattern): string {
  if (piece === undefined) return encodedLevel("");
  return piece.kind === "text" && more.length === 0 ? encodedLevel(piece.text) : "*";
}

/** Whether every subject that `narrow` lets through passes `wide` too. A subject is a filter that covers itself only. */
export function covers(wide: string, narrow: string): boolean {
  const own = wide.split(".");
  const theirs = narrow.split(".");
  for (const [index, token] of own.entries()) {
    const their = theirs[index];
    if (their === undefined) return false;
    if (token === ">" && index === own.length - 1) return true;
    const isTail = their === ">" && index === theirs.length - 1;
    if (isTail || (token !== "*" && token !== their)) return false;
  }
  return own.length === theirs.length;
}
