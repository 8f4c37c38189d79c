/**
 * The words of a picture, where they stand in it.
 * @module
 */
import { h } from "../dom.js";

/**
 * Make what shows the words.
 * @param {any} coded as `POST /encode` gives it
 * @returns {Node[]}
 */
export function wordsOf({ description }) {
  if (!description) return [h("p", { class: "note blank" }, "No words fit into so few bytes.")];
  const { medium, summary, style, rows, cols, cells, objects, lettering = [] } = description;
  const notes = [medium, style?.light, style?.mood].filter(Boolean).join(" · ");
  const lettered = lettering.map((each) => each.text ?? "").filter(Boolean);
  return [
    h("p", { class: "summary" }, summary || "No sentence, only words in places."),
    h("p", { class: "note" }, notes),
    h(
      "div",
      { class: "word-grid", role: "img", "aria-label": spokenOf(cells, cols), style: { "grid-template-columns": `repeat(${cols}, minmax(0, 1fr))`, "grid-template-rows": `repeat(${rows}, minmax(0, 1fr))` } },
      cells.map((cell) => {
        const shown = cell.text || cell.colours[0] || "";
        const long = /\S{8}/.test(shown);
        return h("span", { class: [cell.text && "thing", long && "long"].filter(Boolean).join(" "), title: cellText(cell) }, h("span", null, shown));
      }),
    ),
    objects.length > 0 && h("ul", { class: "chips", "aria-label": "Objects" }, objects.map(({ name, attributes = [] }) => h("li", null, [...attributes, name].join(" ")))),
    lettered.length > 0 && h("p", { class: "note" }, "Reads: ", lettered.map((text) => `“${text}”`).join(", ")),
  ].filter(Boolean);
}

const cellText = ({ text, colours, texture }) => [text, colours.join(" and "), texture].filter(Boolean).join(", ");

function spokenOf(cells, cols) {
  const things = cells.map((cell, at) => cell.text && `${cell.text} in row ${Math.floor(at / cols) + 1}, column ${(at % cols) + 1}`);
  return things.filter(Boolean).join("; ") || "Colours only";
}
