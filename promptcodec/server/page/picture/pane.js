/** One picture as it sharpens: its colour map, previews, and then what was drawn. */

import { h } from "../dom.js";

/**
 * @param {HTMLCanvasElement} map the colour map
 * @param {string} alt
 */
export function pane(map, alt) {
  const element = h("div", { class: "pane" }, map);
  /** @type {HTMLImageElement | null} */
  let top = null;
  let latest = 0;

  /** Put a picture over what is there, once the browser has decoded it. */
  async function put(url, kind) {
    // A preview never takes the place of a picture that has begun to come.
    if (kind === "final") latest += 1;
    const number = latest;
    const image = h("img", { class: `pane-image ${kind}`, alt: "", draggable: "false" });
    image.src = url;
    await image.decode();
    if (number !== latest) return;
    if (kind === "final") image.alt = alt;
    const under = top;
    top = image;
    element.append(image);
    element.dataset.state = kind;
    const drop = () => under?.remove();
    if (under && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
      image.addEventListener("animationend", drop, { once: true });
    } else {
      drop();
    }
  }

  return {
    element,
    /** @param {ImageBitmap} bitmap what a list has shown of it already */
    under(bitmap) {
      const canvas = h("canvas", { class: "pane-image preview", width: bitmap.width, height: bitmap.height, "aria-hidden": "true" });
      canvas.getContext("2d").drawImage(bitmap, 0, 0);
      element.append(canvas);
    },
    /** @param {string} url of something small or unfinished */
    preview: (url) => put(url, "preview"),
    /** @param {string} url of the picture */
    picture: (url) => put(url, "final"),
  };
}
