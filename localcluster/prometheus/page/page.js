const REFRESH = 2000; // ms
const POINTS = 240; // at most so many in a line
const LINES = 24; // at most so many are drawn
const PAINTS = ["#3b82f6", "#22a55b", "#f0842c", "#e5484d", "#8b5cf6", "#12a5c4", "#d4a106", "#e4579b", "#7a8699", "#8a6a4f"];
const EXAMPLES = {
  "requests a second by Ingress and status": "sum by (ingress, status) (rate(nginx_ingress_controller_requests[30s]))",
  "success rate": 'sum by (ingress) (rate(nginx_ingress_controller_requests{status!~"[4-5].*"}[60s])) / sum by (ingress) (rate(nginx_ingress_controller_requests[60s]))',
  "canary and stable": "sum by (ingress, canary) (rate(nginx_ingress_controller_requests[30s]))",
  "slowest answers": "histogram_quantile(0.95, sum by (le, ingress) (rate(nginx_ingress_controller_response_duration_seconds_bucket[60s])))",
  "targets": "up",
};

const element = (id) => document.getElementById(id);
const state = { tab: "graph", lines: [], from: 0, to: 1, asked: 0 };

async function api(path, parameters) {
  const response = await fetch(`api/v1/${path}?${new URLSearchParams(parameters)}`);
  const answer = await response.json();
  if (answer.status !== "success") throw new Error(answer.error || response.statusText);
  return answer.data;
}

// titleOf writes a series as PromQL does.
function titleOf({ __name__: name = "", ...labels }) {
  const list = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  return list.length ? `${name}{${list.join(", ")}}` : name || "{}";
}

// format writes a number shortly: 1234567 -> 1.235M, 0.9123456 -> 0.9123.
function format(text) {
  const value = +text;
  if (!Number.isFinite(value)) return String(text);
  const size = Math.abs(value);
  for (const [unit, letter] of [[1e9, "G"], [1e6, "M"], [1e4, "k"]]) {
    if (size >= unit) return `${+(value / (letter === "k" ? 1e3 : unit)).toPrecision(4)}${letter}`;
  }
  return String(+value.toPrecision(4));
}

async function run() {
  const query = element("expression").value.trim();
  const turn = ++state.asked;
  remember(query);
  if (!query) return;
  try {
    const data = state.tab === "graph" ? await askRange(query) : await api("query", { query });
    if (turn !== state.asked) return;
    element("problem").hidden = true;
    if (state.tab === "graph") showGraph(data.result);
    else showTable(data);
  } catch (error) {
    if (turn !== state.asked) return;
    element("problem").textContent = error.message;
    element("problem").hidden = false;
  }
}

function askRange(query) {
  const range = +element("range").value;
  const step = Math.max(1, Math.ceil(range / POINTS));
  state.to = Math.floor(Date.now() / 1000 / step) * step;
  state.from = state.to - range;
  state.step = step;
  return api("query_range", { query, start: state.from, end: state.to, step });
}

// remember keeps the query in the address, as Prometheus' own page does.
function remember(query) {
  const parameters = new URLSearchParams();
  if (query) parameters.set("g0.expr", query);
  parameters.set("g0.tab", state.tab === "graph" ? "0" : "1");
  history.replaceState(null, "", `query?${parameters}`);
}

function showTable({ resultType, result }) {
  const rows = resultType === "scalar" || resultType === "string" ? [{ metric: {}, value: result }] : result;
  element("rows").replaceChildren(...rows.map(({ metric, value, values }) => {
    const row = document.createElement("tr");
    const shown = values ? values.map(([at, v]) => `${format(v)} @ ${at}`).join("\n") : value ? format(value[1]) : "histogram";
    row.append(cell(titleOf(metric)), cell(shown, "number"));
    return row;
  }));
  summarise(rows.length);
}

function cell(text, kind = "") {
  const td = document.createElement("td");
  td.textContent = text;
  td.className = kind;
  return td;
}

function summarise(count) {
  element("summary").textContent = count === 0 ? "No series: nothing matches now."
    : count === 1 ? "1 series" : `${count} series${state.tab === "graph" && count > LINES ? `, the first ${LINES} are drawn` : ""}`;
}

