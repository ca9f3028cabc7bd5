import type { Verb } from "./verb.ts";

const loadWarmup = async () => (await import("./warmup.ts")).warmup;
const loadRun = async () => (await import("./run.ts")).run;
const loadSimulate = async () => (await import("./simulate.ts")).simulate;

/** Every command of drayage, in the order of `drayage --help`. */
export const verbs: readonly Verb[] = [
  {
    name: "demo",
    summary: "show a replay from start to report, with nothing installed",
    load: async () => (await import("./demo.ts")).demo,
  },
  {
    name: "warmup",
    summary: "fill a registry with what a trace will ask for",
    load: loadWarmup,
  },
  { name: "run", summary: "replay a trace against a registry", load: loadRun },
  {
    name: "simulate",
    summary: "run a simulation over a trace: shipped ones of caches, or a plug-in of your own",
    load: loadSimulate,
  },
  {
    name: "master",
    summary: "warmup, run and simulate, sent from the machines of client_info.client_list",
    load: async () =>
      (await import("./master.ts")).masterOf({
        warmup: loadWarmup,
        run: loadRun,
        simulate: loadSimulate,
      }),
  },
  {
    name: "client",
    summary: "wait for masters and send a part of their runs from this machine",
    load: async () => (await import("./client.ts")).client,
  },
  {
    name: "ctl",
    summary:
      "pause, resume, speed up or end a run that goes on, on all its machines at one instant",
    load: async () => (await import("./ctl.ts")).ctl,
  },
  {
    name: "load",
    summary: "synthetic load on a URL, at a rate or as fast as it goes",
    load: async () => (await import("./load.ts")).load,
  },
  {
    name: "calibrate",
    summary: "measure what this machine's generator can do, and up to which rate it can be trusted",
    load: async () => (await import("./calibrate.ts")).calibrate,
  },
  {
    name: "pull",
    summary: "pull images through a cache, with more and more pullers, then fewer",
    load: async () => (await import("./pull.ts")).pull,
  },
  {
    name: "serve",
    summary: "the embedded registry: in memory, with latency and faults on demand",
    load: async () => (await import("./serve.ts")).serve,
  },
  {
    name: "record",
    summary:
      "keep messages and registry traffic in an archive as they pass, and play it to sessions",
    load: async () => (await import("./record.ts")).record,
  },
  {
    name: "replay-log",
    summary: "send the messages of a log directory at their times, to NATS or standard output",
    load: async () => (await import("./replay-log.ts")).replayLog,
  },
  {
    name: "session new",
    summary: "create a playback session and print its id",
    load: async () => (await import("./session-new.ts")).sessionNew,
  },
  {
    name: "session list",
    summary: "list the playback sessions of a host",
    load: async () => (await import("./session-list.ts")).sessionList,
  },
  {
    name: "session get",
    summary: "show a playback session, or one of its controls",
    load: async () => (await import("./session-get.ts")).sessionGet,
  },
  {
    name: "session set",
    summary: "write a control of a playback session: start, end, pos, speed, state",
    load: async () => (await import("./session-set.ts")).sessionSet,
  },
  {
    name: "session attach",
    summary: "print what a playback session plays, until it ends or you press Ctrl-C",
    load: async () => (await import("./session-attach.ts")).sessionAttach,
  },
  {
    name: "session rm",
    summary: "end a playback session",
    load: async () => (await import("./session-rm.ts")).sessionRemove,
  },
  {
    name: "report",
    summary: "make report and results of a run again from its directory, also of a killed run",
    load: async () => (await import("./report.ts")).report,
  },
  {
    name: "merge",
    summary: "add runs up to one: of several machines at the same time, or one after the other",
    load: async () => (await import("./merge.ts")).merge,
  },
  {
    name: "compare",
    summary: "compare the latencies of two runs: differences, their intervals and a verdict",
    load: async () => (await import("./compare.ts")).compare,
  },
  {
    name: "trace info",
    summary: "describe traces: what is asked for, by whom, how often and when",
    load: async () => (await import("./trace-info.ts")).traceInfo,
  },
  {
    name: "trace synth",
    summary: "write a synthetic trace in the native format",
    load: async () => (await import("./trace-synth.ts")).traceSynth,
  },
  {
    name: "trace convert",
    summary: "write a trace in another form: JSON array, JSON lines, CSV, Parquet",
    load: async () => (await import("./trace-convert.ts")).traceConvert,
  },
  {
    name: "trace validate",
    summary: "check every record of a trace: what is broken, where and why",
    load: async () => (await import("./trace-validate.ts")).traceValidate,
  },
  {
    name: "trace slice",
    summary: "cut a part out of traces: a window, clients, a sample; merge them; mask them again",
    load: async () => (await import("./trace-slice.ts")).traceSlice,
  },
  {
    name: "extract instances",
    summary: "write the instance events of a Nova database as an anonymous trace",
    load: async () => (await import("./extract-instances.ts")).extractInstances,
  },
  {
    name: "extract machines",
    summary: "write what happened to Nova's compute hosts, read from backups of its database",
    load: async () => (await import("./extract-machines.ts")).extractMachines,
  },
  {
    name: "extract registry-log",
    summary: "a masked, replayable trace out of a registry's access log",
    load: async () => (await import("./extract-registry-log.ts")).extractRegistryLogVerb,
  },
  {
    name: "extract arrivals",
    summary: "a registry trace of the pulls that instances of a cloud would have made",
    load: async () => (await import("./extract-arrivals.ts")).extractArrivals,
  },
  {
    name: "archive verify",
    summary: "check every byte of an archive; exit 9 if something is damaged",
    load: async () => (await import("./archive-verify.ts")).archiveVerify,
  },
  {
    name: "archive dump",
    summary: "print the batches of an archive as text or lines of JSON",
    load: async () => (await import("./archive-dump.ts")).archiveDump,
  },
  {
    name: "archive export",
    summary: "write the batches of an archive in a form that other tools read",
    load: async () => (await import("./archive-export.ts")).archiveExport,
  },
  {
    name: "archive import",
    summary: "make an archive of MCAP files, lines of JSON, registry traces or message logs",
    load: async () => (await import("./archive-import.ts")).archiveImport,
  },
  {
    name: "archive compact",
    summary: "rewrite an archive's sealed files: smaller, fewer, with other images",
    load: async () => (await import("./archive-compact.ts")).archiveCompact,
  },
  {
    name: "keygen",
    summary: "make a key for masking traces",
    load: async () => (await import("./keygen.ts")).keygen,
  },
  {
    name: "init",
    summary: "write a commented configuration to begin with",
    load: async () => (await import("./init.ts")).init,
  },
  {
    name: "validate",
    summary: "check a configuration, flags or a profile: every mistake with line and column",
    load: async () => (await import("./validate.ts")).validate,
  },
  {
    name: "schema",
    summary: "print the JSON Schema of a file, for editors and checks",
    load: async () => (await import("./schema.ts")).schema,
  },
  {
    name: "completion",
    summary: "print what a shell needs to complete commands, flags and values: bash, zsh, fish",
    load: async () => (await import("./completion.ts")).completionOf(verbs),
  },
  {
    name: "man",
    summary: "print the manual page: every command, flag and exit code",
    load: async () => (await import("./man.ts")).manOf(verbs),
  },
  {
    name: "db_dump",
    summary: "the same as extract instances, as Star Compactor spells it",
    load: async () => (await import("./extract-instances.ts")).dbDump,
  },
  {
    name: "machine_event_dump",
    summary: "the same as extract machines, as Star Compactor spells it",
    load: async () => (await import("./extract-machines.ts")).machineEventDump,
  },
];
