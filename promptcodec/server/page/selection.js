/**
 * The pictures that are selected, whichever view selected them.
 * @module
 */

/** @type {Set<string>} ids */
const selected = new Set();
const events = new EventTarget();

/** Whether a plain click selects; for fingers, which have no Ctrl. */
export let selecting = false;

/** @param {boolean} on */
export function setSelecting(on) {
  selecting = on;
  events.dispatchEvent(new Event("change"));
}

/** @param {string} id */
export const isSelected = (id) => selected.has(id);
export const selectedIds = () => [...selected];
export const selectedCount = () => selected.size;

/**
 * Select pictures, or leave them out.
 * @param {string[]} ids
 * @param {boolean} [on] without it each is what it was not
 */
export function select(ids, on) {
  for (const id of ids) {
    if (on ?? !selected.has(id)) selected.add(id);
    else selected.delete(id);
  }
  events.dispatchEvent(new Event("change"));
}

export function clearSelection() {
  selected.clear();
  setSelecting(false);
}

/**
 * Be called when the selection changed.
 * @param {() => void} listener
 * @param {AbortSignal} [signal]
 */
export function onSelection(listener, signal) {
  events.addEventListener("change", listener, { signal });
}
