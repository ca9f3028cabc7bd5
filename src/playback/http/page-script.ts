/**
 * The page's program, plain JavaScript. Text from the archive becomes text nodes only. The chosen session is followed by its
 * data stream, which also tells every change of a control; the list is asked for every two seconds.
 */
export const sessionPageScript = String.raw`
"use strict";
const byId = (id) => document.getElementById(id);
const ROWS_MAX = 100;
const VALUE_LENGTH_MAX = 300;
let token = "";
let chosen;
let controls = {};
let following;
let span = { first: null, last: null };
let isSeeking = false;
const values = new Map();

async function ask(path, options = {}) {
  const headers = { accept: "application/json", ...options.headers };
  if (token !== "") headers.authorization = "Bearer " + token;
  const response = await fetch(path, { ...options, headers });
  if (response.status === 401) byId("access").hidden = false;
  if (!response.ok) throw new Error((await response.json().catch(() => ({}))).error ?? response.statusText);
  return response;
}

async function attempt(action) {
  try {
    await action();
    byId("trouble").textContent = "";
  } catch (error) {
    if (error.name !== "AbortError") byId("trouble").textContent = error.message;
  }
}

/** Asks for the list now and then. What an action was refused with stays to be read, until the next action. */
let isHostLost = false;
async function poll() {
  try {
    await refresh();
    if (isHostLost) byId("trouble").textContent = "";
    isHostLost = false;
  } catch (error) {
    isHostLost = true;
    byId("trouble").textContent = error.message;
  }
}

const microsOf = (stamp) => (stamp === null || stamp === undefined ? null : Date.parse(stamp.slice(0, 23) + "Z") * 1000 + Number(stamp.slice(23, 26)));
const stampOf = (us) => new Date(Math.floor(us / 1000)).toISOString().slice(0, 23) + String(us % 1000).padStart(3, "0") + "Z";

function cell(row, text, className) {
  const made = row.insertCell();
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function showList(sessions) {
  const body = byId("sessions");
  const focused = document.activeElement?.dataset?.session;
  body.replaceChildren();
  byId("none").hidden = sessions.length > 0;
  for (const { id, client, controls, streams } of sessions) {
    const row = body.insertRow();
    row.className = id === chosen ? "chosen" : "";
    cell(row, id.slice(0, 8), "mono").title = id;
    cell(row, controls.state);
    cell(row, controls.pos ?? "–", "mono");
    cell(row, String(controls.speed));
    cell(row, String(streams));
    cell(row, client);
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Drive";
    button.dataset.session = id;
    button.setAttribute("aria-pressed", String(id === chosen));
    button.onclick = () => attempt(() => follow(id));
    row.insertCell().append(button);
    if (focused === id) button.focus();
  }
  if (chosen !== undefined && !sessions.some(({ id }) => id === chosen)) leave();
}

async function refresh() {
  const [list, cluster] = await Promise.all([ask("session"), ask("cluster")]);
  span = (await cluster.json()).archive ?? span;
  byId("span").textContent = span.first === null ? "The archive is empty." : "Archive: " + span.first + " to " + span.last;
  showList(await list.json());
  if (chosen === undefined) return;
  const { batches, lateness_us: late, slow_streams_closed: slow } = await (await ask("session/" + chosen + "/stats")).json();
  const us = (value) => (value === null ? "–" : Math.round(value) + " µs");
  byId("figures").textContent = batches + " batches · lateness p50 " + us(late.p50) + ", p99 " + us(late.p99) + ", max " + us(late.max) + " · slow streams closed: " + slow;
}

function bounds() {
  const first = microsOf(controls.start === "Unbounded" ? span.first : controls.start);
  const last = microsOf(controls.end === "Unbounded" ? span.last : controls.end);
  return { first: first === null ? null : first - 1, last };
}

function showControls() {
  for (const button of document.querySelectorAll("[data-state]")) button.setAttribute("aria-pressed", String(button.dataset.state === controls.state));
  const speed = byId("speed");
  if (document.activeElement !== speed) speed.value = String(controls.speed);
  byId("pos").textContent = controls.pos ?? "empty archive";
  const { first, last } = bounds();
  const seek = byId("seek");
  seek.disabled = first === null || last === null;
  seek.setAttribute("aria-valuetext", controls.pos ?? "empty archive");
  if (isSeeking || seek.disabled || !controls.pos) return;
  seek.value = String(Math.round((1000 * (microsOf(controls.pos) - first)) / Math.max(1, last - first)));
}

const textOf = (event) => {
  if (event.removed) return "(removed)";
  if (event.none) return "(no value)";
  if (event.null) return "(null)";
  return event.text ?? (event.base64 === undefined ? JSON.stringify(event.json ?? event.exchange) : "base64 " + event.base64);
};

let isDrawing = false;
function drawSoon() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    showControls();
    const body = byId("values");
    body.replaceChildren();
    for (const [path, text] of [...values].slice(0, ROWS_MAX)) {
      const row = body.insertRow();
      cell(row, path, "mono");
      cell(row, text.length > VALUE_LENGTH_MAX ? text.slice(0, VALUE_LENGTH_MAX) + "…" : text, "mono value");
    }
    byId("more").hidden = values.size <= ROWS_MAX;
    byId("more").textContent = "and " + (values.size - ROWS_MAX) + " more paths";
  });
}

function take(item) {
  if (item.type === "control") controls[item.name] = item.value;
  if (item.type === "image" && !item.part) values.clear();
  if (item.type === "batch") controls.pos = item.stamp;
  for (const event of item.events ?? []) values.set(event.path, textOf(event));
  if (item.type === "gap") byId("trouble").textContent = "Gap: " + item.dropped + " events lost (" + item.why + ")";
  if (item.type === "error") byId("trouble").textContent = item.error;
  if (item.type === "end") leave();
  drawSoon();
}

async function follow(id) {
  leave();
  chosen = id;
  controls = {};
  byId("chosen").textContent = id;
  byId("driver").hidden = false;
  following = new AbortController();
  const response = await ask("session/" + id + "/data", { headers: { accept: "application/x-ndjson" }, signal: following.signal });
  read(response.body.getReader(), id);
  await refresh();
}

async function read(reader, id) {
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (chosen !== id) return;
      if (done) break;
      const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = lines.pop();
      for (const line of lines) take(JSON.parse(line));
    }
    if (byId("trouble").textContent === "") byId("trouble").textContent = "The stream has ended: drive the session again.";
  } catch (error) {
    if (error.name !== "AbortError") byId("trouble").textContent = "The stream broke: " + error.message;
  }
}

function leave() {
  following?.abort();
  following = undefined;
  chosen = undefined;
  values.clear();
  byId("driver").hidden = true;
}

const write = (name, value) => attempt(async () => {
  await ask("session/" + chosen + "/control/" + name, { method: "PUT", body: JSON.stringify(value) });
});

for (const button of document.querySelectorAll("[data-state]")) button.onclick = () => write("state", button.dataset.state);
byId("back").onclick = () => write("pos", -1);
byId("forth").onclick = () => write("pos", 1);
byId("speed").onchange = (event) => write("speed", event.target.value);
byId("seek").oninput = (event) => {
  isSeeking = true;
  const { first, last } = bounds();
  byId("pos").textContent = stampOf(Math.round(first + ((last - first) * event.target.value) / 1000));
};
byId("seek").onchange = async (event) => {
  const { first, last } = bounds();
  await write("pos", stampOf(Math.round(first + ((last - first) * event.target.value) / 1000)));
  isSeeking = false;
  drawSoon();
};
byId("remove").onclick = () => attempt(async () => {
  await ask("session/" + chosen, { method: "DELETE" });
  leave();
  await refresh();
});
byId("new").onclick = () => attempt(async () => {
  const { id } = await (await ask("session", { method: "POST" })).json();
  await follow(id);
});
byId("access").onsubmit = (event) => {
  event.preventDefault();
  token = byId("token").value;
  byId("access").hidden = true;
  attempt(refresh);
};
const shortcuts = {
  " ": () => write("state", controls.state === "pause" ? "play" : "pause"),
  ArrowLeft: () => write("pos", -1),
  ArrowRight: () => write("pos", 1),
  Home: () => write("pos", "beginning"),
  End: () => write("pos", "end"),
};
document.addEventListener("keydown", (event) => {
  if (chosen === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
  if (["INPUT", "SELECT", "BUTTON"].includes(event.target.tagName)) return;
  const action = shortcuts[event.key];
  if (action === undefined) return;
  event.preventDefault();
  action();
});
setInterval(() => { if (!document.hidden) poll(); }, 2000);
poll();
`;
