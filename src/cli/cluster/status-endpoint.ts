// The master's port: how a run on several machines does, for people and for whoever collects metrics.
import { createServer, type Server, type ServerResponse } from "node:http";
import type { ClusterEngine } from "../../cluster/master/cluster-engine.ts";
import { messageOf } from "../../core/errors.ts";
import { TallyReader } from "../../stats/tally-reader.ts";

const HOST = "127.0.0.1";

type Report = ReturnType<ClusterEngine["nodeReports"]>[number];

export class StatusEndpoint {
  readonly #engine: Pick<ClusterEngine, "nodeReports" | "tallies">;
  readonly #verb: string;
  readonly #server: Server;

  /** A port that is taken is no reason not to run: `say` tells of it. */
  constructor(
    engine: Pick<ClusterEngine, "nodeReports" | "tallies">,
    { verb, port, say }: { verb: string; port: number; say: (line: string) => void },
  ) {
    this.#engine = engine;
    this.#verb = verb;
    this.#server = createServer((request, response) => this.#answer(request.url ?? "", response));
    this.#server.on("error", (error) =>
      say(`no status at ${HOST}:${port} (client_info.port): ${messageOf(error)}`),
    );
    this.#server.listen(port, HOST);
    // Whoever looks at it must not keep the run from ending.
    this.#server.unref();
  }

  #answer(url: string, response: ServerResponse): void {
    const path = url.split("?")[0];
    if (path === "/metrics") {
      response.setHeader("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
      response.end(metricsOf(this.#engine.nodeReports()));
    } else if (path === "/" || path === "/status") {
      response.setHeader("Content-Type", "application/json");
      response.end(`${JSON.stringify(this.#status(), null, 2)}\n`);
    } else {
      response.statusCode = 404;
      response.end("there is /status and /metrics\n");
    }
  }

  #status(): unknown {
    const { classes, inFlight } = new TallyReader(this.#engine.tallies).totals();
    return {
      verb: this.#verb,
      inFlight,
      operations: classes.map(({ operation, started, done, failed }) => ({
        operation,
        started,
        done,
        failed,
      })),
      nodes: this.#engine.nodeReports(),
    };
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

const metrics = [
  [
    "drayage_node_up",
    "gauge",
    ({ lost, state }: Report) => (lost === null && state !== "refused" ? 1 : 0),
  ],
  ["drayage_node_rows_total", "counter", ({ rows }: Report) => rows],
  ["drayage_node_cuts_total", "counter", ({ cuts }: Report) => cuts],
  ["drayage_node_clock_bound_seconds", "gauge", ({ clockBoundMs }: Report) => clockBoundMs / 1000],
] as const;

const label = (text: string): string => text.replace(/[\\"\n]/g, "_");

const metricsOf = (nodes: readonly Report[]): string =>
  metrics
    .flatMap(([name, type, value]) => [
      `# TYPE ${name} ${type}`,
      ...nodes.map(
        (report) =>
          `${name}{node="${report.node}",address="${label(report.address)}"} ${value(report)}`,
      ),
    ])
    .map((line) => `${line}\n`)
    .join("");
