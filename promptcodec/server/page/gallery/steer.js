/**
 * Moving through the gallery and selecting in it, by keys and pointer.
 * @module
 */
import { announce } from "../shell.js";
import { clearSelection, select, selectedCount, selecting } from "../selection.js";
import { boxesOf } from "./layout.js";

/** @param {any} gallery as view.js has it */
export function steer(gallery) {
  const { blocks, options, scroller, kept, signal } = gallery;
  let anchor = kept.focus;

  async function move(position, extend) {
    const target = Math.min(Math.max(position, 0), blocks.total - 1);
    kept.focus = target;
    gallery.reveal(target);
    if (!blocks.id(target)) {
      await blocks.load(target);
      gallery.reveal(target);
    }
    options.take(target);
    if (extend) await run(target);
    else anchor = target;
  }

  /** Select from the anchor to a position. */
  async function run(position) {
    const [low, high] = [Math.min(anchor, position), Math.max(anchor, position)];
    const ids = [];
    for (let at = low; at <= high; at++) {
      if (!blocks.id(at)) await blocks.load(at);
      ids.push(blocks.id(at));
    }
    select(ids.filter(Boolean), true);
    announce(`${selectedCount()} selected`);
  }

  function toggle(position) {
    anchor = position;
    select([blocks.id(position)]);
    announce(`${selectedCount()} selected`);
  }

  const proportion = (position) => blocks.proportion(position);

  /** Give the position above or below: the one whose middle is nearest. */
  function beside(position, step) {
    const at = gallery.layout();
    const row = Math.floor(position / at.columns);
    const target = Math.min(Math.max(row + step, 0), at.rows - 1);
    if (target === row) return position;
    const own = boxesOf(at, row, proportion, 1)[position % at.columns];
    const middle = own.left + own.width / 2;
    const apart = boxesOf(at, target, proportion, 1).map((box) => Math.abs(box.left + box.width / 2 - middle));
    return target * at.columns + apart.indexOf(Math.min(...apart));
  }

  function key(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (document.querySelector("dialog[open]")) return;
    const { target } = event;
    const inside = scroller.contains(target);
    if (!inside && target !== document.body && target.id !== "main") return;
    const at = gallery.layout();
    const screen = Math.max(Math.floor(scroller.clientHeight / at.pitch) - 1, 1);
    // The first key only shows where one is.
    const here = inside ? kept.focus : kept.position;
    const step = inside ? 1 : 0;
    const to = {
      ArrowRight: () => here + step,
      ArrowLeft: () => here - step,
      ArrowDown: () => beside(here, step),
      ArrowUp: () => beside(here, -step),
      PageDown: () => beside(here, screen),
      PageUp: () => beside(here, -screen),
      Home: () => 0,
      End: () => blocks.total - 1,
    }[event.key];
    if (to) move(to(), event.shiftKey);
    else if (event.key === " " && inside) toggle(kept.focus);
    else if (event.key === "+" || event.key === "=") gallery.larger(1);
    else if (event.key === "-") gallery.larger(-1);
    else if (event.key === "Escape" && (selectedCount() || selecting)) clearSelection();
    else return;
    event.preventDefault();
  }

  scroller.addEventListener(
    "click",
    (event) => {
      const option = event.target.closest(".option");
      if (!option) return;
      const position = Number(option.dataset.position);
      kept.focus = position;
      options.take(position);
      if (event.shiftKey) run(position);
      else if (event.ctrlKey || event.metaKey || selecting) toggle(position);
      else return; // it is a link
      event.preventDefault();
    },
    { signal },
  );
  scroller.addEventListener(
    "focusin",
    (event) => {
      const option = event.target.closest(".option");
      if (option) kept.focus = options.focus = Number(option.dataset.position);
    },
    { signal },
  );
  document.addEventListener("keydown", key, { signal });
}
