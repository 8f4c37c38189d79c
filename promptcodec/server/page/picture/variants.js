/** What a picture can be compared with: itself with one thing otherwise, or another version of it. Pure functions. */

import { shortName } from "./layers.js";

/** @import {Against, View} from "./types.js" */

/** @param {string[]} layers those chosen @param {string[]} all @returns {string} */
function layerWords(layers, all) {
  if (layers.length === all.length && all.length !== 1) return "all layers";
  return layers.length === 1 ? `${shortName(layers[0])} alone` : layers.map(shortName).join(" + ");
}

/** @param {number} strength @returns {string} */
export const strengthKind = (strength) => (strength <= 0.25 ? "faithful" : strength >= 0.75 ? "vivid" : "balanced");

/** @param {number} strength @returns {string} */
export const strengthWords = (strength) => `${strengthKind(strength)} ${strength}`;

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/**
 * Give what can stand on the left of the slider.
 * @param {{picture: import("./types.js").Picture, draft: import("./types.js").Draft | null, view: View}} state
 * @param {string[]} layers that can be drawn
 * @param {string[]} generators
 * @returns {{group: string, key: string, against: Against, right: string}[]} `right` names what is compared with it
 */
export function variants({ picture, draft, view }, layers, generators) {
  const now = draft ? { stream: draft.stream } : { id: picture.id };
  const rows = [];
  const add = (group, key, label, right, source, own) => {
    if (!same([source, own], [now, view])) rows.push({ group, key, right, against: { label, source, view: own } });
  };
  if (draft) add("Versions", "before", "before the changes", "with them", { id: picture.id }, view);
  if (picture.parent) add("Versions", "parent", "before the edit", "edited", { id: picture.parent }, view);
  (picture.edits ?? []).forEach((id, index) => add("Versions", `edit-${id}`, `edit ${index + 1}`, "this one", { id }, view));
  const chosen = layers.map((_, index) => layers.slice(0, index + 1));
  for (const some of [...chosen, ...layers.slice(1).map((each) => [each])]) {
    add("Layers", `layers-${some}`, layerWords(some, layers), layerWords(view.layers, layers), now, { ...view, layers: some });
  }
  for (const generator of generators) {
    add("Generators", `generator-${generator}`, generator, view.generator, now, { ...view, generator });
  }
  for (const strength of [0, 0.5, 1]) {
    add("Strength", `strength-${strength}`, strengthWords(strength), strengthWords(view.strength), now, { ...view, strength });
  }
  return rows;
}
