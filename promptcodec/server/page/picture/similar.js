/** Pictures that are like this one, as a strip. */

import { json, url } from "../api.js";
import { h } from "../dom.js";
import { fetchTiles, sideFor, tile } from "../gallery/tiles.js";
import { colourMap } from "./colours.js";
import { setTrail, trailOf } from "./trail.js";

const MOST = 16;
const HEIGHT = 72;

/**
 * @param {string} id
 * @param {string[]} palette
 * @param {AbortSignal} signal
 * @returns {HTMLElement} empty until there are some
 */
export function similar(id, palette, signal) {
  const list = h("ul", { class: "strip" });
  const element = h("section", { class: "similar", "aria-label": "Similar pictures", hidden: true }, h("h2", { class: "note" }, "Similar"), list);
  fill(id, palette, signal, element, list).catch((error) => {
    if (error.name !== "AbortError") element.hidden = true;
  });
  return element;
}

async function fill(id, palette, signal, element, list) {
  const { images } = await json(url("/images", { like: id, limit: MOST }), { signal });
  const others = images.filter((each) => each.id !== id);
  if (!others.length) return;
  const ids = others.map((each) => each.id);
  const places = new Map(
    others.map((each) => {
      const map = colourMap(each.colours, palette);
      const ratio = each.width && each.height ? Math.min(2.2, Math.max(0.6, each.width / each.height)) : 1;
      const on = { click: () => setTrail(trailOf([id, ...ids])) };
      const link = h("a", { href: `#/picture/${each.id}`, "aria-label": each.name, title: each.name, style: { "--ratio": ratio }, on }, map);
      list.append(h("li", null, link));
      return [each.id, link];
    }),
  );
  element.hidden = false;
  const show = (own) => {
    const bitmap = tile(own)?.bitmap;
    const link = places.get(own);
    if (!bitmap || !link) return;
    const canvas = h("canvas", { class: "tile", width: bitmap.width, height: bitmap.height, "aria-hidden": "true" });
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    link.append(canvas);
  };
  ids.filter((each) => tile(each)).forEach(show);
  await fetchTiles(ids, sideFor(HEIGHT * devicePixelRatio), signal, show);
}
