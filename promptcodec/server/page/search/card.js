/**
 * A picture that a search gave: how it looks, and why it matched.
 * @module
 */
import { bytes, h, icon, still, svg } from "../dom.js";
import { tile } from "../gallery/tiles.js";
import { isSelected, select, selecting } from "../selection.js";

/** Texts that are shown of all that matched, and of one field. */
const SHOWN = 6;
const SHOWN_OF_FIELD = 3;
/** What fields of a search are called here; the rest stand as they are. */
const LABELS = {
  summary: "Description",
  object: "Objects",
  cell: "Where",
  lettering: "Letters",
  prompt: "Prompt",
  tag: "Tags",
  medium: "Kind",
  name: "Name",
  color: "Colour",
  like: "Alike",
};

/** @type {WeakMap<HTMLElement, {canvas: HTMLCanvasElement, colours: Uint8Array, id: string, sharp: boolean}>} */
const drawn = new WeakMap();

/**
 * Make the card of a result.
 * @param {any} image of `GET /images`
 * @param {{share: number, colours: Uint8Array}} given share: of the best score, 0..1
 */
export function card(image, { share, colours }) {
  const shape = image.width && image.height ? image.width / image.height : 1;
  const wide = Math.round(440 * Math.min(shape, 1));
  const tall = Math.round(440 / Math.max(shape, 1));
  const canvas = h("canvas", { width: wide, height: tall, "aria-hidden": "true" });
  const over = h("span", { class: "cells-over" });
  const size = image.width ? `${image.width} × ${image.height}` : "";
  const link = h(
    "a",
    { class: "card-picture", href: `#/picture/${image.id}`, "aria-label": `${image.name}, ${size}` },
    h("span", { class: "frame", style: { "aspect-ratio": String(shape) } }, canvas, over),
  );
  const pick = h("button", { class: "button quiet square", type: "button", title: "Select" }, icon("select"));
  const item = h(
    "li",
    { class: "result", data: { id: image.id } },
    link,
    h(
      "div",
      { class: "result-text" },
      h("h2", { class: "result-name" }, h("a", { href: `#/picture/${image.id}`, tabindex: "-1", dir: "auto" }, image.name)),
      h("p", { class: "note number" }, [size, image.bytes && bytes(image.bytes)].filter(Boolean).join(" · ")),
      whyOf(image, over),
      image.lacks.length > 0 && h("p", { class: "note" }, "Without ", image.lacks.flatMap((word, at) => [at > 0 && ", ", h("s", null, word)])),
      h(
        "div",
        { class: "result-foot" },
        h("span", { class: "score", title: `score ${image.score}`, role: "img", "aria-label": `score ${image.score.toFixed(2)}` }, h("i", { style: { width: `${Math.max(share * 100, 4)}%` } })),
        h("a", { class: "button quiet square", href: `#/like/${image.id}`, title: "More like this", "aria-label": `More like ${image.name}` }, icon("like")),
        pick,
      ),
    ),
  );
  const mark = () => {
    pick.setAttribute("aria-pressed", String(isSelected(image.id)));
    pick.setAttribute("aria-label", `Select ${image.name}`);
    item.classList.toggle("selected", isSelected(image.id));
  };
  pick.addEventListener("click", () => select([image.id]));
  link.addEventListener("click", (event) => {
    if (!(selecting || event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    select([image.id]);
  });
  link.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    select([image.id]);
  });
  item.addEventListener("marked", mark);
  mark();
  drawn.set(item, { canvas, colours, id: image.id, sharp: false });
  return item;
}

/**
 * Draw a card's picture: its colours, and sharp where that came.
 * @param {HTMLElement | undefined} item
 * @param {import("../gallery/maps.js").Maps} maps
 */
export function paintCard(item, maps) {
  const own = item && drawn.get(item);
  if (!own || own.sharp) return;
  const context = own.canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  const { width, height } = own.canvas;
  const bitmap = tile(own.id)?.bitmap;
  if (!bitmap) {
    maps.put(own.id, own.colours);
    maps.draw(context, own.id, [0, 0, width, height]);
  } else {
    own.sharp = true;
    context.drawImage(bitmap, 0, 0, width, height);
    if (!still()) own.canvas.animate([{ filter: "blur(6px)" }, { filter: "none" }], 240);
  }
}

/**
 * Say why a picture matched, field by field. A text that cells have stands once, with a map of these; hovering
 * it shows them in the picture.
 */
function whyOf(image, over) {
  /** @type {Map<string, {field: string, text: string, words: string[], cells: [number, number][]}>} */
  const texts = new Map();
  for (const { field, text, words } of image.why) {
    const [name, cell] = field.split(" ");
    const key = `${name} ${text}`;
    if (!texts.has(key)) texts.set(key, { field: name, text, words, cells: [] });
    const place = /^r(\d+)c(\d+)$/.exec(cell ?? "");
    if (place) texts.get(key).cells.push([Number(place[1]), Number(place[2])]);
  }
  const fields = Map.groupBy([...texts.values()].slice(0, SHOWN), ({ field }) => field);
  const lines = [...fields].map(([field, all]) =>
    h(
      "div",
      { class: "reason" },
      h("dt", null, LABELS[field] ?? field),
      all.slice(0, SHOWN_OF_FIELD).map((own) => reasonOf(own, image.grid, over)),
    ),
  );
  return h("dl", { class: "why", "aria-label": "Why it matched" }, lines);
}

function reasonOf({ text, words, cells }, grid, over) {
  const line = h("dd", null, cells.length > 0 && gridOf(grid, cells), h("span", { dir: "auto" }, marked(text, words)));
  if (cells.length) {
    line.addEventListener("pointerenter", () => over.replaceChildren(gridOf(grid, cells)));
    line.addEventListener("pointerleave", () => over.replaceChildren());
  }
  return line;
}

/** Draw a grid with some of its cells filled. */
function gridOf([rows, columns], cells) {
  const names = cells.map(([row, column]) => `row ${row} column ${column}`).join(", ");
  const filled = new Set(cells.map(([row, column]) => `${row},${column}`));
  const squares = [];
  for (let row = 1; row <= rows; row++) {
    for (let column = 1; column <= columns; column++) {
      const on = filled.has(`${row},${column}`);
      squares.push(svg("rect", { x: column - 1, y: row - 1, width: 0.86, height: 0.86, class: on ? "on" : "off" }));
    }
  }
  return svg("svg", { class: "grid", viewBox: `0 0 ${columns} ${rows}`, preserveAspectRatio: "none", role: "img", "aria-label": names }, squares);
}

/** Mark words in a text, wherever they stand. */
function marked(text, words) {
  const own = new Set(words.flatMap(partsOf));
  return partsOf(text).map((part) => (own.has(part) ? h("mark", null, part) : part));
}

/** Take a text apart: words, and what is between them. */
const partsOf = (text) => text.split(/([\p{L}\p{N}\p{M}]+)/u).filter((part) => part);
