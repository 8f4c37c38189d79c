/**
 * The bytes of a stream as a bar: a piece for each layer.
 * @module
 */
import { bytes, h } from "../dom.js";

/**
 * Make the bar and its legend.
 * @param {{bytes: number, overhead_bytes?: number, parts: {type: string, bytes: number}[]}} coded
 * @returns {Node[]}
 */
export function barOf({ bytes: total, parts, overhead_bytes: overhead = 0 }) {
  const pieces = parts.map(({ type, bytes: own }, at) => [NAMES[type] ?? type, own, `var(--layer-${(at % 5) + 1})`]);
  if (overhead) pieces.push(["container", overhead, "var(--layer-6)"]);
  if (!pieces.length) return [];
  const text = pieces.map(([name, own]) => `${name} ${own} bytes`).join(", ");
  return [
    h(
      "div",
      { class: "bar-of", role: "img", "aria-label": text },
      pieces.map(([name, own, colour]) => h("i", { title: `${name}: ${own} bytes`, style: { "flex-grow": String(own / total), background: colour } })),
    ),
    h(
      "ul",
      { class: "legend", "aria-hidden": "true" },
      pieces.map(([name, own, colour]) => h("li", null, h("i", { style: { background: colour } }), name, " ", h("span", { class: "number" }, bytes(own)))),
    ),
  ];
}

const NAMES = { semantic: "words" };
