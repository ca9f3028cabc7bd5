// The page at the adapter's root: lists the sessions and drives one of them. One file, nothing is fetched but the adapter itself.
import { sessionPageScript } from "./page-script.ts";
import { sessionPageStyle } from "./page-style.ts";

export const sessionPage = (): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>drayage sessions</title>
<link rel="icon" href="data:,">
<style>${sessionPageStyle}</style>
</head>
<body>
<header>
<h1>Playback sessions</h1>
<form id="access" hidden><label>Token <input id="token" type="password" autocomplete="off"></label> <button>Use</button></form>
</header>
<main>
<p class="bad" id="trouble" role="alert"></p>
<section aria-labelledby="list-title">
<h2 id="list-title">Sessions</h2>
<table>
<thead><tr><th>Session</th><th>State</th><th>Position</th><th>Speed</th><th>Streams</th><th>Client</th><th></th></tr></thead>
<tbody id="sessions"></tbody>
</table>
<p class="muted" id="none" hidden>No session yet.</p>
<div class="row"><button id="new" type="button">New session</button><span class="muted" id="span"></span></div>
</section>
<section id="driver" aria-labelledby="driver-title" hidden>
<h2 id="driver-title">Session <code id="chosen"></code></h2>
<div class="row" role="group" aria-label="State">
<button type="button" data-state="play">Play</button>
<button type="button" data-state="pause">Pause</button>
<button type="button" data-state="tail">Tail</button>
<button type="button" id="back" title="One batch back">−1</button>
<button type="button" id="forth" title="One batch on">+1</button>
<label>Speed <input id="speed" list="speeds" size="8" spellcheck="false"></label>
<datalist id="speeds"><option value="0.1"><option value="1"><option value="10"><option value="100"><option value="unlimited"></datalist>
<button type="button" id="remove">End session</button>
</div>
<div class="row"><label for="seek">Position</label><input id="seek" type="range" min="0" max="1000" step="1" value="0"><output class="mono" id="pos" for="seek"></output></div>
<p class="muted" id="figures"></p>
<table><thead><tr><th>Path</th><th>Last value</th></tr></thead><tbody id="values"></tbody></table>
<p class="muted" id="more" hidden></p>
</section>
<p class="muted"><kbd>Space</kbd> play or pause · <kbd>←</kbd> <kbd>→</kbd> one batch · <kbd>Home</kbd> <kbd>End</kbd> first and last</p>
</main>
<script>${sessionPageScript}</script>
</body>
</html>
`;
