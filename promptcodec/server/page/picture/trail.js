/**
 * The list that a picture was opened from, so that one can go on in it.
 *
 * A view that shows a list calls `setTrail` before it opens a picture of it.
 */

/** @typedef {(id: string) => Promise<{before?: string, after?: string}>} Trail gives the neighbours of a picture */

/** @type {Trail} */
let trail = async () => ({});

/** @param {Trail} next */
export const setTrail = (next) => {
  trail = next;
};

/**
 * Make the trail of a list of ids.
 * @param {string[]} ids
 * @returns {Trail}
 */
export const trailOf = (ids) => async (id) => {
  const at = ids.indexOf(id);
  return at < 0 ? {} : { before: ids[at - 1], after: ids[at + 1] };
};

/** @param {string} id */
export const neighbours = (id) => trail(id).catch(() => ({}));
