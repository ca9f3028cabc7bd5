// Everything that the main thread and the thread of a simulation say to each other.
import type { ErrorCode } from "../../core/errors.ts";
import type { ShippedPlugin, ShippedResult } from "../../plugins/simulations/catalogue.ts";
import type { PythonPlugin } from "../../plugins/simulations/python/python-simulation.ts";
import type { TraceAccount } from "../../trace/account.ts";
import type { OpenTraceOptions } from "../../trace/trace-options.ts";

/** What to run: shipped with drayage, or a file of the user's by its absolute path. */
export type Plugin =
  | ({ readonly kind: "shipped" } & ShippedPlugin)
  | {
      readonly kind: "module";
      readonly path: string;
      readonly args: Readonly<Record<string, unknown>> | undefined;
    }
  | ({ readonly kind: "python" } & PythonPlugin);

export type SimulationTask = {
  readonly plugin: Plugin;
  readonly trace: OpenTraceOptions;
  /** See progress-board.ts. */
  readonly board: SharedArrayBuffer;
};

/** What a simulation gives back: figures of ours, or what a plug-in returned, as JSON; nothing where it returned nothing. */
export type SimulationResult =
  | { readonly kind: "shipped"; readonly figures: ShippedResult }
  | { readonly kind: "returned"; readonly json: string }
  | { readonly kind: "nothing" };

export type FromSimulation =
  | { readonly type: "said"; readonly stream: "out" | "err"; readonly text: string }
  /** The trace has been read; `streams`: an interrupt ends the requests, and there will be a result. */
  | { readonly type: "began"; readonly account: TraceAccount; readonly streams: boolean }
  | { readonly type: "finished"; readonly interrupted: boolean; readonly result: SimulationResult }
  /** The plug-in's own failure; `text` is its traceback, empty if it is on standard error already. */
  | { readonly type: "raised"; readonly text: string }
  | { readonly type: "not-compiled"; readonly text: string }
  /** The plug-in cannot be used as it is; why is on standard error. */
  | { readonly type: "refused" }
  | {
      readonly type: "failed";
      readonly code: ErrorCode | "internal";
      readonly lines: readonly string[];
    };
