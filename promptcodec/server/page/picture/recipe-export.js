/** A recipe as another tool's text. */

import { ask, url } from "../api.js";

/**
 * @param {string} id
 * @param {string} format as `promptcodec recipe export` names it
 * @returns {Promise<{text: string, notices: string[]}>} the notices: what that format cannot carry
 */
export async function exported(id, format) {
  const answer = await ask(url(`/images/${id}/recipe`, { format }));
  const notices = JSON.parse(answer.headers.get("Recipe-Notices") ?? "[]");
  return { text: await answer.text(), notices };
}
