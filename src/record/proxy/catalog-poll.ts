// Completes the registry image from the upstream's own lists: tags that no exchange has shown yet, and tags that are gone. Asks
// the upstream directly, one request at a time, so that nothing of it appears among the recorded exchanges.
import type { ArchiveEvent } from "../../archive/event.ts";
import { takeOrigin, threadClock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { Millis } from "../../core/units.ts";
import { ControlClient } from "../../registry/control-client.ts";
import { ControlTransport } from "../../registry/control-transport.ts";
import { acceptManifests } from "../../registry/media-type.ts";
import type { NameMask } from "./name-mask.ts";
import type { ProxyTls } from "./proxy-options.ts";
import type { RegistryImage, TagState } from "./registry-image.ts";

export type CatalogPollOptions = {
  readonly upstream: URL;
  readonly trust: NonNullable<ProxyTls["upstream"]>;
  /** Between the end of one reading and the beginning of the next. */
  readonly interval: Millis;
  readonly image: RegistryImage;
  readonly mask: NameMask;
  /** Changes of one repository. A promise: the archive is full, and the reading waits. */
  readonly onFacts: (facts: readonly ArchiveEvent[]) => Promise<void> | undefined;
  readonly onNotice: (sentence: string) => void;
};

const USER_AGENT = "drayage record";

export class CatalogPoll {
  readonly #options: CatalogPollOptions;
  readonly #transport: ControlTransport;
  readonly #client: ControlClient;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #wake: NodeJS.Timeout | undefined;
  /** The last reading failed: the same trouble is told once. */
  #isFailing = false;
  failures = 0;

  constructor(options: CatalogPollOptions) {
    const { upstream, trust } = options;
    this.#options = options;
    this.#transport = new ControlTransport({
      ca: trust.ca,
      cert: trust.cert,
      key: trust.key,
      insecure: trust.insecure ?? false,
    });
    this.#client = new ControlClient({
      endpoint: {
        index: 0,
        origin: upstream.origin,
        pathPrefix: "",
        auth: { type: "none" },
        ca: trust.ca,
        insecure: trust.insecure ?? false,
      },
      clock: threadClock(takeOrigin()),
      userAgent: USER_AGENT,
      fetch: this.#transport.fetch,
    });
  }

  start(): void {
    this.#running = this.#read().then(() => {
      if (!this.#stop.signal.aborted)
        this.#wake = setTimeout(() => this.start(), this.#options.interval);
    });
  }

  async close(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#wake);
    await this.#running;
    await this.#transport.close();
  }

  async #read(): Promise<void> {
    try {
      const { image, mask, onFacts } = this.#options;
      // What is pushed while the lists are read may be missing in them: only what was known before can be gone.
      const before = new Map(image.names().map((name) => [name, image.tagsOf(name)]));
      for await (const name of this.#client.repositories(this.#stop.signal)) {
        before.delete(mask.name(name));
        await this.#readRepository(name);
      }
      for (const [name, tags] of before)
        await onFacts(tags.flatMap((tag) => image.removeTag(name, tag)));
      this.#isFailing = false;
    } catch (error) {
      this.#failed(error);
    }
  }

  async #readRepository(name: string): Promise<void> {
    const { image, mask, onFacts } = this.#options;
    const masked = mask.name(name);
    const gone = new Set(image.tagsOf(masked));
    const facts: ArchiveEvent[] = [];
    for await (const tag of this.#client.tags(name, this.#stop.signal)) {
      gone.delete(tag);
      if (image.tag(masked, tag) !== undefined) continue;
      const state = await this.#ask(name, tag);
      if (state !== undefined) facts.push(...image.setTag(masked, tag, state));
    }
    for (const tag of gone) facts.push(...image.removeTag(masked, tag));
    await onFacts(facts);
  }

  /** Undefined where the tag is gone by now, or nothing says what it leads to. */
  async #ask(name: string, tag: string): Promise<TagState | undefined> {
    const answer = await this.#transport.fetch({
      method: "HEAD",
      url: `${this.#options.upstream.origin}/v2/${name}/manifests/${tag}`,
      headers: { accept: acceptManifests, "user-agent": USER_AGENT },
      signal: this.#stop.signal,
    });
    const [digest] = answer.headers("docker-content-digest");
    if (answer.status !== 200 || digest === undefined) return undefined;
    const [type] = answer.headers("content-type");
    const [length] = answer.headers("content-length");
    return {
      digest,
      media_type: type?.split(";", 1)[0]?.trim() ?? null,
      size: length === undefined ? null : Number(length),
    };
  }

  #failed(error: unknown): void {
    if (this.#stop.signal.aborted) return;
    this.failures++;
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#options.onNotice(
      `proxy.catalog: the upstream's lists cannot be read (${messageOf(error)})`,
    );
  }
}
