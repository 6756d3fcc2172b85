const PER_SECOND = 50;
const WINDOW = 10_000; // ms over which shares are counted
const FORGET = 60_000; // ms after which an unseen colour loses its card
const PENDING_LIMIT = 100;
const TIMEOUT = 10_000;
const NO_ANSWER = "no answer";

const PALETTE = {
  red: "#e5484d", orange: "#f0842c", yellow: "#f2b90c", green: "#22a55b",
  blue: "#3b82f6", purple: "#8b5cf6", pink: "#e4579b", cyan: "#12a5c4",
  white: "#f7f7f7", black: "#2b2b2b", [NO_ANSWER]: "#8a919e",
};

const element = (id) => document.getElementById(id);
const answers = []; // of the last WINDOW, oldest first
const versions = new Map(); // colour -> card
let pending = 0;
let paused = false;

// paintOf is the colour to paint an answer with: ours, the browser's by that
// name, or one made of the name.
function paintOf(name) {
  if (PALETTE[name]) return PALETTE[name];
  if (CSS.supports("color", name)) return name;
  let hue = 0;
  for (const letter of name) hue = (hue * 31 + letter.codePointAt(0)) % 360;
  return `hsl(${hue} 65% 52%)`;
}

// inkOn is black or white, whichever can be read on a paint.
function inkOn(paint) {
  const context = document.createElement("canvas").getContext("2d");
  context.fillStyle = paint; // read back as #rrggbb
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(context.fillStyle.slice(at, at + 2), 16));
  return 0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#111" : "#fff";
}

class Grid {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.cells = [];
    this.cursor = 0;
    this.scheduled = false;
    new ResizeObserver(() => this.resize()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const scale = devicePixelRatio || 1;
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    this.context.setTransform(scale, 0, 0, scale, 0, 0);
    const target = width < 560 ? 17 : 22;
    this.columns = Math.max(Math.floor(width / target), 1);
    this.pitch = width / this.columns;
    this.rows = Math.max(Math.floor(height / this.pitch), 1);
    const latest = this.cells.slice(this.cursor).concat(this.cells.slice(0, this.cursor)).filter(Boolean);
    this.cells = latest.slice(-this.columns * this.rows);
    this.cursor = this.cells.length % (this.columns * this.rows);
    this.cells.length = this.columns * this.rows;
    this.redraw();
  }

  add(answer) {
    if (!this.columns) return;
    this.cells[this.cursor] = answer;
    this.cursor = (this.cursor + 1) % this.cells.length;
    this.redraw();
  }

  redraw() {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      this.draw();
    });
  }

  draw() {
    const style = getComputedStyle(document.body);
    this.empty = style.getPropertyValue("--empty");
    this.ground = style.getPropertyValue("--panel");
    this.context.clearRect(0, 0, this.canvas.clientWidth, this.canvas.clientHeight);
    const total = this.columns * this.rows;
    for (let i = 0; i < total; i++) {
      const age = (this.cursor - 1 - i + total) % total;
      this.square(i, this.cells[i], 1 - 0.62 * (age / total));
    }
  }

  square(index, answer, strength) {
    const { context, pitch } = this;
    const side = pitch - 3;
    const x = (index % this.columns) * pitch + 1.5;
    const y = Math.floor(index / this.columns) * pitch + 1.5;
    context.globalAlpha = answer ? strength : 1;
    context.fillStyle = answer ? paintOf(answer.color) : getComputedColor(this.empty);
    context.beginPath();
    context.roundRect(x, y, side, side, 4);
    context.fill();
    if (answer && !answer.ok) this.cross(x, y, side);
  }

  cross(x, y, side) {
    const { context } = this;
    const inset = side * 0.24;
    context.globalAlpha = 1;
    context.strokeStyle = getComputedColor(this.ground);
    context.lineWidth = 2.5;
    context.beginPath();
    context.moveTo(x + inset, y + inset);
    context.lineTo(x + side - inset, y + side - inset);
    context.moveTo(x + side - inset, y + inset);
    context.lineTo(x + inset, y + side - inset);
    context.stroke();
  }
}

// getComputedColor resolves light-dark(), which a canvas does not know.
function getComputedColor(value) {
  const match = /^\s*light-dark\(([^,]+),([^)]+)\)/.exec(value);
  if (!match) return value.trim();
  return match[matchMedia("(prefers-color-scheme: dark)").matches ? 2 : 1].trim();
}

function wishes() {
  return [...versions].map(([color, card]) => card.wish(color)).filter(Boolean);
}

async function ask() {
  if (pending >= PENDING_LIMIT) return;
  pending++;
  const began = performance.now();
  let answer = { color: NO_ANSWER, ok: false };
  try {
    const response = await fetch("color", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(wishes()),
      signal: AbortSignal.timeout(TIMEOUT),
    });
    answer = { color: colorIn(await response.text()), ok: response.ok };
  } catch {
    // No answer is an answer too: a grey, crossed square.
  }
  pending--;
  answer.at = performance.now();
  answer.took = answer.at - began;
  answers.push(answer);
  grid.add(answer);
}

