// What both adapters can do, so that one table of tests runs against each of them.
import type { TestContext } from "node:test";
import type { PlaybackOptions } from "../../src/playback/start-playback.ts";
import { HttpClient, type Item } from "./http/http-client.ts";
import { NatsClient } from "./nats/nats-client.ts";

type Told = Readonly<Record<string, unknown>>;

interface AttachedStream {
  readonly items: readonly Item[];
  of(type: string): Item[];
  until(holds: (stream: AttachedStream) => boolean): Promise<void>;
}

export interface Adapter {
  readonly host: { readonly size: number; check(): void };
  /** `client` is a number: whoever has the same one is the same client. */
  create(args: unknown, client?: number): Promise<Told>;
  /** The body is JSON or plain text. Gives `{value}` or `{error}`. */
  write(id: string, control: string, body: string): Promise<Told>;
  read(id: string, control: string): Promise<unknown>;
  keepAlive(id: string): Promise<void>;
  end(id: string): Promise<void>;
  attach(id: string): Promise<AttachedStream>;
}

type Options = Omit<PlaybackOptions, "log">;

/** undefined where a program is missing; the test has said so. */
export const adapters: Readonly<
  Record<string, (t: TestContext, options: Options) => Promise<Adapter | undefined>>
> = {
  HTTP: async (t, options) => {
    const http = await HttpClient.start(t, options);
    const path = (id: string, rest = ""): string => `/session/${id}${rest}`;
    return {
      host: http.playback.host,
      create: async (args, client = 1) => {
        const from = `127.0.0.${client}`;
        const asked = { method: "POST", body: JSON.stringify(args), from };
        return (await http.ask("/session", asked)).value;
      },
      write: async (id, control, body) => (await http.put(id, control, body)).value,
      read: async (id, control) => (await http.ask(path(id, `/control/${control}`))).value.value,
      keepAlive: async (id) => {
        await http.ask(path(id, "/keepalive"), { method: "POST" });
      },
      end: async (id) => {
        await http.ask(path(id), { method: "DELETE" });
      },
      attach: (id) => http.attach(id),
    };
  },
  NATS: async (t, options) => {
    const nats = await NatsClient.start(t, options);
    if (nats === undefined) return undefined;
    return {
      host: nats.playback.host,
      create: (args, client = 1) =>
        nats.ask("session", { body: JSON.stringify(args), client: `client ${client}` }),
      write: async (id, control, body) => {
        const answer = await nats.request(`${id}.control.${control}.current`, { body });
        const told: unknown = answer.json();
        const value: unknown = JSON.parse(answer.headers?.get("Replay-Value") || "null");
        return told === null ? { value } : (told as Told);
      },
      read: (id, control) => nats.ask(`${id}.control.${control}.current`),
      keepAlive: async (id) => {
        await nats.ask(`${id}.keepalive`);
      },
      end: async (id) => {
        await nats.ask(`${id}.delete`);
      },
      attach: (id) => nats.attach(t, id),
    };
  },
};
