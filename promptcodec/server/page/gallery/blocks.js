/**
 * All pictures of the archive, newest first, in blocks: ids, sizes, and the 64 colours of each.
 * @module
 */
import { ask } from "../api.js";

export const BLOCK = 2048;
const ENTRY = 88;
const ID = 16;
const CELLS = 64;
/** The first block is small: it is what the first paint waits for. */
const FIRST = 256;

/**
 * @typedef {{start: number, count: number, bytes: Uint8Array, view: DataView}} Block
 */

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The blocks that are here, and those that are on their way; kept while the page is open. */
export class Blocks {
  constructor() {
    this.total = -1;
    /** @type {Map<number, Block>} */
    this.here = new Map();
    /** @type {Map<number, Promise<void>>} */
    this.coming = new Map();
    /** Is called when a block came. */
    this.changed = () => {};
    /** @type {AbortSignal | undefined} */
    this.signal = undefined;
  }

  /**
   * Load the beginning, which is all that the first paint needs. What is here stays while that is as it was.
   * @param {AbortSignal} signal ends what is on its way
   */
  async start(signal) {
    this.signal = signal;
    this.coming.clear();
    const earlier = this.here.get(0)?.bytes.subarray(0, FIRST * ENTRY);
    const block = await this.#fetch(0, FIRST);
    if (earlier?.length !== block.bytes.length || earlier.some((byte, at) => byte !== block.bytes[at])) {
      this.here.clear();
      this.here.set(0, block);
    }
  }

  /**
   * Load the block of a position.
   * @param {number} position
   * @returns {Promise<void>}
   */
  load(position) {
    const number = Math.floor(position / BLOCK);
    const own = this.here.get(number);
    if (own && own.count >= Math.min(BLOCK, this.total - own.start)) return Promise.resolve();
    let coming = this.coming.get(number);
    if (!coming) {
      coming = this.#fetch(number * BLOCK, BLOCK)
        .then((block) => {
          this.here.set(number, block);
          this.changed();
        })
        .finally(() => this.coming.delete(number));
      this.coming.set(number, coming);
    }
    return coming;
  }

  async #fetch(start, count) {
    const response = await ask(`/gallery?start=${start}&count=${count}`, { signal: this.signal });
    const bytes = new Uint8Array(await response.arrayBuffer());
    const total = Number(response.headers.get("Gallery-Total"));
    if (this.total >= 0 && total !== this.total) this.here.clear(); // pictures came or went: all positions moved
    this.total = total;
    return { start, count: bytes.length / ENTRY, bytes, view: new DataView(bytes.buffer) };
  }

  /** @returns {[Block, number] | null} the block of a position and where in it that is */
  #at(position) {
    const block = this.here.get(Math.floor(position / BLOCK));
    const index = position % BLOCK;
    return block && index < block.count ? [block, index * ENTRY] : null;
  }

  /**
   * Give a picture's id in hexadecimal digits; "" where it is not here yet.
   * @param {number} position
   */
  id(position) {
    const at = this.#at(position);
    return at ? hex(at[0].bytes.subarray(at[1], at[1] + ID)) : "";
  }

  /**
   * Give a picture's width and height; null where they are not here yet.
   * @param {number} position
   * @returns {[number, number] | null}
   */
  size(position) {
    const at = this.#at(position);
    return at && [at[0].view.getUint32(at[1] + ID), at[0].view.getUint32(at[1] + ID + 4)];
  }

  /**
   * Give width / height; 0 where it is not here yet.
   * @param {number} position
   */
  proportion(position) {
    const size = this.size(position);
    return size && size[0] && size[1] ? size[0] / size[1] : 0;
  }

  /**
   * Give the 64 palette numbers of a picture; null where they are not here yet.
   * @param {number} position
   */
  colours(position) {
    const at = this.#at(position);
    return at && at[0].bytes.subarray(at[1] + ID + 8, at[1] + ID + 8 + CELLS);
  }

  /** Give the mean proportion of the beginning: rows are laid out for it. */
  mean() {
    const known = [];
    for (let k = 0; k < Math.min(this.total, FIRST); k++) known.push(this.proportion(k) || 1);
    // Of logarithms: a portrait and a landscape are a square on the mean.
    return known.length ? Math.exp(known.reduce((sum, each) => sum + Math.log(each), 0) / known.length) : 1;
  }
}
