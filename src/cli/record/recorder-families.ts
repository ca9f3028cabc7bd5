// The counters of a recorder as metrics. Names: docs/metrics.md.
import type { RecorderState } from "../../record/recorder.ts";
import type { MetricFamily } from "../../report/metrics/metric-family.ts";
import { counter, gauge } from "../../report/metrics/run-families.ts";

export const recorderFamilies = ({
  queue,
  archive,
  nats,
  proxy,
}: RecorderState): MetricFamily[] => [
  counter("drayage_recorder_events", "Events that sources handed over.", queue.events),
  counter("drayage_recorder_batches", "Batches that sources handed over.", queue.batches),
  counter("drayage_recorder_lost_events", "Events that found no room.", queue.lostEvents),
  gauge("drayage_recorder_queued_batches", "Batches that wait for the archive.", queue.queued),
  counter(
    "drayage_recorder_lost_batches",
    "Batches that were lost with the disk.",
    archive.lostBatches,
  ),
  gauge("drayage_archive_file_bytes", "Bytes of the file that is being written.", archive.bytes),
  gauge(
    "drayage_archive_committed_bytes",
    "Bytes of it that a power cut cannot take away.",
    archive.committedBytes,
  ),
  counter("drayage_archive_rotations", "Files that were sealed.", archive.rotations),
  counter("drayage_archive_commits", "Commits.", archive.commits),
  gauge(
    "drayage_recorder_failed",
    "1 when recording has stopped for good.",
    archive.failure === null ? 0 : 1,
  ),
  ...(nats === undefined
    ? []
    : [
        gauge("drayage_nats_connected", "1 while it is connected.", nats.isConnected ? 1 : 0),
        counter("drayage_nats_disconnects", "Connections that were lost.", nats.disconnects),
        counter("drayage_nats_messages", "Messages that were to be recorded.", nats.messages),
      ]),
  ...(proxy === undefined
    ? []
    : [
        counter("drayage_proxy_exchanges", "Exchanges that are over.", proxy.exchanges),
        gauge("drayage_proxy_open", "Exchanges that are being passed on.", proxy.open),
        counter("drayage_proxy_refused", "Requests that could not be passed on.", proxy.refused),
        counter(
          "drayage_proxy_aborted",
          "Exchanges that one side broke off.",
          proxy.abortedByClient + proxy.abortedByUpstream,
        ),
      ]),
];
