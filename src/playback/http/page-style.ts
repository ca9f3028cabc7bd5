/** Style of the page: the colours of the report pages, light and dark. */
export const sessionPageStyle = `
:root {
  color-scheme: light dark;
  --page: #fbfbfa; --card: #ffffff; --ink: #1d232b; --muted: #5d6773; --line: #dcdfe3; --first: #0b6bb5; --on-first: #ffffff; --bad: #9b1527; --chosen: #e3eff9;
}
@media (prefers-color-scheme: dark) {
  :root { --page: #14171b; --card: #1b1f25; --ink: #e8ebef; --muted: #9aa5b1; --line: #2f363f; --first: #58b0f0; --on-first: #0c1116; --bad: #ff9aa7; --chosen: #1d3346; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main, header { max-width: 1040px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 24px; display: flex; flex-wrap: wrap; gap: 12px; align-items: center; justify-content: space-between; }
h1 { font-size: 24px; margin: 0; } h2 { font-size: 17px; margin: 0 0 10px; overflow-wrap: anywhere; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px; margin: 16px 0; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 5px 10px 5px 0; white-space: nowrap; }
th { color: var(--muted); font-weight: 500; border-bottom: 1px solid var(--line); }
tr.chosen { background: var(--chosen); }
td.value { white-space: normal; overflow-wrap: anywhere; }
code, .mono { font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
button, input, select { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 4px 12px; }
button { cursor: pointer; } button:disabled { opacity: 0.45; cursor: default; }
button[aria-pressed="true"] { background: var(--first); border-color: var(--first); color: var(--on-first); }
:focus-visible { outline: 2px solid var(--first); outline-offset: 2px; }
.row { display: flex; flex-wrap: wrap; gap: 8px 12px; align-items: center; margin: 8px 0; }
.muted { color: var(--muted); font-size: 13.5px; }
.bad { color: var(--bad); min-height: 1.5em; margin: 0; }
#seek { flex: 1 1 260px; padding: 0; accent-color: var(--first); }
#speed { width: 8em; }
kbd { border: 1px solid var(--line); border-radius: 4px; padding: 0 5px; font: 12px ui-monospace, Menlo, Consolas, monospace; }
[hidden] { display: none !important; }
`;