function showGraph(result) {
  state.lines = result.slice(0, LINES).map(({ metric, values = [] }, i) => ({
    title: titleOf(metric),
    paint: PAINTS[i % PAINTS.length],
    points: values.map(([at, value]) => [at, +value]).filter(([, value]) => Number.isFinite(value)),
  }));
  element("legend").replaceChildren(...state.lines.map((line) => {
    const item = document.createElement("li");
    item.append(swatch(line.paint), line.title);
    return item;
  }));
  summarise(result.length);
  draw();
}

function swatch(paint) {
  const span = document.createElement("span");
  span.className = "swatch";
  span.style.background = paint;
  return span;
}

// ticks are round numbers that cover low to high.
function ticks(low, high, about) {
  const raw = (high - low) / about || 1;
  const unit = 10 ** Math.floor(Math.log10(raw));
  const size = [1, 2, 5, 10].find((n) => n * unit >= raw) * unit;
  const list = [];
  for (let at = Math.floor(low / size) * size; list.length < 20; at += size) {
    list.push(+at.toPrecision(10));
    if (at >= high) break;
  }
  return list;
}

const MARGIN = { left: 56, right: 10, top: 10, bottom: 26 };

function draw() {
  const canvas = element("chart");
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (!width) return;
  const scale = devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  const values = state.lines.flatMap((line) => line.points.map(([, value]) => value));
  const bottom = Math.min(0, ...values);
  const top = Math.max(bottom, ...values);
  const marks = ticks(bottom, top > bottom ? top : bottom + 1, 5);
  const [low, high] = [marks[0], marks.at(-1)];
  state.x = (at) => MARGIN.left + ((at - state.from) / (state.to - state.from)) * (width - MARGIN.left - MARGIN.right);
  state.y = (value) => height - MARGIN.bottom - ((value - low) / (high - low || 1)) * (height - MARGIN.top - MARGIN.bottom);
  drawAxes(context, width, height, marks);
  for (const line of state.lines) drawLine(context, line);
}

function drawAxes(context, width, height, marks) {
  const probe = getComputedStyle(element("summary"));
  context.font = `12px ${probe.fontFamily}`;
  context.fillStyle = probe.color;
  context.strokeStyle = probe.color;
  context.lineWidth = 1;
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const mark of marks) {
    const y = Math.round(state.y(mark)) + 0.5;
    context.globalAlpha = 0.22;
    context.beginPath();
    context.moveTo(MARGIN.left, y);
    context.lineTo(width - MARGIN.right, y);
    context.stroke();
    context.globalAlpha = 1;
    context.fillText(format(mark), MARGIN.left - 8, y);
  }
  context.textAlign = "center";
  const count = Math.max(2, Math.floor(width / 150));
  for (let i = 0; i <= count; i++) {
    const at = state.from + ((state.to - state.from) * i) / count;
    context.textAlign = i === 0 ? "left" : i === count ? "right" : "center";
    context.fillText(clock(at), state.x(at), height - 9);
  }
}

function clock(at) {
  const long = state.to - state.from > 7200;
  return new Date(at * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: long ? undefined : "2-digit", hour12: false });
}

// drawLine leaves gaps where there are no samples.
function drawLine(context, line) {
  context.strokeStyle = context.fillStyle = line.paint;
  context.lineWidth = 1.8;
  context.lineJoin = "round";
  context.beginPath();
  let last = -Infinity;
  for (const [at, value] of line.points) {
    if (at - last > 1.5 * state.step) context.moveTo(state.x(at), state.y(value));
    else context.lineTo(state.x(at), state.y(value));
    last = at;
  }
  context.stroke();
  if (line.points.length === 1) context.fillRect(state.x(line.points[0][0]) - 2, state.y(line.points[0][1]) - 2, 4, 4);
}

