/** Forms that edit a cell or an object; what they make are operations of `promptcodec edit`. */

import { h, icon } from "../dom.js";
import { boxLabel, boxWords, cellWords } from "./description.js";

/** @import {Cell, Description, Edit, Thing} from "./types.js" */
/** @typedef {{palette: string[], names: string[], edit: (edit: Edit) => Promise<boolean>}} Tools */

/** @param {string} operation @param {...string} args @returns {Edit} */
const order = (operation, ...args) => ({ operation, arguments: args });

function card(title, close, ...content) {
  const button = h(
    "button",
    { class: "button quiet square", type: "button", "aria-label": "Close", on: { click: close } },
    icon("close"),
  );
  const keydown = (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    close();
  };
  return h("section", { class: "card edit-card stack", "aria-label": title, on: { keydown } }, h("div", { class: "row card-head" }, h("h2", null, title), button), content);
}

/**
 * Make a form of one field and one button.
 * @param {{label: string, button: string, value?: string, input?: HTMLElement, note?: string}} shape
 * @param {(value: string) => void} submit
 */
function line({ label, button, value = "", input, note }, submit) {
  const field = input ?? h("input", { type: "text", value, autocomplete: "off", spellcheck: "false", maxlength: 400 });
  const own = h(
    "form",
    { class: "line-form" },
    h("label", { class: "field" }, label, field),
    h("button", { class: "button primary" }, button),
    note && h("p", { class: "note" }, note),
  );
  own.addEventListener("submit", (event) => {
    event.preventDefault();
    if (field.value.trim()) submit(field.value.trim());
  });
  return own;
}

/**
 * Make the form of a cell.
 * @param {Cell} cell
 * @param {Tools} tools
 * @param {() => void} close
 */
export function cellForm(cell, tools, close) {
  const { label } = cell;
  return card(
    `Row ${cell.row}, column ${cell.column}`,
    close,
    h("p", { class: "cell-now" }, cellWords(cell)),
    line({ label: "Say instead", button: "Redraw", value: cell.text, note: "Any words. A colour among them is painted: red kite." }, (text) =>
      tools.edit(order("cell", label, text)),
    ),
    swatches("Colour", tools, (name) => tools.edit(order("recolour", label, name))),
    h(
      "div",
      { class: "row" },
      h("button", { class: "button", type: "button", on: { click: () => tools.edit(order("erase", label)) } }, "Erase this cell"),
    ),
  );
}

/**
 * Make the form of an object.
 * @param {Thing} thing
 * @param {Description} description
 * @param {Tools} tools
 * @param {() => void} close
 */
export function thingForm(thing, description, tools, close) {
  const where = boxLabel(thing.box);
  const { top, left, bottom, right } = thing.box;
  const [down, across] = [description.rows - bottom + top, description.cols - right + left];
  const places = Array.from({ length: down * across }, (_, index) => {
    const [row, column] = [Math.floor(index / across) + 1, (index % across) + 1];
    return h(
      "option",
      { value: `r${row}c${column}`, selected: row === top && column === left, disabled: row === top && column === left },
      `row ${row}, column ${column}${row === top && column === left ? " (now)" : ""}`,
    );
  });
  const erase = async () => {
    if (await tools.edit(order("erase", where))) close();
  };
  return card(
    thing.name,
    close,
    h("p", { class: "note" }, boxWords(thing.box)),
    line({ label: "Call it", button: "Rename", value: thing.name, note: "Wherever the words say so." }, (text) =>
      tools.edit(order("replace", thing.name, text)),
    ),
    swatches("Colour", tools, (name) => tools.edit(order("recolour", where, name))),
    places.length > 1 &&
      line({ label: "Move its top left corner to", button: "Move", input: h("select", null, places) }, (place) =>
        tools.edit(order("move", where, place)),
      ),
    h("div", { class: "row" }, h("button", { class: "button", type: "button", on: { click: erase } }, "Erase it")),
  );
}

/** @param {string} title @param {Tools} tools @param {(name: string) => void} choose */
function swatches(title, { palette, names }, choose) {
  const one = (name, index) =>
    h("button", {
      class: "colour-button",
      type: "button",
      title: name,
      "aria-label": name,
      tabindex: index ? -1 : 0,
      style: { "--colour": palette[index] },
      on: { click: () => choose(name) },
    });
  const all = names.map(one);
  const name = h("span", { class: "note colour-name", "aria-hidden": "true" });
  const group = h("div", { class: "colour-grid", role: "group", "aria-label": `${title}: arrow keys choose` }, all);
  const point = (event) => {
    if (event.target.title) name.textContent = event.target.title;
  };
  group.addEventListener("pointerover", point);
  group.addEventListener("focusin", point);
  group.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
    for (const each of all) each.tabIndex = each === next ? 0 : -1;
    next.focus();
  });
  return h("details", { class: "colour-box", open: true }, h("summary", null, title, " ", name), group);
}
