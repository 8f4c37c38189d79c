/** What a description says, cell by cell and word by word. Pure functions. */

/** @import {Box, Cell, Description} from "./types.js" */

/** Words that names may have, but that speak of nothing. */
const FILLING = new Set(["and", "the", "with", "from", "for", "one", "two", "its", "that"]);
const STEPS = { lighter: 1, darker: -1 };

/**
 * Give every cell what it inherits from the neighbour it continues.
 * @param {Description} description
 * @returns {Cell[]} in raster order
 */
export function resolve(description) {
  /** @type {Cell[]} */
  const cells = [];
  description.cells.forEach((cell, index) => {
    const source = { left: cells[index - 1], above: cells[index - description.cols] }[cell.continues];
    const row = Math.floor(index / description.cols) + 1;
    const column = (index % description.cols) + 1;
    const own = cell.colours.length > 0 || !source;
    const textured = cell.texture || !source ? cell : source;
    cells.push({
      row,
      column,
      label: `r${row}c${column}`,
      tone: (own ? 0 : source.tone) + (source ? (STEPS[cell.tone] ?? 0) : 0),
      colours: own ? cell.colours : source.colours,
      arrangement: own ? cell.arrangement : source.arrangement,
      texture: textured.texture,
      orientation: textured.orientation,
      text: cell.text || (source ? source.text : ""),
    });
  });
  return cells;
}

/** @param {Cell} cell @returns {string} its colours as the canonical text has them */
function colourWords(cell) {
  const words = cell.colours.join(` ${cell.arrangement} `);
  if (!cell.tone || !words) return words;
  const steps = Math.abs(cell.tone);
  return `${words}, ${steps > 1 ? `${steps} steps ` : ""}${cell.tone > 0 ? "lighter" : "darker"}`;
}

/** @param {Cell} cell @returns {string} its surface */
const surfaceWords = (cell) => [cell.texture, cell.orientation].filter(Boolean).join(" ");

/** @param {Cell} cell @returns {string} all it says, in one line */
export function cellWords(cell) {
  const look = [colourWords(cell), surfaceWords(cell)].filter(Boolean).join(", ");
  return [cell.text, look].filter(Boolean).join(": ") || "says nothing";
}

/** @param {Box} box @returns {string} such as `r1c2:r3c4` */
export const boxLabel = (box) => `r${box.top}c${box.left}:r${box.bottom}c${box.right}`;

/** @param {Box} box @returns {string} for people */
export function boxWords(box) {
  const span = (one, other, name) => (one === other ? `${name} ${one}` : `${name}s ${one} to ${other}`);
  return `${span(box.top, box.bottom, "row")}, ${span(box.left, box.right, "column")}`;
}

/**
 * @param {Box} box
 * @param {number} columns of the grid
 * @returns {number[]} the indices of its cells
 */
export function boxCells(box, columns) {
  const indices = [];
  for (let row = box.top; row <= box.bottom; row += 1) {
    for (let column = box.left; column <= box.right; column += 1) indices.push((row - 1) * columns + column - 1);
  }
  return indices;
}

/**
 * Give the words of a description, by kind, each with the cells that say it.
 * @param {Description} description
 * @returns {{kind: string, words: {word: string, cells: number[]}[]}[]} the commonest first
 */
export function vocabulary(description) {
  const kinds = { Things: new Map(), Colours: new Map(), Surfaces: new Map() };
  const add = (kind, word, indices) => {
    if (!word) return;
    const cells = kinds[kind].get(word) ?? new Set();
    for (const index of indices) cells.add(index);
    kinds[kind].set(word, cells);
  };
  resolve(description).forEach((cell, index) => {
    add("Things", cell.text, [index]);
    for (const colour of cell.colours) add("Colours", colour, [index]);
    add("Surfaces", cell.texture, [index]);
    add("Surfaces", cell.orientation, [index]);
  });
  return Object.entries(kinds)
    .filter(([, words]) => words.size)
    .map(([kind, words]) => ({
      kind,
      words: [...words]
        .map(([word, cells]) => ({ word, cells: [...cells] }))
        .sort((one, other) => other.cells.length - one.cells.length),
    }));
}

/**
 * Find the cells that a word of the summary speaks of: those whose text has it, and those of objects so called.
 * @param {Description} description
 * @param {string} word
 * @returns {number[]}
 */
export function cellsOf(description, word) {
  const plain = word.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
  if (plain.length < 3 || FILLING.has(plain)) return [];
  const stem = plain.replace(/s$/, "");
  const says = (text) => text.toLowerCase().split(/[^\p{L}\p{N}]+/u).some((each) => each.replace(/s$/, "") === stem);
  const cells = new Set();
  resolve(description).forEach((cell, index) => {
    if (says(cell.text) || cell.colours.some((colour) => says(colour))) cells.add(index);
  });
  for (const thing of description.objects) {
    if (says(thing.name)) boxCells(thing.box, description.cols).forEach((index) => cells.add(index));
  }
  return [...cells];
}
