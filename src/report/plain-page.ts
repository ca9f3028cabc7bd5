// A report page of sections that its maker decides: the same style, charts and promises as that of a replay.

import type { PageCharts } from "./chart.ts";
import { escaped, factList, type Html } from "./html.ts";
import { framedPage } from "./page-frame.ts";

export type PageSection = {
  readonly title: string;
  /** A sentence below the title; text. */
  readonly note?: string;
  /** Id of a chart that is drawn here. */
  readonly chart?: string;
  /** Tables and the like. */
  readonly content?: Html;
};

export type PlainPage = {
  readonly title: string;
  readonly verdict: string;
  readonly tint: "good" | "warning" | "bad";
  readonly when: string;
  /** As typed; secrets are taken out already. */
  readonly command: string;
  /** Sentences that whoever reads the figures must know first. */
  readonly reasons: readonly string[];
  readonly numbers: readonly (readonly [name: string, value: string])[];
  readonly facts: readonly (readonly [name: string, text: string])[];
  readonly sections: readonly PageSection[];
  readonly charts: PageCharts;
  readonly footer: string;
};

/** One file that needs nothing else. */
export const renderPlainPage = (page: PlainPage): Html =>
  framedPage({
    title: `${page.title}: ${page.verdict}`,
    body: `${header(page)}
<main>
${page.sections.map(sectionHtml).join("\n")}
<footer>${escaped(page.footer)}</footer>
</main>`,
    charts: page.charts,
  });

function header(page: PlainPage): Html {
  const numbers = page.numbers
    .map(([name, value]) => `<div><dt>${escaped(name)}</dt><dd>${escaped(value)}</dd></div>`)
    .join("");
  const reasons = page.reasons.map((reason) => `<li>${escaped(reason)}</li>`).join("");
  return `<header>
<div class="title"><h1>${escaped(page.title)}</h1><span class="verdict ${page.tint}">${escaped(page.verdict)}</span></div>
<p class="when">${escaped(page.when)}</p>
<p><code>${escaped(page.command)}</code></p>
${reasons === "" ? "" : `<ul class="reasons ${page.tint}">${reasons}</ul>`}
<dl class="numbers">${numbers}</dl>
<section>${factList(page.facts)}</section>
</header>`;
}

const sectionHtml = ({ title, note, chart, content = "" }: PageSection): Html =>
  `<section><h2>${escaped(title)}</h2>${note === undefined ? "" : `<p class="note">${escaped(note)}</p>`}${
    chart === undefined ? "" : `<div id="${escaped(chart)}"></div>`
  }${content}</section>`;
