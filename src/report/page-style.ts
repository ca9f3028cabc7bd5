/** Style of the report page. Custom properties name the colours that charts take, too; the pairs differ for the colour-blind. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --page: #fbfbfa; --card: #ffffff; --ink: #1d232b; --muted: #5d6773; --grid: #e6e8eb; --line: #dcdfe3;
  --first: #0b6bb5; --second: #c9540a; --third: #0a8f6a; --fourth: #8a4fb5; --quiet: #a9b1bb; --bad: #c02a3c; --heat: #0b6bb5;
  --good-ink: #0a6b42; --good: #dff3e8; --warning-ink: #7a4a00; --warning: #fdeecd; --bad-ink: #9b1527; --bad-pale: #fbe1e4;
}
@media (prefers-color-scheme: dark) {
  :root:not([data-paper="yes"]) {
    --page: #14171b; --card: #1b1f25; --ink: #e8ebef; --muted: #9aa5b1; --grid: #2a3038; --line: #2f363f;
    --first: #58b0f0; --second: #f0954a; --third: #3fcf9f; --fourth: #c79af0; --quiet: #67717d; --bad: #ff6b7d; --heat: #58b0f0;
    --good-ink: #7fe3b3; --good: #12392a; --warning-ink: #ffd27a; --warning: #41300c; --bad-ink: #ff9aa7; --bad-pale: #47161d;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main, header { max-width: 1120px; margin: 0 auto; padding: 0 24px; }
header { padding-top: 32px; }
h1 { font-size: 26px; line-height: 1.2; margin: 0; letter-spacing: -0.01em; }
h2 { font-size: 17px; margin: 0 0 2px; }
p { margin: 0 0 12px; }
.title { display: flex; flex-wrap: wrap; gap: 14px; align-items: center; }
.verdict { padding: 3px 12px; border-radius: 999px; font-weight: 600; font-size: 14px; }
.good { background: var(--good); color: var(--good-ink); }
.warning { background: var(--warning); color: var(--warning-ink); }
.bad { background: var(--bad-pale); color: var(--bad-ink); }
.reasons { margin: 14px 0 0; padding: 10px 14px 10px 32px; border-radius: 8px; }
.when, .note { color: var(--muted); }
.when { margin: 4px 0 0; }
.note { font-size: 13.5px; max-width: 78ch; }
.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(138px, 1fr)); gap: 12px; margin: 22px 0; padding: 0; }
.numbers div, section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.numbers div { padding: 12px 16px; display: flex; flex-direction: column-reverse; justify-content: flex-end; }
.numbers dt { color: var(--muted); font-size: 13px; }
.numbers dd { margin: 0; font-size: 22px; font-weight: 600; font-variant-numeric: tabular-nums; letter-spacing: -0.01em; }
section { padding: 18px 20px; margin: 0 0 18px; overflow-x: auto; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 18px; }
.pair section { min-width: 0; }
.tools { display: flex; gap: 6px; justify-content: flex-end; margin-bottom: 8px; }
.tools select { margin-right: auto; }
select, button { font: inherit; font-size: 13px; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 3px 8px; }
button { color: var(--muted); cursor: pointer; }
button:hover { color: var(--ink); border-color: var(--muted); }
.readout { min-height: 1.5em; margin: 4px 0 0; font-size: 13px; font-variant-numeric: tabular-nums; }
.readout:empty { display: none; }
details { font-size: 13px; margin-top: 6px; }
details > div { max-height: 320px; overflow: auto; }
summary { color: var(--muted); cursor: pointer; width: max-content; }
:focus-visible { outline: 2px solid var(--first); outline-offset: 2px; border-radius: 4px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
th, td { padding: 5px 10px; text-align: right; white-space: nowrap; }
th { color: var(--muted); font-weight: 500; border-bottom: 1px solid var(--line); }
tbody th { color: inherit; border: 0; }
tbody th, .text, thead th:first-child { text-align: left; }
tbody tr + tr > * { border-top: 1px solid var(--grid); }
tbody tr.second > * { color: var(--muted); border-top: 0; }
td.wide { white-space: normal; overflow-wrap: anywhere; }
.facts { display: grid; grid-template-columns: fit-content(50%) 1fr; gap: 4px 20px; margin: 0; font-size: 14px; }
.facts dt { color: var(--muted); overflow-wrap: anywhere; }
.facts dd { margin: 0; overflow-wrap: anywhere; }
code { font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
footer { color: var(--muted); font-size: 13px; padding: 4px 0 36px; }
.u-legend { font-size: 13px; color: var(--ink); text-align: left; }
.u-legend.u-inline .u-series { margin-right: 14px; }
.u-legend .u-value { color: var(--muted); font-variant-numeric: tabular-nums; min-width: 4.5em; display: inline-block; text-align: left; }
.u-legend th, .u-legend td { padding: 2px 4px; border: 0 !important; color: inherit; width: auto; }
table.u-legend { width: auto; margin: 4px 0 0; }
@media print {
  body { background: #fff; font-size: 12px; }
  main, header { max-width: none; padding: 0; }
  section, .numbers div { break-inside: avoid; border-color: #ccc; }
  .u-legend .u-value, .tools, .readout, details, .u-over, .u-under, .u-axis { display: none; }
  .uplot, .u-wrap, .u-wrap canvas { width: 100% !important; height: auto !important; }
  table { font-size: 10px; }
  th, td { padding: 3px 5px; }
}
@media (max-width: 520px) { .pair { grid-template-columns: 1fr; } main, header { padding-left: 12px; padding-right: 12px; } }
`;
