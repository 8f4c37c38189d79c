/**
 * The pictures in view as elements: links over the canvas, for pointers, keys and screen readers.
 * @module
 */
import { count, h, icon } from "../dom.js";
import { isSelected } from "../selection.js";
import { nameOf } from "./names.js";

/** Elements of positions; those that left the view are taken out, but for the one that has the focus. */
export class Options {
  /**
   * @param {HTMLElement} root
   * @param {import("./blocks.js").Blocks} blocks
   */
  constructor(root, blocks) {
    this.root = root;
    this.blocks = blocks;
    /** @type {Map<number, HTMLAnchorElement>} */
    this.here = new Map();
    this.focus = 0;
  }

  /**
   * Have elements for what is in view.
   * @param {{position: number, box: import("./layout.js").Box, y: number}[]} placed y: in all of the gallery
   */
  show(placed) {
    const kept = new Set(placed.map(({ position }) => position));
    for (const [position, element] of this.here) {
      if (kept.has(position) || element === document.activeElement) continue;
      element.remove();
      this.here.delete(position);
    }
    const tabbable = kept.has(this.focus) ? this.focus : placed[0]?.position;
    for (const { position, box, y } of placed) {
      const id = this.blocks.id(position);
      if (!id) continue;
      let element = this.here.get(position);
      if (element?.dataset.id !== id) {
        element?.remove();
        element = this.#make(position, id);
        this.here.set(position, element);
        this.#insert(position, element);
      }
      const { style } = element;
      style.transform = `translate(${box.left}px, ${y}px)`;
      style.width = `${box.width}px`;
      style.height = `${box.height}px`;
      element.tabIndex = position === tabbable ? 0 : -1;
    }
    this.mark();
    this.name();
  }

  /** Show what is selected. */
  mark() {
    for (const element of this.here.values()) {
      element.setAttribute("aria-selected", String(isSelected(element.dataset.id)));
    }
  }

  /** Write the names that came. */
  name() {
    for (const [position, element] of this.here) {
      const name = nameOf(element.dataset.id);
      const [width, height] = this.blocks.size(position) ?? [0, 0];
      const size = width ? `${width} × ${height}` : "";
      if (element.dataset.name === name) continue;
      element.dataset.name = name;
      element.lastChild.replaceChildren(h("b", { dir: "auto" }, name || `Picture ${count(position + 1)}`), " ", h("span", null, size));
    }
  }

  /**
   * Give the focus to a position that is in view.
   * @param {number} position
   */
  take(position) {
    this.here.get(this.focus)?.setAttribute("tabindex", "-1");
    this.focus = position;
    const element = this.here.get(position);
    if (!element) return;
    element.tabIndex = 0;
    element.focus({ preventScroll: true });
  }

  #make(position, id) {
    return h(
      "a",
      {
        class: "option",
        href: `#/picture/${id}`,
        role: "option",
        draggable: "false",
        "aria-posinset": position + 1,
        "aria-setsize": this.blocks.total,
        data: { id, position, name: "\0" },
      },
      h("span", { class: "tick" }, icon("check")),
      h("span", { class: "caption" }),
    );
  }

  /** Keep the order of elements that of positions: it is what a screen reader reads. */
  #insert(position, element) {
    let next = null;
    for (const other of this.root.children) {
      if (Number(other.dataset.position) > position) {
        next = other;
        break;
      }
    }
    this.root.insertBefore(element, next);
  }
}
