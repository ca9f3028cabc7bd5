// A registry of small images as cheap as Node can make one: every answer is made beforehand, a request is looked up by its
// first line. Prints its port; answers each line of stdin with how many requests it has answered; ends with stdin.
import { createHash, randomBytes } from "node:crypto";
import { type AddressInfo, createServer } from "node:net";
import { createInterface } from "node:readline";

export const imageCount = 100;
export const layersPerImage = 5;
const LAYER_BYTES = 1500;

const manifestType = "application/vnd.docker.distribution.manifest.v2+json";

const answerOf = (type: string, body: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(
      `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n`,
      "latin1",
    ),
    body,
  ]);

const digestOf = (body: Buffer): string =>
  `sha256:${createHash("sha256").update(body).digest("hex")}`;

/** Name of image n; its tag is v1. */
export const repositoryOf = (image: number): string => `bench/image-${image}`;

function makeAnswers(): Map<string, Buffer> {
  const answers = new Map([["/v2/", answerOf("application/json", Buffer.from("{}"))]]);
  for (let image = 0; image < imageCount; image++) {
    const base = `/v2/${repositoryOf(image)}`;
    const layers = Array.from({ length: layersPerImage }, () => randomBytes(LAYER_BYTES));
    const config = Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", image }));
    for (const body of [...layers, config])
      answers.set(`${base}/blobs/${digestOf(body)}`, answerOf("application/octet-stream", body));
    const descriptor = (mediaType: string, body: Buffer) => ({
      mediaType,
      size: body.length,
      digest: digestOf(body),
    });
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: manifestType,
        config: descriptor("application/vnd.docker.container.image.v1+json", config),
        layers: layers.map((body) =>
          descriptor("application/vnd.docker.image.rootfs.diff.tar", body),
        ),
      }),
    );
    const answer = answerOf(manifestType, manifest);
    answers.set(`${base}/manifests/v1`, answer);
    answers.set(`${base}/manifests/${digestOf(manifest)}`, answer);
  }
  return answers;
}

function serve(): void {
  const answers = makeAnswers();
  const missing = Buffer.from("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "latin1");
  let answered = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    // One request at a time on a connection, and none is longer than a segment.
    socket.on("data", (head) => {
      answered++;
      const from = head.indexOf(" ") + 1;
      socket.write(answers.get(head.toString("latin1", from, head.indexOf(" ", from))) ?? missing);
    });
    socket.on("error", () => socket.destroy());
  });
  server.listen(0, "127.0.0.1", () => {
    process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
  });
  const lines = createInterface(process.stdin);
  lines.on("line", () => process.stdout.write(`${answered}\n`));
  lines.on("close", () => process.exit(0));
}

if (process.argv[1] === import.meta.filename) serve();
