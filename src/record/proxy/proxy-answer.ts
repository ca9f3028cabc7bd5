import type { ServerResponse } from "node:http";

/** Answers in the upstream's stead, as registries put their errors; gives the bytes of the body. */
export function answerItself(response: ServerResponse, status: number, why: string): number {
  const code = status < 500 ? "UNSUPPORTED" : "UNAVAILABLE";
  const message = `recording proxy: ${why}`;
  const body = Buffer.from(JSON.stringify({ errors: [{ code, message }] }));
  response.writeHead(status, { "Content-Type": "application/json", "Content-Length": body.length });
  response.end(response.req.method === "HEAD" ? undefined : body);
  return response.req.method === "HEAD" ? 0 : body.length;
}
