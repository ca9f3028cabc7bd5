// What `import … from "drayage"` gives: the one file of the package that only passes on what others export. docs/library.md
// has examples that a test runs. Everything else below src may change without notice.
export { ArchiveReader, type ArchiveReaderOptions } from "./archive/archive-reader.ts";
export { ArchiveWriter } from "./archive/archive-writer.ts";
export type { ArchiveEvent, Batch, Gap } from "./archive/event.ts";
export type { ArchiveWriterOptions, WriterState } from "./archive/writer-options.ts";
export { type FileMistake, FileMistakes } from "./cli/config/file-mistakes.ts";
export { version } from "./cli/version.ts";
export { DrayageError, type ErrorCode, UsageError } from "./core/errors.ts";
export { ExitCode } from "./core/exit-code.ts";
export { type Micros, micros } from "./core/units.ts";
export type { PerformOptions, PerformResult } from "./library/perform.ts";
export type { Running, Snapshot } from "./library/running.ts";
export { type Served, type ServePlan, serve } from "./library/serve.ts";
export {
  type CalibratePlan,
  type CalibrationResults,
  calibrate,
  type ExtractArrivalsPlan,
  type ExtractInstancesPlan,
  type ExtractMachinesPlan,
  type ExtractRegistryLogPlan,
  type ExtractResults,
  extractArrivals,
  extractInstances,
  extractMachines,
  extractRegistryLog,
  type TraceConvertPlan,
  type TraceConvertResults,
  type TraceInfoPlan,
  type TraceInfoResults,
  traceConvert,
  traceInfo,
} from "./library/tools.ts";
export {
  type ComparePlan,
  type CompareResults,
  compare,
  type LoadPlan,
  load,
  type MergePlan,
  merge,
  type PullResults,
  type PullTestPlan,
  pull,
  type RecordConfigInput,
  type RecordPlan,
  type ReplayConfigInput,
  type ReplayLogPlan,
  type RunPlan,
  type RunResults,
  record,
  replay,
  report,
  run,
  type SimulatePlan,
  type SimulationResults,
  simulate,
  type WarmupPlan,
  warmup,
} from "./library/verbs.ts";
export type { BroadcastFigures } from "./playback/message-log/broadcast-statistics.ts";
export { BufferData } from "./playback/message-log/buffer-data.ts";
export { LogIOError } from "./playback/message-log/log-io-error.ts";
export type { LogItem, LogReader } from "./playback/message-log/log-item.ts";
export { MessageQueue } from "./playback/message-log/message-queue.ts";
export { nats } from "./playback/message-log/nats-sink.ts";
export { messageType, type TypedMessage } from "./playback/message-log/payload.ts";
export { ReadDirectory } from "./playback/message-log/read-directory.ts";
export { ReadFile } from "./playback/message-log/read-file.ts";
export { Replay, type ReplayOptions } from "./playback/message-log/replay.ts";
export {
  ScheduleBroadcasts,
  type ScheduleOptions,
} from "./playback/message-log/schedule-broadcasts.ts";
export { stdout } from "./playback/message-log/stdout-sink.ts";
export { WriteFile, type WriteItem, type WriteOptions } from "./playback/message-log/write-file.ts";
