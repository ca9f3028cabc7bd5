// Which subjects sessions have.
//
//   <root>.session  .sessions  .oneshot  .cluster                 requests to the host
//   <root>.<id>.control.<name>.current  .doc                      a control: read, write, what it became; its line of help
//   <root>.<id>.sync  .keepalive  .stats  .description  .delete   requests to one session
//   <root>.<id>.data.<subject of a path>                          what is played
//   <root>.<id>.notice                                            what is neither control nor data: gaps, errors, the end
import { pathOfSubject, subjectOfPath } from "../../archive/subject.ts";
import type { ControlName } from "../session/control-values.ts";

export const hostRequests = ["session", "sessions", "oneshot", "cluster"] as const;
export type HostRequest = (typeof hostRequests)[number];

export class SessionSubjects {
  /** `publish.base` as a subject. */
  readonly root: string;

  constructor(base: string) {
    this.root = subjectOfPath(base);
  }

  host(request: HostRequest): string {
    return `${this.root}.${request}`;
  }

  of(id: string): OneSessionSubjects {
    return new OneSessionSubjects(`${this.root}.${id}`);
  }
}

export class OneSessionSubjects {
  readonly prefix: string;
  readonly #data: string;

  constructor(prefix: string) {
    this.prefix = prefix;
    this.#data = `${prefix}.data.`;
  }

  control(name: ControlName): string {
    return `${this.prefix}.control.${name}.current`;
  }

  get notice(): string {
    return `${this.prefix}.notice`;
  }

  data(path: string): string {
    return `${this.#data}${subjectOfPath(path)}`;
  }

  /** The path of a data subject; undefined for any other. */
  pathOf(subject: string): string | undefined {
    if (!subject.startsWith(this.#data)) return undefined;
    return pathOfSubject(subject.slice(this.#data.length));
  }
}
