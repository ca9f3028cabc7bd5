// Pushes small images to a registry over its interface, for tests that pull them back.
import { createHash } from "node:crypto";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";

const dockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
const digestOf = (body: Buffer): string =>
  `sha256:${createHash("sha256").update(body).digest("hex")}`;

export type PushedImage = { readonly repository: string; readonly tag: string };

/** Of a registry that does not take everybody. PEM texts; `user` = "name:password". */
export type PushAccess = {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly user?: string | undefined;
};

type Sent = { readonly method: string; readonly type?: string; readonly body?: Buffer };
type Send = (url: URL, sent: Sent) => Promise<{ status: number; location: string }>;

const sender =
  ({ user, ...trust }: PushAccess): Send =>
  (url, { method, type, body = Buffer.alloc(0) }) =>
    new Promise((resolve, reject) => {
      const headers = {
        "content-length": body.length,
        ...(type === undefined ? {} : { "content-type": type }),
      };
      const options = {
        method,
        headers,
        agent: false,
        ...(user === undefined ? {} : { auth: user }),
      };
      const asked =
        url.protocol === "https:"
          ? requestHttps(url, { ...options, ...trust })
          : requestHttp(url, options);
      asked.once("error", reject);
      asked.once("response", (response) => {
        response.resume();
        resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? "" });
      });
      asked.end(body);
    });

/** `layers` blobs of some 1,500 bytes and a config; the content follows from the names alone. */
export async function pushImages(
  url: string,
  images: readonly PushedImage[],
  layers = 5,
  access: PushAccess = {},
): Promise<void> {
  const send = sender(access);
  for (const { repository, tag } of images) {
    const bodies = Array.from({ length: layers }, (_, layer) =>
      Buffer.from(`${repository}:${tag}/${layer} `.repeat(60)),
    );
    const config = Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", repository }));
    for (const body of [...bodies, config])
      await pushBlob(send, `${url}/v2/${repository}/blobs/uploads/`, body);
    const manifest = {
      schemaVersion: 2,
      mediaType: dockerManifest,
      config: descriptor("application/vnd.docker.container.image.v1+json", config),
      layers: bodies.map((body) =>
        descriptor("application/vnd.docker.image.rootfs.diff.tar.gzip", body),
      ),
    };
    const { status } = await send(new URL(`${url}/v2/${repository}/manifests/${tag}`), {
      method: "PUT",
      type: dockerManifest,
      body: Buffer.from(JSON.stringify(manifest)),
    });
    if (status !== 201) throw new Error(`manifest: ${status}`);
  }
}

const descriptor = (mediaType: string, body: Buffer) => ({
  mediaType,
  size: body.length,
  digest: digestOf(body),
});

async function pushBlob(send: Send, uploads: string, body: Buffer): Promise<void> {
  const opened = await send(new URL(uploads), { method: "POST" });
  const location = new URL(opened.location, uploads);
  location.searchParams.set("digest", digestOf(body));
  const { status } = await send(location, {
    method: "PUT",
    type: "application/octet-stream",
    body,
  });
  if (status !== 201) throw new Error(`blob: ${status}`);
}
