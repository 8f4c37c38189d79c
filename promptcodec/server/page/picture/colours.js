/** The colour map: the picture before it is drawn. */

import { h } from "../dom.js";

const SIDE = 8;
const UNKNOWN = 255;

/**
 * Paint 64 palette numbers on a canvas, which is shown as large as the picture.
 * @param {string | Uint8Array | null | undefined} colours base64, or the numbers
 * @param {string[]} palette as `#rrggbb`
 * @returns {HTMLCanvasElement}
 */
export function colourMap(colours, palette) {
  const canvas = h("canvas", { class: "colour-map", width: SIDE, height: SIDE, "aria-hidden": "true" });
  const numbers = typeof colours === "string" ? Uint8Array.from(atob(colours), (each) => each.charCodeAt(0)) : colours;
  if (!numbers) return canvas;
  const context = canvas.getContext("2d");
  numbers.forEach((number, index) => {
    if (number === UNKNOWN || !palette[number]) return;
    context.fillStyle = palette[number];
    context.fillRect(index % SIDE, Math.floor(index / SIDE), 1, 1);
  });
  return canvas;
}
