/** The view of one picture: `#/picture/ID`. */

import { about as askAbout, json } from "../api.js";
import { h, refill } from "../dom.js";
import { tile } from "../gallery/tiles.js";
import { title } from "../shell.js";
import { byteBar } from "./bytes.js";
import { checking } from "./checking.js";
import { colourMap } from "./colours.js";
import { controls, viewing } from "./controls.js";
import { cellWords, resolve } from "./description.js";
import { draftBar } from "./draftbar.js";
import { drawing } from "./drawing.js";
import { drawings } from "./drawings.js";
import { editing } from "./editing.js";
import { head } from "./head.js";
import { overlay } from "./overlay.js";
import { pane } from "./pane.js";
import { recipePanel } from "./recipe.js";
import { similar } from "./similar.js";
import { stage } from "./stage.js";
import { store } from "./store.js";
import { tabs } from "./tabs.js";
import { neighbours } from "./trail.js";
import { words } from "./words.js";
import { fitting, sideFor } from "./zoom.js";

/** @import {Picture} from "./types.js" */

const TOUCH = matchMedia("(pointer: coarse)");
/** What stays from one picture to the next. */
const lasting = { grid: false, things: false, tab: "words", strength: 0.5, generator: "" };

/** @type {Promise<void> | undefined} */
let styled;

function style() {
  styled ??= new Promise((resolve) => {
    const link = h("link", { rel: "stylesheet", href: "/page/picture/picture.css", on: { load: resolve, error: resolve } });
    document.head.append(link);
  });
  return styled;
}

/**
 * Show a picture.
 * @param {HTMLElement} root
 * @param {{id: string}} params
 * @returns {Promise<() => void>} what ends it
 */
export async function mount(root, { id }) {
  const turn = new AbortController();
  const { signal } = turn;
  const [picture, about, beside] = await Promise.all([
    json(`/images/${encodeURIComponent(id)}`, { signal }),
    askAbout(),
    neighbours(id),
    style(),
  ]);
  title(picture.name);
  const { layers } = picture;
  const size = { width: picture.original_width, height: picture.original_height };
  const generators = about.generators.map((each) => each.name);
  const state = store({
    picture,
    shown: picture,
    view: {
      generator: generators.includes(lasting.generator) ? lasting.generator : generators[0],
      layers,
      strength: lasting.strength,
    },
    draft: null,
    trying: false,
    hovered: null,
    lit: null,
    cell: null,
    thing: null,
    grid: lasting.grid,
    things: lasting.things,
    tab: lasting.tab,
    side: sideFor(size, fitting(size, { width: innerWidth, height: innerHeight * 0.75 })),
  });
  state.on(["grid", "things", "tab", "view"], ({ grid, things, tab, view }) => {
    Object.assign(lasting, { grid, things, tab, strength: view.strength, generator: view.generator });
  });

  const kept = drawings();
  const edits = editing(state);
  const tools = { palette: about.palette, names: about.palette_names ?? [], edit: edits.edit };
  const shown = canvasOf(picture, size, about, state, kept, { layers, generators });
  const check = checking(state);
  const panels = [
    { name: "words", label: "Words", panel: words(state, tools) },
    { name: "bytes", label: "Bytes", panel: byteBar(state) },
    { name: "check", label: "Check", panel: check.element, opened: check.opened },
  ];
  if (picture.recipe) panels.push({ name: "recipe", label: "Recipe", panel: recipePanel(state, tools) });
  root.append(
    h(
      "article",
      { class: "picture" },
      h("section", { class: "picture-main", "aria-label": "The picture" }, shown.frame, shown.caption, shown.controls, draftBar(state, edits, about.writable)),
      h("aside", { class: "picture-side", "aria-label": "About the picture" }, head(picture, beside), tabs(state, panels)),
      similar(id, about.palette, signal),
    ),
  );
  root.tabIndex = -1;
  addEventListener("keydown", (event) => key(event, { state, shown, beside }), { signal });
  return () => {
    turn.abort();
    edits.close();
    check.close();
    shown.close();
    kept.close();
    title("");
  };
}

