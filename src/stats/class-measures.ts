import type { ClassFigures } from "./figures.ts";

/** What of an operation class is a distribution. */
export const classTimes = [
  "response",
  "service",
  "ttfb",
  "transfer",
  "failedResponse",
  "failedService",
] as const satisfies readonly (keyof ClassFigures)[];

/** What of an operation class is a number that adds up. The order is that in which nodes send them: add at the end. */
export const classNumbers = [
  "started",
  "done",
  "failed",
  "bytesIn",
  "bytesOut",
  "failedBytesIn",
  "failedBytesOut",
  "onTime",
  "lateSlots",
  "lateGenerator",
  "tooLate",
] as const satisfies readonly (keyof ClassFigures)[];
