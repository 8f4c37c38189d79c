"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const unique = (list) => [...new Set(list)];
const SVG = "http://www.w3.org/2000/svg";
const COLOURS = ["#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#e377c2", "#17becf", "#bcbd22", "#555"];
const BOX = { left: 60, top: 12, right: 700, bottom: 430, width: 1060 };
const hidden = new Set();
let range = null;

function fill(select, names) {
  for (const name of names) select.add(new Option(name, name));
}

function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

function curves() {
  const dataset = byId("dataset").value, metric = byId("metric").value;
  const found = new Map();
  const add = (name, other, point) => {
    if (!found.has(name)) found.set(name, { name, other, points: [] });
    found.get(name).points.push(point);
  };
  for (const each of data.points)
    if (each.dataset === dataset && metric in each.values) {
      const [y, low, high] = each.values[metric];
      add(each.codec, false, { x: each.bpp, y, low, high, says: `${each.codec} ${each.setting}: ${each.bytes} B, n = ${each.n}` });
    }
  for (const each of data.others)
    if (each.dataset === dataset && metric in each.values && "bpp" in each.values) {
      const y = each.values[metric];
      add(`${each.codec} (not measured here)`, true, { x: each.values.bpp, y, low: y, high: y, says: `${each.codec} ${each.setting}: ${each.source}` });
    }
  for (const each of found.values()) each.points.sort((a, b) => a.x - b.x);
  return [...found.values()];
}

// Ten colours by three shapes.
function marker(centre, top, number, other) {
  const colour = other ? "#888" : COLOURS[number % COLOURS.length], look = { fill: other ? "none" : colour, stroke: colour, class: other ? "other" : "point" };
  const shape = other ? 0 : Math.floor(number / COLOURS.length) % 3;
  if (shape === 1) return element("rect", { x: centre - 3.5, y: top - 3.5, width: 7, height: 7, ...look });
  if (shape === 2) return element("polygon", { points: `${centre},${top - 5} ${centre + 5},${top + 4} ${centre - 5},${top + 4}`, ...look });
  return element("circle", { cx: centre, cy: top, r: 4, ...look });
}

function ticks(low, high, log) {
  const found = [];
  if (log) {
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
      for (const digit of [1, 2, 5]) found.push(digit * 10 ** power);
    return found.filter((each) => each >= low && each <= high);
  }
  const step = 10 ** Math.floor(Math.log10((high - low) / 4));
  const wide = [1, 2, 5, 10].map((each) => each * step).find((each) => (high - low) / each <= 8);
  for (let at = Math.ceil(low / wide) * wide; at <= high; at += wide) found.push(at);
  return found;
}

const short = (value) => String(Number(value.toPrecision(4)));

function draw() {
  const all = curves(), log = byId("log").checked;
  const shown = all.filter((each) => !hidden.has(each.name)).flatMap((each) => each.points);
  const root = element("svg", { viewBox: `0 0 ${BOX.width} 470`, role: "img" });
  byId("plot").replaceChildren(root);
  const metric = data.metrics.find((each) => each.name === byId("metric").value);
  byId("definition").textContent = metric ? `${metric.name}: ${metric.says}` : "";
  legend(root, all);
  const inside = shown.filter((each) => !range || (each.x >= range[0] && each.x <= range[1]));
  if (!inside.length) return;
  let [left, right] = range || [Math.min(...inside.map((each) => each.x)), Math.max(...inside.map((each) => each.x))];
  if (!range) { left *= 0.9; right *= 1.1; }
  left = log ? Math.max(left, Math.min(...inside.map((each) => each.x)) * 0.8) : left;
  const low = Math.min(...inside.map((each) => each.low)), high = Math.max(...inside.map((each) => each.high));
  const margin = (high - low) * 0.05 || 1;
  const scale = (value) => (log ? Math.log(value) : value);
  const x = (value) => BOX.left + ((scale(value) - scale(left)) / (scale(right) - scale(left) || 1)) * (BOX.right - BOX.left);
  const y = (value) => BOX.bottom - ((value - low + margin) / (high - low + 2 * margin)) * (BOX.bottom - BOX.top);
  for (const at of ticks(left, right, log)) {
    root.append(element("line", { x1: x(at), x2: x(at), y1: BOX.top, y2: BOX.bottom, stroke: "#eee" }));
    root.append(element("text", { x: x(at), y: BOX.bottom + 15, "text-anchor": "middle" }, short(at)));
  }
  for (const at of ticks(low - margin, high + margin, false)) {
    root.append(element("line", { x1: BOX.left, x2: BOX.right, y1: y(at), y2: y(at), stroke: "#eee" }));
    root.append(element("text", { x: BOX.left - 6, y: y(at) + 4, "text-anchor": "end" }, short(at)));
  }
  root.append(element("text", { x: (BOX.left + BOX.right) / 2, y: BOX.bottom + 34, "text-anchor": "middle" }, "bits per pixel"));
  root.append(element("rect", { x: BOX.left, y: BOX.top, width: BOX.right - BOX.left, height: BOX.bottom - BOX.top, fill: "none", stroke: "#999" }));
  all.forEach((curve, number) => {
    if (hidden.has(curve.name)) return;
    const colour = curve.other ? "#888" : COLOURS[number % COLOURS.length];
    const here = curve.points.filter((each) => each.x >= left && each.x <= right);
    if (!curve.other)
      root.append(element("polyline", { points: here.map((each) => `${x(each.x)},${y(each.y)}`).join(" "), fill: "none", stroke: colour,
        "stroke-dasharray": curve.name.endsWith(", stripped") ? "5 3" : "none" }));
    for (const each of here) {
      root.append(element("line", { x1: x(each.x), x2: x(each.x), y1: y(each.low), y2: y(each.high), stroke: colour }));
      const mark = marker(x(each.x), y(each.y), number, curve.other);
      mark.append(element("title", {}, `${each.says}, ${short(each.x)} bpp: ${short(each.y)} [${short(each.low)}, ${short(each.high)}]`));
      root.append(mark);
    }
  });
  drag(root, (at) => {
    const part = (at - BOX.left) / (BOX.right - BOX.left);
    const value = scale(left) + part * (scale(right) - scale(left));
    return log ? Math.exp(value) : value;
  });
}

