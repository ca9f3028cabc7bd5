import { askManifest, ping, type Stage } from "./pulls.ts";
import { Urn } from "./urn.ts";

/** Sessions of clients that look whether a manifest has changed: pings and the manifest, by GET or by HEAD. */
export class Polls {
  readonly #stage: Stage;
  readonly #gets: Urn;
  readonly #fame: Urn;

  /** `gets`: by manifest, the GETs that pulls leave over. */
  constructor(stage: Stage, gets: Uint32Array) {
    this.#stage = stage;
    this.#gets = new Urn(gets);
    // A registry whose manifests nobody GETs still has them.
    const known = stage.catalogue.manifestGets;
    this.#fame = new Urn(known.some((count) => count > 0) ? known : known.map(() => 1));
  }

  get getsLeft(): number {
    return this.#gets.total;
  }

  get(start: number): void {
    this.#poll("GET", this.#gets.draw(this.#stage.chance), start);
  }

  /** HEADs go to manifests as GETs do, but are not planned one by one. */
  head(start: number): void {
    this.#poll("HEAD", this.#fame.pick(this.#stage.chance), start);
  }

  #poll(method: "GET" | "HEAD", manifest: number, start: number): void {
    const client = this.#stage.clients.poller();
    askManifest(this.#stage, { client, method, manifest }, ping(this.#stage, client, start));
  }
}
