/** How large a picture is shown. Pure functions. */

export const LEAST = 0.05;
export const MOST = 8;

/**
 * Give the scale at which a picture fits a frame; tiny ones are not blown up without end.
 * @param {{width: number, height: number}} picture pixels
 * @param {{width: number, height: number}} frame pixels
 */
export function fitting(picture, frame) {
  const scale = Math.min(frame.width / picture.width, frame.height / picture.height);
  return Math.max(LEAST, Math.min(scale, MOST));
}

/** @param {number} scale @returns {number} within what is allowed */
export const within = (scale) => Math.min(MOST, Math.max(LEAST, scale));

/**
 * Give the scroll position that keeps a point of the picture under the pointer.
 * @param {number} scroll before
 * @param {number} point of the pointer in the frame
 * @param {number} gap before the picture, where it is smaller than the frame
 * @param {number} ratio of the new scale to the old one
 */
export const kept = (scroll, point, gap, ratio) => (scroll + point - gap) * ratio - point;

/** Longer sides at which large pictures are drawn: few, so that the server's cache serves everybody. */
const SIDES = [768, 1536, 3072];

/**
 * Give the longer side to draw a picture at: what is seen needs no more.
 * @param {{width: number, height: number}} picture pixels
 * @param {number} scale at which it is shown
 * @returns {number} pixels, at most its own
 */
export function sideFor(picture, scale) {
  const own = Math.max(picture.width, picture.height);
  const side = SIDES.find((each) => each >= own * scale * devicePixelRatio * 0.8) ?? own;
  return side < own * 0.8 ? side : own;
}

/**
 * @param {{width: number, height: number}} picture pixels
 * @param {number} side the longer one
 * @returns {{width: number, height: number} | undefined} none for its own size
 */
export function sizeAt({ width, height }, side) {
  const scale = side / Math.max(width, height);
  if (scale >= 1) return undefined;
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** @param {number} scale @returns {string} */
export const percent = (scale) => `${Math.round(scale * 100)} %`;
