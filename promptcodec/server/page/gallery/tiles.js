/**
 * Small pictures as the server draws them: many by one streamed answer, the last ones kept.
 * @module
 */
import { ask } from "../api.js";

const MOST = 96;
const ID = 16;
const HEAD = ID + 4;
/** Pixels that are kept: about 100 MB. */
const KEPT = 25_000_000;
/** Sides that are asked for: few, so that the server's cache serves everybody. */
const SIDES = [96, 160, 256, 384];

/** @typedef {{bitmap: ImageBitmap | null, side: number, came: number}} Tile null: it cannot be drawn */

/** @type {Map<string, Tile>} by id, the longest unused first; of all views */
const tiles = new Map();
let pixels = 0;

/**
 * Give the side to ask for.
 * @param {number} wanted device pixels of the longer side of a tile
 */
export const sideFor = (wanted) => SIDES.find((side) => side >= wanted * 0.85) ?? SIDES.at(-1);

/**
 * Give a tile that is here.
 * @param {string} id
 * @returns {Tile | undefined}
 */
export function tile(id) {
  const own = tiles.get(id);
  if (own) {
    tiles.delete(id);
    tiles.set(id, own);
  }
  return own;
}

/**
 * Fetch tiles that are not here, in the order given.
 * @param {string[]} ids
 * @param {number} side
 * @param {AbortSignal} signal
 * @param {(id: string) => void} came
 */
export async function fetchTiles(ids, side, signal, came) {
  const missing = ids.filter((id) => !(tiles.get(id)?.side >= side));
  for (let start = 0; start < missing.length && !signal.aborted; start += MOST) {
    const some = missing.slice(start, start + MOST);
    const response = await ask(`/tiles?ids=${some.join(",")}&side=${side}`, { signal });
    for await (const [id, data] of frames(response.body)) {
      const bitmap = data.length ? await createImageBitmap(new Blob([data])).catch(() => null) : null;
      keep(id, { bitmap, side, came: performance.now() });
      came(id);
    }
  }
}

function keep(id, own) {
  const earlier = tiles.get(id);
  if (earlier?.bitmap) {
    if (!own.bitmap) return;
    own.came = earlier.came; // a sharper one of the same needs no fading
  }
  drop(id);
  tiles.set(id, own);
  pixels += area(own);
  while (pixels > KEPT && tiles.size > 1) drop(tiles.keys().next().value);
}

function drop(id) {
  const own = tiles.get(id);
  if (!own) return;
  tiles.delete(id);
  pixels -= area(own);
  own.bitmap?.close();
}

const area = ({ bitmap }) => (bitmap ? bitmap.width * bitmap.height : 0);

/**
 * Take a stream of frames apart: 16 bytes of id, the length, as many bytes of a picture.
 * @param {ReadableStream<Uint8Array>} body
 * @returns {AsyncGenerator<[string, Uint8Array]>}
 */
async function* frames(body) {
  const reader = body.getReader();
  let rest = new Uint8Array();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const joined = new Uint8Array(rest.length + value.length);
      joined.set(rest);
      joined.set(value, rest.length);
      rest = joined;
      while (rest.length >= HEAD) {
        const end = HEAD + new DataView(rest.buffer, rest.byteOffset).getUint32(ID);
        if (rest.length < end) break;
        const id = Array.from(rest.subarray(0, ID), (byte) => byte.toString(16).padStart(2, "0")).join("");
        yield [id, rest.subarray(HEAD, end)];
        rest = rest.subarray(end);
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
