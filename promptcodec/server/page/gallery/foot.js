/**
 * Under the gallery: where one is among all pictures, going elsewhere, and how large pictures are.
 * @module
 */
import { count, h, icon } from "../dom.js";
import { onSelection, selectedCount, selecting, setSelecting } from "../selection.js";
import { heightOf } from "./layout.js";

const SIZES = [56, 80, 104, 128, 150, 190, 240, 320];

/** Most pieces of the ribbon, and pictures that the colour of each is the mean of. */
const SLICES = 192;
const SAMPLES = 8;

/** @param {any} gallery as view.js has it */
export function foot(gallery) {
  const { blocks, scroller, kept, signal } = gallery;
  const ribbon = h("canvas", { class: "ribbon", height: 1, "aria-hidden": "true" });
  const range = h("input", { type: "range", min: 1, max: blocks.total, step: 1, "aria-label": "Position among all pictures" });
  const label = h("button", { class: "button quiet where number", type: "button", title: "Go to a position (g)" });
  const jump = h("input", { class: "jump number", type: "text", inputmode: "numeric", "aria-label": "Go to position", hidden: true });
  const smaller = sizer(-1, "Smaller pictures", "−");
  const larger = sizer(1, "Larger pictures", "+");
  const pick = h(
    "button",
    { class: "button quiet", type: "button", "aria-pressed": "false", title: "Select by clicking", on: { click: () => setSelecting(!selecting) } },
    icon("select"),
    h("span", { class: "label" }, "Select"),
  );
  const scrub = h("div", { class: "scrub" }, ribbon, range);
  const element = h(
    "div",
    { class: "foot", role: "group", "aria-label": "Position and size" },
    scrub,
    h("div", { class: "row place" }, label, jump),
    h("div", { class: "row foot-tools" }, pick, smaller, larger),
  );

  function sizer(step, text, sign) {
    return h("button", { class: "button quiet square", type: "button", "aria-label": text, title: `${text} (${sign})`, on: { click: () => gallery.larger(step) } }, sign);
  }
  gallery.larger = (step) => {
    const now = SIZES.findIndex((size) => size >= kept.target);
    const next = Math.min(Math.max(now + step, 0), SIZES.length - 1);
    gallery.resize(SIZES[next]);
    smaller.disabled = next === 0;
    larger.disabled = next === SIZES.length - 1;
  };

  const farthest = () => Math.max(heightOf(gallery.layout()) - scroller.clientHeight, 0);
  function moved() {
    const end = farthest();
    scrub.hidden = end < 2;
    const position = end < 2 ? blocks.total : 1 + Math.round((scroller.scrollTop / end) * (blocks.total - 1));
    const text = end < 2 ? many(blocks.total) : `${count(position)} of ${count(blocks.total)}`;
    if (label.textContent === text) return;
    label.textContent = text;
    range.max = String(blocks.total);
    range.value = String(position);
    range.setAttribute("aria-valuetext", text);
    scrub.style.setProperty("--at", String(end ? scroller.scrollTop / end : 0));
  }

  function go() {
    const asked = Number.parseInt(jump.value.replace(/\D/g, ""), 10);
    leave();
    if (!asked) return;
    const position = Math.min(asked, blocks.total) - 1;
    kept.focus = position;
    gallery.reveal(position, { middle: true });
    blocks.load(position).then(() => {
      gallery.reveal(position, { middle: true });
      gallery.options.take(position);
    });
  }
  function leave() {
    jump.hidden = true;
    label.hidden = false;
  }
  function enter() {
    label.hidden = true;
    jump.hidden = false;
    jump.value = "";
    jump.placeholder = `1 to ${count(blocks.total)}`;
    jump.focus();
  }
  range.addEventListener("input", () => {
    scroller.scrollTop = ((Number(range.value) - 1) / Math.max(blocks.total - 1, 1)) * farthest();
  });
  label.addEventListener("click", enter);
  jump.addEventListener("blur", leave);
  jump.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    if (event.key === "Enter") go();
    else {
      leave();
      label.focus();
    }
  });
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "g" || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target.closest("input, textarea, select, dialog")) return;
      event.preventDefault();
      enter();
    },
    { signal },
  );
  onSelection(() => {
    pick.setAttribute("aria-pressed", String(selecting));
    element.hidden = selectedCount() > 0 || selecting;
  }, signal);
  element.hidden = selectedCount() > 0 || selecting;

  /** Draw the colours of the blocks that are here along the way. */
  function coloured() {
    const context = ribbon.getContext("2d");
    const slices = Math.max(Math.min(Math.floor(blocks.total / SAMPLES), SLICES), 1);
    ribbon.width = slices;
    for (let slice = 0; slice < slices; slice++) {
      const some = new Set(Array.from({ length: SAMPLES }, (_, k) => Math.floor(((slice + k / SAMPLES) / slices) * blocks.total)));
      const colours = [...some].flatMap((position) => [...(blocks.colours(position) ?? [])]);
      const colour = gallery.mix(colours);
      if (!colour) continue;
      context.fillStyle = colour;
      context.fillRect(slice, 0, 1, 1);
    }
  }
  return { element, moved, coloured };
}

const many = (total) => (total === 1 ? "1 picture" : `${count(total)} pictures`);
