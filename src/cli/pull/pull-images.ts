// Which images there are, and which puller pulls which of them.
import { readFileSync } from "node:fs";
import type { Clock } from "../../core/clock.ts";
import { messageOf, UsageError } from "../../core/errors.ts";
import { type Image, readImageList } from "../../pull/image-list.ts";
import { MATCHING_MS_MAX, type Selection, selectImages } from "../../pull/selection.ts";
import { listUpstream } from "../../pull/upstream-listing.ts";
import { endpointAuth } from "../../registry/authorizer.ts";
import { ControlTransport } from "../../registry/control-transport.ts";
import { userAgent } from "../replay/client-plan.ts";
import type { PullGiven } from "./pull-options.ts";
import type { PullSettings } from "./pull-settings.ts";
import type { ServerAccess } from "./server-access.ts";

export type Said = {
  /** A line of data on standard output. */
  readonly tell: (line: string) => void;
  readonly warn: (line: string) => void;
};

export type FoundImages = {
  readonly selection: Selection;
  readonly repositoriesWithoutTags: number;
};

export async function findImages(
  {
    given,
    settings,
    access,
    clock,
  }: {
    readonly given: PullGiven;
    readonly settings: PullSettings;
    readonly access: ServerAccess;
    readonly clock: Clock;
  },
  { tell, warn }: Said,
): Promise<FoundImages> {
  const { images, repositoriesWithoutTags } =
    given.images === undefined
      ? await fromUpstream({ given, settings, access, clock }, { tell, warn })
      : fromFile(given.images, tell);
  const selection = selectImages({
    images,
    filter: settings.filter,
    patterns: settings.patterns,
    matchOn: settings.matchOn,
    pullthroughHost: settings.cache.host,
    namespace: settings.namespace,
    form: settings.form,
    now: () => performance.now(),
    limitMs: MATCHING_MS_MAX,
  });
  if (settings.filter !== undefined)
    tell(`Have ${selection.images.length} images after applying filter`);
  for (const warning of selection.warnings) warn(warning);
  for (const pattern of settings.patterns)
    for (const construct of pattern.foreign)
      warn(`pattern "${pattern.text}" has a ${construct}, which RE2 does not know`);
  return { selection, repositoriesWithoutTags };
}

type Source = { readonly images: readonly Image[]; readonly repositoriesWithoutTags: number };

async function fromUpstream(
  { given, settings, access, clock }: Parameters<typeof findImages>[0],
  { tell, warn }: Said,
): Promise<Source> {
  tell("Listing images from the upstream");
  const transport = new ControlTransport({ ...access, ca: access.ca });
  try {
    const listing = await listUpstream({
      origin: settings.registry.origin,
      pathPrefix: settings.registry.pathPrefix,
      auth: endpointAuth(access.auth),
      insecure: access.insecure,
      userAgent,
      fetch: transport.fetch,
      clock,
      requestMs: settings.listingMs,
      allTags: given["all-tags"] ?? false,
      warn,
    });
    // Repositories, as the original counts them.
    tell(`Got ${listing.repositories} images`);
    if (given["all-tags"] === true) tell(`Got ${listing.images.length} tags`);
    return listing;
  } finally {
    await transport.close();
  }
}

function fromFile(path: string, tell: (line: string) => void): Source {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`--images: cannot read ${path} (${messageOf(error)})`);
  }
  const images = readImageList(text, path);
  tell(`Got ${images.length} images`);
  return { images, repositoriesWithoutTags: 0 };
}