function legend(root, all) {
  all.forEach((curve, number) => {
    const top = BOX.top + 10 + number * 15;
    const entry = element("g", { cursor: "pointer", opacity: hidden.has(curve.name) ? 0.3 : 1 });
    entry.append(marker(BOX.right + 18, top - 4, number, curve.other));
    entry.append(element("text", { x: BOX.right + 28, y: top }, curve.name.length > 48 ? `${curve.name.slice(0, 47)}…` : curve.name));
    entry.addEventListener("click", () => { hidden.has(curve.name) ? hidden.delete(curve.name) : hidden.add(curve.name); draw(); });
    root.append(entry);
  });
  root.setAttribute("viewBox", `0 0 ${BOX.width} ${Math.max(470, 30 + all.length * 15)}`);
}

function drag(root, valueAt) {
  let start = null;
  const place = (event) => ((event.clientX - root.getBoundingClientRect().left) / root.getBoundingClientRect().width) * BOX.width;
  root.addEventListener("mousedown", (event) => { start = place(event) <= BOX.right ? place(event) : null; });
  root.addEventListener("mouseup", (event) => {
    const end = Math.min(place(event), BOX.right);
    if (start !== null && Math.abs(end - start) > 8) { range = [valueAt(Math.min(start, end)), valueAt(Math.max(start, end))]; draw(); }
    start = null;
  });
  root.addEventListener("dblclick", () => { range = null; draw(); });
}

function showStrip() {
  const strip = data.strips[byId("strip").selectedIndex], budget = data.budgets[byId("budget").value];
  byId("bytes").textContent = `about ${budget} B: ${data.around[0] * 100} to ${data.around[1] * 100} %`;
  const figure = (source, says) => {
    const made = document.createElement("figure"), image = document.createElement("img"), caption = document.createElement("figcaption");
    image.src = source; image.alt = says; caption.textContent = says;
    made.append(image, caption);
    return made;
  };
  const found = new Map();
  for (const each of [...strip.shown].sort((a, b) => a.bytes - b.bytes))
    if (each.bytes >= budget * data.around[0] && each.bytes <= budget * data.around[1]) found.set(each.codec, each);
  const order = [...new Set(strip.shown.map((each) => each.codec))].filter((codec) => found.has(codec));
  const pictures = order.map((codec) => found.get(codec)).map((each) => figure(each.picture, `${each.codec}: ${each.bytes} B`));
  byId("strips").replaceChildren(figure(strip.original, "original"), ...pictures);
}

fill(byId("dataset"), unique(data.points.map((each) => each.dataset)));
fill(byId("metric"), data.metrics.map((each) => each.name));
if (data.metrics.some((each) => each.name === data.metric)) byId("metric").value = data.metric;
for (const id of ["dataset", "metric", "log"]) byId(id).addEventListener("change", draw);
byId("all").addEventListener("click", () => { range = null; draw(); });
byId("low").addEventListener("click", () => { range = [0.0001, data.zoom || 0.02]; draw(); });
fill(byId("strip"), data.strips.map((each) => `${each.dataset}: ${each.image}`));
byId("budget").max = data.budgets.length - 1;
byId("budget").value = Math.floor(data.budgets.length / 2);
if (data.strips.length) {
  for (const id of ["strip", "budget"]) byId(id).addEventListener("input", showStrip);
  showStrip();
}
draw();
document.body.dataset.ready = "yes";
