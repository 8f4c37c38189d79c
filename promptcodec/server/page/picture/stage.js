/** The picture in its frame: fitted, at its own size or larger, and slid against another. */

import { h } from "../dom.js";
import { fitting, kept, percent, within } from "./zoom.js";

const STEPS = 1000;
const HANDLE = 44;
const STEP = 1.25;
const STILL = 5;

/**
 * @param {{width: number, height: number}} size of the picture
 * @param {{main: HTMLElement, other: HTMLElement, overlay: HTMLElement}} layers
 * @param {{onScale: (text: string, fits: boolean, scale: number) => void}} listeners
 */
export function stage(size, { main, other, overlay }, { onScale }) {
  other.classList.add("other");
  const sheet = h("div", { class: "sheet" }, main, other, overlay);
  const scroller = h("div", { class: "roam" }, sheet);
  const slider = h("input", { type: "range", class: "slide", min: 0, max: STEPS, step: 10, value: STEPS / 2 });
  const line = h("div", { class: "slide-line", "aria-hidden": "true" }, h("i"));
  const tags = [h("span", { class: "tag left" }), h("span", { class: "tag right" })];
  const frame = h("div", { class: "window", style: { "--ratio": size.width / size.height } }, scroller, line, slider, tags);
  /** @type {number | "fit"} */
  let wanted = "fit";
  let scale = 1;

  const room = () => ({ width: scroller.clientWidth || 1, height: scroller.clientHeight || 1 });

  function layout() {
    scale = wanted === "fit" ? fitting(size, room()) : wanted;
    sheet.style.setProperty("width", `${size.width * scale}px`);
    sheet.style.setProperty("height", `${size.height * scale}px`);
    sheet.classList.toggle("large", scale >= 4);
    scroller.classList.toggle("roams", size.width * scale > room().width + 1 || size.height * scale > room().height + 1);
    onScale(percent(scale), wanted === "fit", scale);
    split();
  }

  /** Put the slider over what is seen of the picture, and cut the other picture there. */
  function split() {
    const [seen, whole] = [scroller.getBoundingClientRect(), sheet.getBoundingClientRect()];
    const left = Math.max(seen.left, whole.left);
    const width = Math.max(HANDLE, Math.min(seen.left + scroller.clientWidth, whole.right) - left);
    const top = Math.max(seen.top, whole.top);
    const height = Math.max(0, Math.min(seen.top + scroller.clientHeight, whole.bottom) - top);
    const at = HANDLE / 2 + (slider.value / STEPS) * (width - HANDLE);
    // The ends of the slider are the edges of the picture.
    const shown = slider.value === "0" ? 0 : Number(slider.value) === STEPS ? width : at;
    const place = { left: left - seen.left, top: top - seen.top, width, height };
    for (const [name, value] of Object.entries(place)) frame.style.setProperty(`--slide-${name}`, `${value}px`);
    frame.style.setProperty("--slide-at", `${left - seen.left + shown}px`);
    sheet.style.setProperty("--split", `${left + shown - whole.left}px`);
    const share = Math.round(slider.value / (STEPS / 100));
    slider.setAttribute("aria-valuetext", `${share} % ${tags[0].textContent}, ${100 - share} % ${tags[1].textContent}`);
  }

  /** @param {number | "fit"} to @param {{x: number, y: number}} [point] of the frame that stays where it is */
  function zoom(to, point = { x: room().width / 2, y: room().height / 2 }) {
    const before = { scale, left: sheet.offsetLeft, top: sheet.offsetTop, x: scroller.scrollLeft, y: scroller.scrollTop };
    wanted = to === "fit" ? to : within(to);
    layout();
    scroller.scrollLeft = kept(before.x, point.x, before.left, scale / before.scale) + sheet.offsetLeft;
    scroller.scrollTop = kept(before.y, point.y, before.top, scale / before.scale) + sheet.offsetTop;
    split();
  }

  const pointOf = (event) => {
    const box = scroller.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  scroller.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      zoom(scale * Math.exp(-event.deltaY / 200), pointOf(event));
    },
    { passive: false },
  );
  follow(scroller, { pinch: (ratio, event) => zoom(scale * ratio, pointOf(event)) });
  scroller.addEventListener("scroll", split, { passive: true });
  slider.addEventListener("input", split);
  const watching = new ResizeObserver(layout);
  watching.observe(frame);

  return {
    element: frame,
    zoom,
    larger: () => zoom(scale * STEP),
    smaller: () => zoom(scale / STEP),
    /**
     * Slide against another picture, or no longer.
     * @param {{left: string, right: string} | null} labels
     */
    compare(labels) {
      frame.classList.toggle("compares", Boolean(labels));
      slider.disabled = !labels;
      if (!labels) return;
      tags[0].textContent = labels.left;
      tags[1].textContent = labels.right;
      slider.setAttribute("aria-label", `Compare: ${labels.left} on the left, ${labels.right} on the right`);
      split();
    },
    slider,
    close: () => watching.disconnect(),
  };
}

/**
 * Follow pointers: one of a mouse drags what is scrolled, two of a hand pinch it.
 * @param {HTMLElement} scroller
 * @param {{pinch: (ratio: number, event: {clientX: number, clientY: number}) => void}} listeners
 */
function follow(scroller, { pinch }) {
  /** @type {Map<number, {x: number, y: number}>} */
  const hands = new Map();
  let moved = false;
  let apart = 0;

  const spread = () => {
    const [one, two] = [...hands.values()];
    return Math.hypot(one.x - two.x, one.y - two.y);
  };

  scroller.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    hands.set(event.pointerId, { x: event.clientX, y: event.clientY });
    moved = false;
    if (hands.size === 2) apart = spread();
  });
  scroller.addEventListener("pointermove", (event) => {
    const before = hands.get(event.pointerId);
    if (!before) return;
    const now = { x: event.clientX, y: event.clientY };
    if (hands.size === 2) {
      hands.set(event.pointerId, now);
      const [one, two] = [...hands.values()];
      pinch(spread() / apart, { clientX: (one.x + two.x) / 2, clientY: (one.y + two.y) / 2 });
      apart = spread();
      moved = true;
    } else if (event.pointerType === "mouse" && (moved || Math.hypot(now.x - before.x, now.y - before.y) > STILL)) {
      if (!moved) scroller.setPointerCapture(event.pointerId);
      scroller.scrollLeft -= now.x - before.x;
      scroller.scrollTop -= now.y - before.y;
      hands.set(event.pointerId, now);
      moved = scroller.classList.contains("roams");
    }
  });
  for (const end of ["pointerup", "pointercancel"]) {
    scroller.addEventListener(end, (event) => hands.delete(event.pointerId));
  }
  scroller.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && hands.clear());
  // A drag is no click on the cell where it ends.
  scroller.addEventListener("click", (event) => moved && event.stopPropagation(), { capture: true });
}