function point(event) {
  const tip = element("tip");
  const box = element("chart").getBoundingClientRect();
  const x = event.clientX - box.left;
  const at = state.from + ((x - MARGIN.left) / (box.width - MARGIN.left - MARGIN.right)) * (state.to - state.from);
  const near = state.lines.map((line) => ({ ...line, near: nearest(line.points, at) })).filter((line) => line.near);
  tip.hidden = near.length === 0;
  if (tip.hidden) return;
  const rows = near.slice(0, 10).map((line) => {
    const [row, value] = [document.createElement("div"), document.createElement("b")];
    value.textContent = format(line.near[1]);
    row.append(swatch(line.paint), line.title, value);
    return row;
  });
  tip.replaceChildren(clock(near[0].near[0]), ...rows);
  tip.style.left = x < box.width / 2 ? `${x + 14}px` : "";
  tip.style.right = x < box.width / 2 ? "" : `${box.width - x + 14}px`;
}

function nearest(points, at) {
  let best = null;
  for (const p of points) if (!best || Math.abs(p[0] - at) < Math.abs(best[0] - at)) best = p;
  return best && Math.abs(best[0] - at) <= 2 * state.step ? best : null;
}

async function showTargets() {
  const { activeTargets } = await api("targets", { state: "active" });
  const up = activeTargets.filter((target) => target.health === "up").length;
  element("targets-summary").textContent = `${up} of ${activeTargets.length} up`;
  element("targets").replaceChildren(...activeTargets.map((target) => {
    const { job, instance, ...labels } = target.labels;
    const row = document.createElement("tr");
    const scraped = new Date(target.lastScrape);
    const age = target.health === "unknown" ? "not yet" : `${Math.max(0, (Date.now() - scraped) / 1000).toFixed(1)} s ago`;
    row.append(cell(job), cell(target.scrapeUrl), cell(target.health, target.health), cell(Object.keys(labels).length ? titleOf(labels) : "–"),
      cell(age, "number"), cell(`${(target.lastScrapeDuration * 1000).toFixed(1)} ms`, "number"));
    if (target.lastError) row.children[2].append(document.createElement("br"), target.lastError);
    return row;
  }));
}

function choose(tab) {
  state.tab = tab;
  for (const name of ["graph", "table"]) {
    element(`tab-${name}`).setAttribute("aria-selected", String(name === tab));
    element(`${name}-view`).hidden = name !== tab;
  }
  element("range").closest("label").hidden = tab !== "graph";
}

async function listNames() {
  const names = await api("label/__name__/values", {});
  const first = element("names").options[0];
  element("names").replaceChildren(first, ...names.map((name) => new Option(name, name)));
}

function ask(query) {
  element("expression").value = query;
  run();
}

function begin() {
  const parameters = new URLSearchParams(location.search);
  element("query-view").hidden = false;
  element("to-query").setAttribute("aria-current", "page");
  choose(parameters.get("g0.tab") === "1" ? "table" : "graph");
  element("expression").value = parameters.get("g0.expr") ?? parameters.get("query") ?? EXAMPLES["requests a second by Ingress and status"];
  Object.entries(EXAMPLES).forEach(([title, query], i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = title;
    button.title = query;
    button.addEventListener("click", () => ask(query));
    element("examples").append(i ? " · " : "", button);
  });
  element("form").addEventListener("submit", (event) => { event.preventDefault(); run(); });
  element("expression").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    run();
  });
  element("names").addEventListener("focus", () => listNames().catch(() => {}), { once: true });
  element("names").addEventListener("change", ({ target }) => {
    const field = element("expression");
    if (target.value) field.setRangeText(target.value, field.selectionStart, field.selectionEnd, "end");
    target.selectedIndex = 0;
    field.focus();
  });
  for (const tab of ["graph", "table"]) element(`tab-${tab}`).addEventListener("click", () => { choose(tab); run(); });
  element("range").addEventListener("change", run);
  element("chart").addEventListener("pointermove", point);
  element("chart").addEventListener("pointerleave", () => { element("tip").hidden = true; });
  new ResizeObserver(draw).observe(element("chart"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  setInterval(() => { if (element("live").checked && !document.hidden) run(); }, REFRESH);
  listNames().catch(() => {});
  run();
}

function beginTargets() {
  element("targets-view").hidden = false;
  element("to-targets").setAttribute("aria-current", "page");
  const refresh = () => showTargets().catch((error) => { element("targets-summary").textContent = error.message; });
  refresh();
  setInterval(() => { if (!document.hidden) refresh(); }, REFRESH);
}

if (location.pathname.endsWith("/targets")) beginTargets();
else begin();
