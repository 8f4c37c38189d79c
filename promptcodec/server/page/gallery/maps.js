/**
 * Colour maps: 64 palette numbers as a picture of eight by eight, drawn smoothly at any size.
 * @module
 */

const SIDE = 8;
/** Pixels that a map is kept at: each cell is three, and the browser makes those larger. */
const FINE = 3 * SIDE;
/** One pixel of border repeats the edge, so that smoothing never takes in a neighbour. */
const PITCH = FINE + 2;
const ACROSS = 32;
const MANY = ACROSS * ACROSS;
/** By fine pixel, what each cell of a line counts: cubic B-splines, which show no cell as a cell. */
const WEIGHTS = Array.from({ length: FINE }, (_, at) => weightsAt((at + 0.5) / 3 - 0.5));

function weightsAt(place) {
  const weights = new Float32Array(SIDE);
  for (let cell = Math.floor(place) - 1; cell <= Math.floor(place) + 2; cell++) {
    const apart = Math.abs(place - cell);
    const weight = apart < 1 ? 2 / 3 - apart ** 2 + apart ** 3 / 2 : Math.max(2 - apart, 0) ** 3 / 6;
    weights[Math.min(Math.max(cell, 0), SIDE - 1)] += weight;
  }
  return weights;
}

/**
 * Read the palette.
 * @param {string[]} palette as `GET /about` has it: #rrggbb
 * @returns {Uint32Array} by number, as pixels of image data; 0 for what is unknown
 */
export function pixelsOf(palette) {
  const pixels = new Uint32Array(256);
  palette.forEach((colour, at) => {
    const value = Number.parseInt(colour.slice(1), 16);
    const [red, green, blue] = [value >> 16, (value >> 8) & 255, value & 255];
    pixels[at] = ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  });
  return pixels;
}

/**
 * Give the mean colour of a picture.
 * @param {Uint8Array} colours 64 palette numbers
 * @param {Uint32Array} pixels as `pixelsOf` gives them
 * @returns {string} for CSS; "" where nothing is known
 */
export function meanColour(colours, pixels) {
  let [red, green, blue, many] = [0, 0, 0, 0];
  for (const number of colours) {
    const pixel = pixels[number];
    if (!pixel) continue;
    red += pixel & 255;
    green += (pixel >> 8) & 255;
    blue += (pixel >> 16) & 255;
    many++;
  }
  return many ? `rgb(${red / many} ${green / many} ${blue / many})` : "";
}

/** Colour maps of the pictures that were drawn last, on one canvas. */
export class Maps {
  /** @param {Uint32Array} pixels as `pixelsOf` gives them */
  constructor(pixels) {
    this.pixels = pixels;
    const side = ACROSS * PITCH;
    this.canvas = new OffscreenCanvas(side, side);
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.image = new ImageData(PITCH, PITCH);
    this.lines = new Float32Array(SIDE * FINE);
    /** @type {Map<string | number, number>} slot by key, oldest first */
    this.slots = new Map();
    this.clear();
  }

  clear() {
    this.slots.clear();
    this.free = Array.from({ length: MANY }, (_, at) => MANY - 1 - at);
  }

  /**
   * Have a picture's map. All that are drawn next are put first: writing and reading by turns copies the canvas.
   * @param {string | number} key of the picture
   * @param {Uint8Array} colours 64 palette numbers
   */
  put(key, colours) {
    const slot = this.slots.get(key);
    if (slot === undefined) this.#put(key, colours);
    else {
      this.slots.delete(key);
      this.slots.set(key, slot);
    }
  }

  /**
   * Draw a colour map that was put.
   * @param {CanvasRenderingContext2D} context
   * @param {string | number} key of the picture
   * @param {number[]} box left, top, width, height
   * @param {[number, number, number, number]} [part] of the eight by eight
   */
  draw(context, key, box, part = [0, 0, SIDE, SIDE]) {
    const slot = this.slots.get(key);
    const left = (slot % ACROSS) * PITCH + 1;
    const top = Math.floor(slot / ACROSS) * PITCH + 1;
    const [x, y, width, height] = part.map((value) => (value * FINE) / SIDE);
    context.drawImage(this.canvas, left + x, top + y, width, height, ...box);
  }

  #put(key, colours) {
    let slot = this.free.pop();
    if (slot === undefined) {
      const [oldest, own] = this.slots.entries().next().value;
      this.slots.delete(oldest);
      slot = own;
    }
    this.slots.set(key, slot);
    this.#smooth(colours);
    this.context.putImageData(this.image, (slot % ACROSS) * PITCH, Math.floor(slot / ACROSS) * PITCH);
  }

  /** Write a map into the image, a colour at a time: along rows first, then down. */
  #smooth(colours) {
    const { data } = this.image;
    for (let channel = 0; channel < 4; channel++) {
      for (let row = 0; row < SIDE; row++) {
        for (let at = 0; at < FINE; at++) {
          let sum = 0;
          for (let cell = 0; cell < SIDE; cell++) {
            const weight = WEIGHTS[at][cell];
            if (weight) sum += weight * ((this.pixels[colours[row * SIDE + cell]] >> (8 * channel)) & 255);
          }
          this.lines[row * FINE + at] = sum;
        }
      }
      for (let down = 0; down < PITCH; down++) {
        const weights = WEIGHTS[Math.min(Math.max(down - 1, 0), FINE - 1)];
        for (let across = 0; across < PITCH; across++) {
          const at = Math.min(Math.max(across - 1, 0), FINE - 1);
          let sum = 0;
          for (let row = 0; row < SIDE; row++) if (weights[row]) sum += weights[row] * this.lines[row * FINE + at];
          data[4 * (down * PITCH + across) + channel] = sum + 0.5;
        }
      }
    }
  }
}
