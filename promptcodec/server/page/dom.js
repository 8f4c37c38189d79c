/**
 * Elements without a framework. Texts become text nodes, so nothing that comes from a picture is ever markup.
 * @module
 */

/** @typedef {Node | string | number | null | undefined | false} Child */

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element.
 * @param {string} tag
 * @param {Record<string, any> | null} [props] `class`, `style` (object; works under the CSP), `data` (object),
 *   `on` (object of listeners); whatever else is an attribute, left out where it is false, null or undefined.
 * @param {...(Child | Child[])} children
 * @returns {any} the element
 */
export function h(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

/**
 * Make an element of SVG; as `h`.
 * @param {string} tag
 * @param {Record<string, any> | null} [props]
 * @param {...(Child | Child[])} children
 * @returns {any}
 */
export function svg(tag, props, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

/**
 * Make an icon of the sprite in index.html.
 * @param {string} name such as "search"
 */
export function icon(name) {
  return svg("svg", { class: "icon", "aria-hidden": "true" }, svg("use", { href: `#i-${name}` }));
}

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "style") {
      for (const [key, own] of Object.entries(value)) element.style.setProperty(key, String(own));
    } else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "on") {
      for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    } else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...nodes(children));
  return element;
}

/**
 * Put children in the place of those there are; as `h`, what is false, null or undefined is none.
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function refill(element, ...children) {
  element.replaceChildren(...nodes(children));
}

const nodes = (children) => children.flat().filter((child) => child || child === 0 || child === "").map(node);

const node = (child) => (child instanceof Node ? child : document.createTextNode(String(child)));

/**
 * Give the one element that a selector names.
 * @param {string} selector
 * @param {ParentNode} [root]
 * @returns {any}
 */
export const $ = (selector, root = document) => root.querySelector(selector);

/**
 * Write a number with its thousands apart.
 * @param {number} value
 */
export const count = (value) => value.toLocaleString("en");

/**
 * Write a number of bytes.
 * @param {number} value
 */
export function bytes(value) {
  if (value < 10_000) return `${count(value)} B`;
  if (value < 1_000_000) return `${Math.round(value / 1000)} kB`;
  return `${(value / 1e6).toFixed(value < 1e7 ? 1 : 0)} MB`;
}

/** Whether motion is to be kept down. */
export const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/**
 * Call something once things have been quiet for a while.
 * @template {any[]} Args
 * @param {(...args: Args) => void} work
 * @param {number} wait milliseconds
 * @returns {((...args: Args) => void) & {cancel: () => void}}
 */
export function debounce(work, wait) {
  let timer = 0;
  const later = (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...args), wait);
  };
  later.cancel = () => clearTimeout(timer);
  return later;
}
