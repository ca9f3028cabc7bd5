import type { FeedPlan } from "../../workers/feed-plan.ts";
import type { Terminal } from "../command.ts";
import { openView } from "../live/open-view.ts";
import type { RunView, ViewedRun } from "../live/run-view.ts";
import type { Publication } from "../metrics/publication.ts";
import type { ReplayRequest } from "./replay-request.ts";
import { replayStory } from "./replay-story.ts";

/** The view of a replay, which is also published. `verbose` of the configuration begins it with what is run and how. */
export function openReplayView(
  {
    request,
    viewed,
    published,
  }: {
    readonly request: ReplayRequest<FeedPlan>;
    readonly viewed: ViewedRun;
    readonly published: Publication;
  },
  terminal: Terminal,
): RunView {
  const { config, ui, quiet, ctl } = request;
  const { verbose } = config;
  const view = published.watched(openView(viewed, { ui, quiet, ctl, verbose }, terminal), viewed);
  if (verbose)
    for (const [name, text] of replayStory(request, []).facts) view.say(`${name}: ${text}`);
  return view;
}
