/**
 * Where pictures stand. Every row has as many pictures as every other, so a position gives its row by a
 * division; within its row a picture is as wide as its proportions say.
 * @module
 */

const GAP = 4;

/** The most of a side that is cut off so that rows fill the width. */
const CROP = 0.16;

/** Very wide and very tall pictures stand within these proportions. */
const FLATTEST = 2.6;
const TALLEST = 0.5;

/**
 * @typedef {{columns: number, width: number, height: number, pitch: number, rows: number, total: number,
 *   padding: number}} Layout height of a row, pitch from row to row, all in CSS pixels
 * @typedef {{left: number, width: number, height: number, top: number}} Box top: within the row
 */

/**
 * Lay pictures out.
 * @param {{width: number, total: number, mean: number, target: number, padding: number}} given the mean of the
 *   proportions, the height that rows should have about, what stays free around
 * @returns {Layout}
 */
export function layout({ width, total, mean, target, padding }) {
  const inner = Math.max(width - 2 * padding, 1);
  const columns = Math.max(Math.round((inner + GAP) / (target * mean + GAP)), 1);
  const height = Math.round((inner - GAP * (columns - 1)) / columns / mean);
  return { columns, width: inner, height, pitch: height + GAP, rows: Math.ceil(total / columns), total, padding };
}

/** @param {Layout} at */
export const heightOf = (at) => at.rows * at.pitch - GAP + 2 * at.padding;

/**
 * Give the boxes of a row.
 * @param {Layout} at
 * @param {number} row
 * @param {(position: number) => number} proportion width / height of a picture; 0 where it is not known yet
 * @param {number} mean stands for what is not known
 * @returns {Box[]}
 */
export function boxesOf(at, row, proportion, mean) {
  const first = row * at.columns;
  const many = Math.min(at.columns, at.total - first);
  const shapes = Array.from({ length: many }, (_, k) =>
    Math.min(Math.max(proportion(first + k) || mean, TALLEST), FLATTEST),
  );
  const sum = shapes.reduce((a, b) => a + b, 0);
  const room = at.width - GAP * (many - 1);
  // What the row would have to be stretched by, as far as cropping may do it; the last row stays ragged.
  const wanted = room / (at.height * sum);
  const stretch = many < at.columns ? Math.min(wanted, 1) : Math.min(wanted, 1 / (1 - CROP));
  const shrunk = Math.min(wanted / (1 - CROP), 1);
  const height = at.height * shrunk;
  const used = at.height * sum * stretch + GAP * (many - 1);
  let left = at.padding + (many < at.columns ? 0 : Math.max(at.width - used, 0) / 2);
  return shapes.map((shape) => {
    const width = shape * at.height * stretch;
    const box = { left, width, height, top: (at.height - height) / 2 };
    left += width + GAP;
    return box;
  });
}

/**
 * Give the part of a source that fills a box without being stretched.
 * @param {number} width of the source
 * @param {number} height
 * @param {Box} box
 * @returns {[number, number, number, number]} x, y, width, height
 */
export function crop(width, height, box) {
  const shape = box.width / box.height;
  if (width / height > shape) return [(width - height * shape) / 2, 0, height * shape, height];
  return [0, (height - width / shape) / 2, width, width / shape];
}
