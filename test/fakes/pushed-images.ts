// Pushes small images to a registry over its interface, for tests that pull them back.
import { createHash } from "node:crypto";

const dockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
const digestOf = (body: Buffer): string =>
  `sha256:${createHash("sha256").update(body).digest("hex")}`;

export type PushedImage = { readonly repository: string; readonly tag: string };

/** `layers` blobs of some 1,500 bytes and a config; the content follows from the names alone. */
export async function pushImages(
  url: string,
  images: readonly PushedImage[],
  layers = 5,
): Promise<void> {
  for (const { repository, tag } of images) {
    const bodies = Array.from({ length: layers }, (_, layer) =>
      Buffer.from(`${repository}:${tag}/${layer} `.repeat(60)),
    );
    const config = Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", repository }));
    for (const body of [...bodies, config]) await pushBlob(url, repository, body);
    const manifest = {
      schemaVersion: 2,
      mediaType: dockerManifest,
      config: descriptor("application/vnd.docker.container.image.v1+json", config),
      layers: bodies.map((body) =>
        descriptor("application/vnd.docker.image.rootfs.diff.tar.gzip", body),
      ),
    };
    const response = await fetch(`${url}/v2/${repository}/manifests/${tag}`, {
      method: "PUT",
      headers: { "content-type": dockerManifest },
      body: JSON.stringify(manifest),
    });
    if (response.status !== 201) throw new Error(`manifest: ${response.status}`);
  }
}

const descriptor = (mediaType: string, body: Buffer) => ({
  mediaType,
  size: body.length,
  digest: digestOf(body),
});

async function pushBlob(url: string, repository: string, body: Buffer): Promise<void> {
  const opened = await fetch(`${url}/v2/${repository}/blobs/uploads/`, { method: "POST" });
  const location = new URL(opened.headers.get("location") ?? "", url);
  location.searchParams.set("digest", digestOf(body));
  const response = await fetch(location, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream" },
    body: new Uint8Array(body),
  });
  if (response.status !== 201) throw new Error(`blob: ${response.status}`);
}
