/** What the picture says: its summary, its objects, its words, its canonical text. */

import { h, refill } from "../dom.js";
import { boxCells, boxWords, cellsOf, cellWords, resolve, vocabulary } from "./description.js";
import { cellForm, thingForm } from "./forms.js";

/** @import {Description, Thing} from "./types.js" */

/** The commonest words of a kind; of 24 cells nearly each has a colour of its own. */
const MOST_CHIPS = 9;

/**
 * Make the panel of words.
 * @param {ReturnType<import("./store.js").store>} store
 * @param {{palette: string[], names: string[], edit: (edit: import("./types.js").Edit) => Promise<boolean>}} tools
 * @returns {HTMLElement}
 */
export function words(store, tools) {
  const form = h("div", { class: "form-place" });
  const body = h("div", { class: "stack" });
  const element = h("div", { class: "stack words" }, form, body);
  lighting(element, store);

  store.on(["shown"], ({ shown }) => {
    const description = shown.description;
    if (!description) {
      refill(body, h("p", { class: "note" }, "This picture was kept without words."));
      return;
    }
    const open = [...body.querySelectorAll("details[open]")].map((each) => each.dataset.name);
    refill(
      body,
      summary(description),
      description.objects.length > 0 && objects(description, store),
      description.lettering.length > 0 && lettering(description),
      ...vocabulary(description).map(({ kind, words }) => chips(kind, words, tools)),
      folded("text", "Canonical text", canonical(shown.text ?? "", description)),
      folded("list", "Cell by cell, as a list", list(description)),
    );
    for (const name of open) body.querySelector(`details[data-name="${name}"]`)?.setAttribute("open", "");
  });

  let edited = "";
  store.on(["cell", "thing", "shown"], ({ cell, thing, shown }) => {
    const description = shown.description;
    const close = () => store.set({ cell: null, thing: null });
    const now = form.querySelector(".cell-now");
    const same = edited === `${cell} ${thing}`;
    edited = `${cell} ${thing}`;
    // Who is typing, or trying colours, goes on where they are.
    if (same && now && form.contains(document.activeElement)) {
      now.textContent = cellWords(resolve(description)[cell]);
      return;
    }
    if (description && cell !== null) refill(form, cellForm(resolve(description)[cell], tools, close));
    else if (description?.objects[thing]) refill(form, thingForm(description.objects[thing], description, tools, close));
    else refill(form);
  });
  return element;
}

/** Light the cells of whatever has `data-cells` while it is pointed at, focused or pressed. */
function lighting(element, store) {
  const cellsAt = (event) => event.target.closest?.("[data-cells]");
  const light = (target) => store.set({ lit: target.dataset.cells.split(",").filter(Boolean).map(Number) });
  const pressed = () => element.querySelector("[aria-pressed='true'][data-cells]");
  const rest = () => (pressed() ? light(pressed()) : store.set({ lit: null }));
  for (const name of ["pointerover", "focusin"]) {
    element.addEventListener(name, (event) => {
      const target = cellsAt(event);
      if (target && event.pointerType !== "touch") light(target);
      else if (!target) rest();
    });
  }
  for (const name of ["pointerleave", "focusout"]) element.addEventListener(name, rest);
  element.addEventListener("click", (event) => {
    const target = cellsAt(event);
    if (!target?.hasAttribute("aria-pressed")) return;
    const on = target.getAttribute("aria-pressed") === "true";
    pressed()?.setAttribute("aria-pressed", "false");
    target.setAttribute("aria-pressed", String(!on));
    if (on) store.set({ lit: null });
    else light(target);
  });
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !pressed()) return;
    event.preventDefault();
    pressed().setAttribute("aria-pressed", "false");
    store.set({ lit: null });
  });
}

/** @param {Description} description */
function summary(description) {
  const line = description.summary.split(/(\s+)/).map((word) => {
    const cells = word.trim() ? cellsOf(description, word) : [];
    return cells.length ? h("button", { class: "word", type: "button", "aria-pressed": "false", data: { cells } }, word) : word;
  });
  const { light, mood } = description.style;
  const facts = [description.medium, light && `light: ${light}`, mood && `mood: ${mood}`];
  return h(
    "section",
    { class: "stack small", "aria-label": "Summary" },
    description.summary && h("p", { class: "lead" }, line),
    h("p", { class: "note" }, facts.filter(Boolean).join(" · ")),
  );
}

/** @param {Description} description */
function objects(description, store) {
  const row = (thing, index) =>
    h(
      "li",
      null,
      h(
        "button",
        {
          class: "thing-row",
          type: "button",
          data: { cells: boxCells(thing.box, description.cols) },
          on: { click: () => store.set({ thing: index, cell: null }) },
        },
        h("strong", null, thing.name),
        thing.attributes.length > 0 && h("span", null, thing.attributes.join(", ")),
        h("span", { class: "note" }, boxWords(thing.box)),
        h("span", { class: "edit-mark", "aria-hidden": "true" }, "Edit"),
        h("span", { class: "hidden" }, ", edit"),
      ),
    );
  return group("Objects", h("ul", { class: "plain" }, description.objects.map(row)));
}

/** @param {Description} description */
function lettering({ lettering: items, cols }) {
  const row = (item) =>
    h(
      "li",
      { class: "letters-row", tabindex: 0, data: { cells: boxCells(item.box, cols) } },
      h("q", null, item.text),
      h("span", { class: "note" }, [item.manner, boxWords(item.box)].filter(Boolean).join(" · ")),
    );
  return group("Lettering", h("ul", { class: "plain" }, items.map(row)));
}

function chips(kind, entries, { palette, names }) {
  const swatch = (word) => {
    const colour = kind === "Colours" && palette[names.indexOf(word)];
    return colour && h("i", { class: "dot", style: { "--colour": colour } });
  };
  const chip = ({ word, cells }) =>
    h(
      "button",
      { class: "chip", type: "button", "aria-pressed": "false", data: { cells } },
      swatch(word),
      word,
      h("span", { class: "chip-count number", "aria-label": `in ${cells.length} cells` }, cells.length),
    );
  const all = entries.map(chip);
  const row = h("div", { class: "row chip-row" }, all.slice(0, MOST_CHIPS));
  if (all.length > MOST_CHIPS) {
    const more = h("button", { class: "chip", type: "button" }, `${all.length - MOST_CHIPS} more`);
    more.addEventListener("click", () => {
      more.replaceWith(...all.slice(MOST_CHIPS));
      all[MOST_CHIPS].focus();
    });
    row.append(more);
  }
  return group(kind, row);
}

function canonical(text, { cols }) {
  const line = (each) => {
    const box = /^(?:object |lettering )?r(\d)c(\d)(?::r(\d)c(\d))?/.exec(each);
    const [top, left, bottom, right] = box ? box.slice(1).map(Number) : [];
    const cells = box ? boxCells({ top, left, bottom: bottom || top, right: right || left }, cols) : null;
    return h("span", { class: "line", data: cells ? { cells } : {} }, `${each}\n`);
  };
  return h("pre", { class: "canonical", tabindex: 0, "aria-label": "Canonical text" }, text.trimEnd().split("\n").map(line));
}

function list(description) {
  const row = (cell, index) =>
    h("li", { data: { cells: [index] } }, h("span", { class: "note number" }, `Row ${cell.row}, column ${cell.column} `), cellWords(cell));
  return h("ol", { class: "plain cell-list" }, resolve(description).map(row));
}

const group = (name, content) => h("section", { class: "stack small" }, h("h2", null, name), content);

const folded = (name, title, content) => h("details", { data: { name } }, h("summary", null, title), content);
