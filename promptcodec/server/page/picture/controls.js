/** What stands above the picture: its layers, who draws it, what it is compared with, how large it is. */

import { h, refill } from "../dom.js";
import { layerColour, shortName } from "./layers.js";
import { strengthKind, strengthWords, variants } from "./variants.js";

/**
 * @param {ReturnType<import("./store.js").store>} store
 * @param {{layers: string[], generators: string[]}} known
 * @param {(against: {against: import("./types.js").Against, right: string} | null) => void} onCompare
 * @returns {HTMLElement}
 */
export function controls(store, { layers, generators }, onCompare) {
  const element = h("div", { class: "tools", role: "group", "aria-label": "How it is drawn" });
  const set = (patch) => store.set({ view: { ...store.get().view, ...patch } });

  const toggles = layers.map((layer) => {
    const flip = () => {
      const { view } = store.get();
      const chosen = layers.filter((each) => (each === layer) !== view.layers.includes(each));
      if (chosen.length) set({ layers: chosen });
    };
    return h("button", { class: "toggle", type: "button", on: { click: flip }, data: { layer }, style: { "--colour": layerColour(layer) } }, h("i", { class: "dot" }), shortName(layer));
  });
  store.on(["view"], ({ view }) => {
    for (const toggle of toggles) {
      const on = view.layers.includes(toggle.dataset.layer);
      toggle.setAttribute("aria-pressed", String(on));
      // One is needed to draw from.
      const last = on && view.layers.length === 1;
      toggle.setAttribute("aria-disabled", String(last));
      toggle.title = last ? "A picture needs one layer" : `${on ? "Leave out" : "Draw from"} the ${shortName(toggle.dataset.layer)}`;
    }
  });
  if (layers.length > 1) element.append(h("div", { class: "toggles layers", role: "group", "aria-label": "Layers" }, toggles));

  if (generators.length > 1) {
    const select = h("select", { "aria-label": "Drawn by" }, generators.map((name) => h("option", { value: name }, name)));
    select.addEventListener("change", () => set({ generator: select.value }));
    store.on(["view"], ({ view }) => (select.value = view.generator));
    element.append(select);
  }

  const strength = h("input", { type: "range", min: 0, max: 1, step: 0.1, "aria-label": "Strength: from faithful to vivid" });
  strength.addEventListener("change", () => set({ strength: Number(strength.value) }));
  const strengthLabel = h("output", { class: "number" });
  const say = () => {
    strengthLabel.textContent = strengthKind(Number(strength.value));
    strength.title = strengthWords(Number(strength.value));
    strength.setAttribute("aria-valuetext", strength.title);
  };
  strength.addEventListener("input", say);
  store.on(["view"], ({ view }) => {
    strength.value = String(view.strength);
    say();
  });
  element.append(h("div", { class: "strength", title: "From faithful to vivid" }, strength, strengthLabel));

  const against = h("select", { class: "against", "aria-label": "Compare with" });
  /** @type {ReturnType<typeof variants>} */
  let rows = [];
  const compare = () => onCompare(rows.find((row) => row.key === against.value) ?? null);
  against.addEventListener("change", compare);
  store.on(["view", "draft", "picture"], (state) => {
    rows = variants(state, layers, generators);
    const before = against.value;
    const groups = Map.groupBy(rows, (row) => row.group);
    refill(
      against,
      h("option", { value: "" }, "Compare with…"),
      ...[...groups].map(([name, own]) =>
        h("optgroup", { label: name }, own.map((row) => h("option", { value: row.key }, row.against.label))),
      ),
    );
    against.value = rows.some((row) => row.key === before) ? before : "";
    compare();
  });
  element.append(against);
  return element;
}

/**
 * What stands at the corner of the picture: its size, and what is laid over it.
 * @param {ReturnType<import("./store.js").store>} store
 * @param {() => ReturnType<import("./stage.js").stage>} stage
 */
export function viewing(store, stage) {
  const button = (label, title, work, props = {}) =>
    h("button", { class: "toggle", type: "button", title, "aria-label": title.replace(/ \(.*/, ""), on: { click: work }, ...props }, label);
  const fit = button("Fit", "Fit the picture (0)", () => stage().zoom("fit"));
  const scale = button("100 %", "Its original size (1)", () => stage().zoom(1), { class: "toggle scale number" });
  const grid = button("Grid", "Lay the grid of words over it (g)", () => store.set({ grid: !store.get().grid }));
  const things = button("Objects", "Show where objects are (o)", () => store.set({ things: !store.get().things }));
  store.on(["grid", "things", "shown"], (state) => {
    grid.setAttribute("aria-pressed", String(state.grid));
    things.setAttribute("aria-pressed", String(state.things));
    grid.hidden = !state.shown.description;
    things.hidden = !state.shown.description?.objects.length && !state.shown.description?.lettering.length;
  });
  return {
    element: h(
      "div",
      { class: "viewing", role: "group", "aria-label": "How it is shown" },
      h("div", { class: "toggles" }, grid, things),
      h("div", { class: "toggles" }, button("−", "Smaller (−)", () => stage().smaller()), fit, scale, button("+", "Larger (+)", () => stage().larger())),
    ),
    /** @param {string} text @param {boolean} fits */
    onScale(text, fits) {
      fit.setAttribute("aria-pressed", String(fits));
      scale.textContent = text;
      scale.setAttribute("aria-label", `Its original size; now ${text}`);
    },
  };
}
