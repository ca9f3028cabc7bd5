// A tally (stats/tally-layout.ts) has a fixed number of classes that it knows by index alone. Under pullers they mean:
import { invariant } from "../core/errors.ts";
import { type OperationClass, operationClasses } from "../core/operation.ts";

export const pullClasses = [
  "token",
  "probe",
  "manifest-tag",
  "manifest-digest",
  "config",
  "layer",
  "redirected",
  "prune",
  /** Whole pulls: of a reference that nobody had pulled before in this run, and of the others. */
  "pull-first",
  "pull-repeat",
] as const;

export type PullClass = (typeof pullClasses)[number];

/** Index of each class. */
export const ClassOf: { readonly [Name in PullClass]: number } = Object.fromEntries(
  pullClasses.map((name, index) => [name, index]),
) as { [Name in PullClass]: number };

invariant(
  operationClasses.length >= pullClasses.length,
  "a tally has room for the classes of pullers",
);

/** What a class read from a tally means here. */
export const pullClassOf = (operation: OperationClass): PullClass =>
  pullClasses[operationClasses.indexOf(operation)] as PullClass;
