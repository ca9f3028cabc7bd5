import { createHash } from "node:crypto";
import type { Step } from "./exchange-script.ts";

export const digestOf = (content: Buffer | string, algorithm = "sha256"): string =>
  `${algorithm}:${createHash(algorithm).update(content).digest("hex")}`;

export const blob = Buffer.from("0123456789 a small blob");
export const config = Buffer.from('{"architecture":"amd64","os":"linux"}');
export const absent = digestOf("nobody pushed this");

export const ociManifest = "application/vnd.oci.image.manifest.v1+json";
export const ociIndex = "application/vnd.oci.image.index.v1+json";

const descriptor = (mediaType: string, content: Buffer) => ({
  mediaType,
  digest: digestOf(content),
  size: content.length,
});

/** An image manifest over `config` and `blob`; `more` adds or replaces fields. */
export const manifestText = (more: object = {}): string =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: ociManifest,
    config: descriptor("application/vnd.oci.image.config.v1+json", config),
    layers: [descriptor("application/vnd.oci.image.layer.v1.tar", blob)],
    ...more,
  });

export const manifest = manifestText();

export const pushBlob = (name: string, content: Buffer = blob): Step[] => [
  { when: `POST /v2/${name}/blobs/uploads/`, expect: 202 },
  { when: `PUT @digest=${digestOf(content)}`, body: content, expect: 201 },
];

export const putManifest = (name: string, reference: string, text: string = manifest): Step => ({
  when: `PUT /v2/${name}/manifests/${reference}`,
  headers: { "content-type": ociManifest },
  body: text,
  expect: 201,
});

/** Both blobs and the manifest under the tag v1. */
export const pushImage = (name: string): Step[] => [
  ...pushBlob(name),
  ...pushBlob(name, config),
  putManifest(name, "v1"),
];