// colorIn reads "blue"; a gateway's error page is no colour.
function colorIn(text) {
  const match = /^"([\w-]{1,40})"$/.exec(text.trim());
  return match ? match[1] : NO_ANSWER;
}

class Version {
  constructor(color) {
    this.node = element("version").content.firstElementChild.cloneNode(true);
    const find = (selector) => this.node.querySelector(selector);
    Object.assign(this, {
      percent: find(".percent"), failed: find(".failed"), latency: find(".latency"),
      error: find(".error"), delay: find(".delay"), seen: 0,
    });
    find("h3").textContent = color;
    find(".swatch").style.background = paintOf(color);
    this.error.setAttribute("aria-label", `Error rate of ${color}, percent`);
    this.delay.setAttribute("aria-label", `Latency of ${color}, seconds`);
    this.error.addEventListener("input", () => {
      find(".error-value").textContent = +this.error.value ? `${this.error.value} %` : "as is";
    });
    this.delay.addEventListener("input", () => {
      find(".delay-value").textContent = +this.delay.value ? `${this.delay.value} s` : "as is";
    });
  }

  wish(color) {
    const [error, delay] = [+this.error.value, +this.delay.value];
    if (!error && !delay) return null;
    return { color, return500: error, delayPercent: delay ? 100 : 0, delayLength: delay };
  }

  show(count, total) {
    this.node.classList.toggle("gone", count.all === 0);
    this.percent.textContent = percent(count.all, total);
    this.failed.textContent = `${percent(count.failed, count.all)} failed`;
    this.failed.classList.toggle("bad", count.failed > 0);
    this.latency.textContent = count.all ? `median ${duration(median(count.took))}` : "not seen lately";
  }
}

function percent(part, whole) {
  if (!whole) return "0 %";
  const value = (100 * part) / whole;
  return `${value > 0 && value < 1 ? value.toFixed(1) : Math.round(value)} %`;
}

function median(list) {
  return list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
}

function duration(ms) {
  return ms < 1000 ? `${Math.max(Math.round(ms), 1)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

// tally counts the answers of the last WINDOW by colour.
function tally(now) {
  while (answers.length && answers[0].at < now - WINDOW) answers.shift();
  const counts = new Map();
  for (const { color, ok, took } of answers) {
    const count = counts.get(color) ?? { all: 0, failed: 0, took: [] };
    count.all++;
    if (!ok) count.failed++;
    count.took.push(took);
    counts.set(color, count);
  }
  return counts;
}

function refresh() {
  const now = performance.now();
  const counts = tally(now);
  showShares(counts);
  showVersions(counts, now);
  element("rate").textContent = answers.filter((a) => a.at > now - 1000).length;
  const failed = answers.filter((a) => !a.ok).length;
  element("failures").textContent = `${percent(failed, answers.length)} failed`;
  element("failures").classList.toggle("bad", failed > 0);
}

function showShares(counts) {
  const share = element("share");
  const known = new Map([...share.children].map((node) => [node.dataset.color, node]));
  for (const [color, count] of [...counts].sort()) {
    const node = known.get(color) ?? segment(share, color);
    known.delete(color);
    node.style.flexGrow = count.all;
    const text = percent(count.all, answers.length);
    node.textContent = count.all / answers.length > 0.1 ? `${color} ${text}` : "";
    node.title = `${color}: ${text}`;
  }
  for (const node of known.values()) node.remove();
  share.setAttribute("aria-label", [...share.children].map((node) => node.title).join(", ") || "No answers yet");
}

function segment(share, color) {
  const node = document.createElement("div");
  node.dataset.color = color;
  node.style.background = paintOf(color);
  node.style.color = inkOn(paintOf(color));
  const after = [...share.children].find((other) => other.dataset.color > color);
  share.insertBefore(node, after ?? null);
  return node;
}

function showVersions(counts, now) {
  for (const color of counts.keys()) {
    if (color === NO_ANSWER || versions.has(color)) continue;
    versions.set(color, new Version(color));
    element("versions").replaceChildren(...[...versions].sort().map(([, card]) => card.node));
  }
  for (const [color, card] of versions) {
    if (counts.has(color)) card.seen = now;
    card.show(counts.get(color) ?? { all: 0, failed: 0, took: [] }, answers.length);
    if (now - card.seen > FORGET && !card.wish(color)) {
      card.node.remove();
      versions.delete(color);
    }
  }
}

const grid = new Grid(element("grid"));
element("window").textContent = WINDOW / 1000;
element("pause").addEventListener("click", ({ target }) => {
  paused = !paused;
  target.textContent = paused ? "Go on" : "Pause";
  target.setAttribute("aria-pressed", paused);
});
setInterval(() => {
  if (!paused && !document.hidden) ask();
}, 1000 / PER_SECOND);
setInterval(refresh, 250);