/** The picture itself, and what stands around it. */
function canvasOf(picture, size, about, state, kept, known) {
  const alt = picture.description?.summary || picture.name || "The picture";
  const map = () => colourMap(picture.colours, about.palette);
  const [main, other] = [pane(map(), alt), pane(map(), "")];
  const seen = tile(picture.id)?.bitmap;
  if (seen) main.under(seen);
  const [drawMain, drawOther] = [drawing(kept, main, size), drawing(kept, other, size)];
  const narrow = () => matchMedia("(max-width: 900px), (pointer: coarse)").matches;
  const form = () => document.querySelector(".edit-card input");
  const choose = (index) => {
    state.set({ cell: index, thing: null, tab: "words" });
    if (!narrow()) form()?.focus({ preventScroll: true });
  };
  const look = viewing(state, () => shown);
  const shown = stage(
    size,
    { main: main.element, other: other.element, overlay: overlay(state, choose) },
    {
      onScale(text, fits, scale) {
        look.onScale(text, fits);
        // It is drawn anew where more of it can be seen, never where less can.
        state.set({ side: Math.max(state.get().side, sideFor(size, scale)) });
      },
    },
  );
  shown.element.append(drawMain.status, drawOther.status);
  const source = ({ draft }) => (draft ? { stream: draft.stream } : { id: picture.id });
  /** @type {{against: import("./types.js").Against, right: string} | null} */
  let row = null;
  const compared = () => row && drawOther.draw(row.against.source, row.against.view, state.get().side);
  state.on(["view", "draft", "side"], (now) => drawMain.draw(source(now), now.view, now.side));
  state.on(["side"], compared);
  const compare = (chosen) => {
    row = chosen;
    shown.compare(row && { left: row.against.label, right: row.right });
    if (row) compared();
    else drawOther.close();
  };
  const panel = controls(state, known, compare);
  return { ...shown, controls: panel, frame: shown.element, caption: caption(state, form, look.element), close: () => [shown, drawMain, drawOther].forEach((each) => each.close()) };
}

/** The words of the cell that is pointed at, under the picture; beside them how that is shown. */
function caption(state, form, look) {
  const text = h("p", { class: "pointed-text" });
  const edit = h("button", { class: "button", type: "button" }, "Edit");
  edit.addEventListener("click", () => {
    state.set({ tab: "words" });
    form()?.closest(".edit-card").scrollIntoView({ block: "start" });
    form()?.focus({ preventScroll: true });
  });
  const element = h("div", { class: "pointed" }, text, edit, look);
  state.on(["hovered", "cell", "shown"], ({ hovered, cell, shown }) => {
    const { description } = shown;
    const index = hovered ?? cell;
    edit.hidden = cell === null || !description;
    if (!description) {
      refill(text, h("span", { class: "note" }, "This picture was kept without words."));
      return;
    }
    if (index === null) {
      refill(text, h("span", { class: "note" }, `${TOUCH.matches ? "Tap" : "Point at"} the picture to read its words; choose a cell to change them.`));
      return;
    }
    const own = resolve(description)[index];
    refill(text, h("span", { class: "note number" }, `${own.label} `), cellWords(own));
  });
  return element;
}

/** Keys that hold anywhere in the view. */
function key(event, { state, shown, beside }) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.target.closest?.("input:not([type=range]), textarea, select")) return;
  const open = (id) => id && location.replace(`#/picture/${id}`);
  const arrows = !event.target.closest?.("input, [role=grid], [role=tablist], .colour-grid");
  const works = {
    ArrowLeft: arrows && beside.before && (() => open(beside.before)),
    ArrowRight: arrows && beside.after && (() => open(beside.after)),
    "+": shown.larger,
    "-": shown.smaller,
    0: () => shown.zoom("fit"),
    1: () => shown.zoom(1),
    g: () => state.set({ grid: !state.get().grid }),
    o: () => state.set({ things: !state.get().things }),
    Escape: (state.get().cell !== null || state.get().thing !== null) && (() => state.set({ cell: null, thing: null })),
  };
  if (!works[event.key]) return;
  event.preventDefault();
  works[event.key]();
}
