import { deepEqual } from "node:assert/strict";
import { test } from "node:test";
import type { HttpExchange } from "../../../src/archive/exchange.ts";
import { provenEvents } from "../../../src/record/proxy/proof.ts";
import { RegistryImage } from "../../../src/record/proxy/registry-image.ts";

const name = "team/blobs/app";

test("a tag is deleted of a repository whose name says blobs", () => {
  const state = { digest: "sha256:0", media_type: null, size: 1 };
  const image = new RegistryImage();
  image.setTag(name, "v1", state);
  const exchange: HttpExchange = {
    arrival: 1,
    client: "",
    method: "DELETE",
    path: `/v2/${name}/manifests/v1`,
    class: "delete",
    req_headers: {},
    res_headers: {},
    req_bytes: 0,
    res_bytes: 0,
    status: 202,
    marks: { end: 1 },
  };
  const evidence = {
    exchange,
    name,
    reference: "v1",
    accept: "",
    isEncoded: false,
    uploadBytes: undefined,
  };
  deepEqual(provenEvents(image, evidence), [
    { kind: "removed", path: `/$registry/tags/${name}/v1` },
  ]);
});
