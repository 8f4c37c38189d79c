/**
 * Names of pictures, fetched for what is looked at.
 * @module
 */
import { json } from "../api.js";

const MOST = 200;

/** @type {Map<string, string>} by id, of all views */
const names = new Map();

/** @param {string} id */
export const nameOf = (id) => names.get(id) ?? "";

/** @param {{id: string, name: string}[]} images */
export function keepNames(images) {
  for (const { id, name } of images) names.set(id, name);
}

/**
 * Fetch the names of a run of positions.
 * @param {number} start
 * @param {number} count
 * @param {AbortSignal} signal
 */
export async function fetchNames(start, count, signal) {
  const { images } = await json(`/images?start=${start}&limit=${Math.min(count, MOST)}`, { signal });
  keepNames(images);
}
