/** The description laid over the picture: its grid, its objects, its lettering. */

import { h, refill } from "../dom.js";
import { boxWords, cellWords, resolve } from "./description.js";

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/**
 * Lay the description over the picture.
 * @param {ReturnType<import("./store.js").store>} store
 * @param {(index: number) => void} onChoose a cell
 * @returns {HTMLElement}
 */
export function overlay(store, onChoose) {
  const element = h("div", { class: "overlay" });
  /** @type {HTMLElement[]} */
  let cells = [];
  let columns = 1;

  function focus(index) {
    for (const [other, cell] of cells.entries()) cell.tabIndex = other === index ? 0 : -1;
    cells[index].focus({ preventScroll: false });
  }

  const indexOf = (event) => cells.indexOf(event.target.closest?.(".cell"));

  element.addEventListener("pointerover", (event) => {
    const index = indexOf(event);
    if (index >= 0 && event.pointerType !== "touch") store.set({ hovered: index });
  });
  element.addEventListener("pointerleave", () => store.set({ hovered: null }));
  element.addEventListener("focusin", (event) => {
    const index = indexOf(event);
    if (index >= 0 && event.target.matches(":focus-visible")) store.set({ hovered: index });
  });
  element.addEventListener("focusout", () => store.set({ hovered: null }));
  element.addEventListener("click", (event) => {
    const index = indexOf(event);
    if (index >= 0) {
      focus(index);
      onChoose(index);
    }
  });
  element.addEventListener("keydown", (event) => {
    const index = indexOf(event);
    if (index < 0) return;
    const step = ARROWS[event.key];
    if (step) {
      const [row, column] = [Math.floor(index / columns) + step[0], (index % columns) + step[1]];
      if (column >= 0 && column < columns && cells[row * columns + column]) focus(row * columns + column);
    } else if (event.key === "Enter" || event.key === " ") onChoose(index);
    else if (event.key === "Home") focus(0);
    else if (event.key === "End") focus(cells.length - 1);
    else return;
    event.preventDefault();
  });

  store.on(["shown"], ({ shown }) => {
    const description = shown.description;
    if (!description) {
      refill(element);
      cells = [];
      return;
    }
    columns = description.cols;
    cells = resolve(description).map((cell, index) =>
      h(
        "div",
        {
          class: "cell",
          role: "gridcell",
          tabindex: index ? -1 : 0,
          "aria-label": `Row ${cell.row}, column ${cell.column}: ${cellWords(cell)}`,
        },
        h("span", { class: "cell-words", "aria-hidden": "true" }, cell.text || cell.colours[0] || ""),
      ),
    );
    const rows = Array.from({ length: description.rows }, (_, row) =>
      h("div", { role: "row", class: "cell-row" }, cells.slice(row * columns, (row + 1) * columns)),
    );
    const grid = h(
      "div",
      { class: "cells", role: "grid", "aria-label": "What the picture says, cell by cell; arrow keys move, Enter edits" },
      rows,
    );
    grid.style.setProperty("--rows", description.rows);
    grid.style.setProperty("--columns", columns);
    refill(element, grid, h("div", { class: "boxes", "aria-hidden": "true" }, boxes(description)));
  });

  store.on(["shown", "hovered", "lit", "cell", "grid", "things", "thing"], (state) => {
    element.classList.toggle("has-grid", state.grid);
    element.classList.toggle("has-things", state.things);
    const lit = new Set(state.lit ?? []);
    element.classList.toggle("spot", state.lit !== null && lit.size < cells.length);
    for (const [index, cell] of cells.entries()) {
      cell.classList.toggle("lit", lit.has(index));
      cell.classList.toggle("hovered", state.hovered === index);
      cell.setAttribute("aria-selected", String(state.cell === index));
    }
    for (const [index, box] of [...element.querySelectorAll(".box.thing")].entries()) {
      box.classList.toggle("chosen", state.thing === index);
    }
  });
  return element;
}

/** @param {import("./types.js").Description} description */
function boxes({ rows, cols, objects, lettering }) {
  const place = (box) => ({
    top: `${((box.top - 1) / rows) * 100}%`,
    left: `${((box.left - 1) / cols) * 100}%`,
    height: `${((box.bottom - box.top + 1) / rows) * 100}%`,
    width: `${((box.right - box.left + 1) / cols) * 100}%`,
  });
  const corners = {};
  const box = (kind, where, name) => {
    // Names that begin in one corner stand below each other.
    const corner = `${where.top} ${where.left}`;
    corners[corner] = (corners[corner] ?? -1) + 1;
    const style = { ...place(where), "--names": corners[corner] };
    return h("div", { class: `box ${kind}`, style, title: boxWords(where) }, h("span", null, name));
  };
  return [
    ...objects.map((each) => box("thing", each.box, each.name)),
    ...lettering.map((each) => box("letters", each.box, `“${each.text}”`)),
  ];
}
