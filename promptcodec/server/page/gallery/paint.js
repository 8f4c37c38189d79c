/**
 * Draws what is in view on one canvas: colour maps, and over them what came sharp.
 * @module
 */
import { still } from "../dom.js";
import { crop } from "./layout.js";
import { tile } from "./tiles.js";

const FADE = 260;
const CORNER = 4;

/**
 * @typedef {{position: number, box: import("./layout.js").Box, top: number}} Placed top: in the view
 */

/**
 * Draw.
 * @param {HTMLCanvasElement} canvas
 * @param {Placed[]} placed
 * @param {import("./blocks.js").Blocks} blocks
 * @param {import("./maps.js").Maps} maps
 * @returns {boolean} whether something is still fading in
 */
export function paint(canvas, placed, blocks, maps) {
  const context = canvas.getContext("2d");
  const ratio = canvas.width / canvas.clientWidth;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  context.save();
  context.beginPath();
  for (const { box, top } of placed) context.roundRect(box.left, top, box.width, box.height, CORNER);
  context.clip();
  context.imageSmoothingQuality = "high";
  context.fillStyle = getComputedStyle(canvas).getPropertyValue("--line");
  let fading = false;
  const now = performance.now();
  const fade = still() ? 0 : FADE;
  const drawn = placed.map((each) => {
    const sharp = tile(blocks.id(each.position));
    const alpha = sharp?.bitmap ? Math.min(fade ? (now - sharp.came) / fade : 1, 1) : 0;
    const colours = alpha < 1 ? blocks.colours(each.position) : null;
    if (colours) maps.put(each.position, colours);
    return { ...each, sharp, alpha, colours };
  });
  for (const { position, box, top, sharp, alpha, colours } of drawn) {
    const target = [box.left, top, box.width, box.height];
    if (colours) map(context, position, box, target, blocks, maps);
    else if (alpha < 1) context.fillRect(...target);
    if (alpha > 0) {
      context.globalAlpha = alpha;
      context.drawImage(sharp.bitmap, ...crop(sharp.bitmap.width, sharp.bitmap.height, box), ...target);
      context.globalAlpha = 1;
      fading ||= alpha < 1;
    }
  }
  context.restore();
  return fading;
}

function map(context, position, box, target, blocks, maps) {
  const shape = blocks.proportion(position) || 1;
  const [x, y, width, height] = crop(shape, 1, box);
  maps.draw(context, position, target, [(x / shape) * 8, y * 8, (width / shape) * 8, height * 8]);
}
