import { parse } from "yaml";

/** Every key with its default, or with a value that can be used as it is. */
const example = `# What drayage record does. Every key is here; what is left out has the value that it has here, unless it says otherwise.
# null and 0 mean off for intervals and frequencies. A duration is written 500ms, 30s, 5m, 1h, 1d, as a number of
# seconds, or as { secs: 30, nanos: 0 }.

# Required. Made if it is missing.
archive_directory: /var/lib/drayage/archive

# Where rotated files are kept besides. Run without a shell; {shard} is replaced, get and put are given the name of a
# file as their last word. Without this section: nowhere.
archive_cmds:
  list: ["list-cmd", []]
  get: ["get-cmd", []]
  put: ["put-cmd", []]

# Of the original recorder: only null is accepted, nats or proxy stand for them.
netidx_config: null
desired_auth: null

# A message bus to record from, and to offer sessions on. Without this section: none.
nats:
  servers: ["nats://127.0.0.1:4222"]
  # { token: … }, { user: …, password: … }, { nkey_file: … } or { creds_file: … }
  credentials: null
  # { ca: …, cert: …, key: …, server_name: … }: PEM files
  tls: null

# A reverse proxy that records what passes it. Without this section: none.
proxy:
  listen: 127.0.0.1:5001
  upstream: http://127.0.0.1:5000
  # { listen: { cert: …, key: … }, upstream: { ca: …, cert: …, key: …, insecure: false } }: PEM files
  tls: null
  # Manifests up to so many bytes are kept; null keeps none.
  manifests:
    max_bytes: 4194304
  # { key_file: … }: names and clients become keyed hashes
  anonymize: null
  # Read the upstream's catalogue every poll_interval.
  catalog: false

# What is recorded. Without this section: nothing, archives are only played.
record:
  # Required: globs over paths. NATS subject a.b is path /a/b; the proxy records by the path of the request.
  spec: ["/tmp/**", "/v2/**"]
  poll_interval: { secs: 5, nanos: 0 }
  # An image after so many bytes of the archive.
  image_frequency: 67108864
  # A commit once so many pages of 4,096 bytes are uncommitted, and at the latest after flush_interval.
  flush_frequency: 65534
  flush_interval: { secs: 30, nanos: 0 }
  # A new file each day; the default is never.
  rotate_interval: { secs: 86400, nanos: 0 }
  # A new file after so many bytes.
  rotate_size: null
  # none, deflate or zstd
  codec: deflate
  # Batches that may wait for the archive.
  slack: 100
  # block or drop; null: NATS blocks, the proxy drops.
  on_overload: null
  # Index of this process among publish.shards.
  shard: 0

# Playback sessions. Without this section: none.
publish:
  # Prefix of the NATS subjects of sessions.
  base: /archive
  # Where the HTTP adapter listens: null is 127.0.0.1:7070, none is off.
  bind: null
  # A bearer token that it asks for.
  token: null
  max_sessions: 512
  max_sessions_per_client: 64
  gc_interval: { secs: 30, nanos: 0 }
  stream_buffer: 8388608
  # How many recorders share the work, over NATS; 0 and 1: a single one.
  shards: 0
  cluster: default
`;

/** A complete configuration that can be used unchanged. */
export function exampleConfig(format: "json" | "yaml"): string {
  if (format === "yaml") return example;
  const text = JSON.stringify(parse(example), null, 2);
  return `${text.replace(/\{\s+"secs": (\d+),\s+"nanos": (\d+)\s+\}/g, '{ "secs": $1, "nanos": $2 }')}\n`;
}
