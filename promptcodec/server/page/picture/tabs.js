/** Panels of which one is seen. */

import { h } from "../dom.js";

/**
 * @param {ReturnType<import("./store.js").store>} store its `tab` is the name of the panel
 * @param {{name: string, label: string, panel: HTMLElement, opened?: () => void}[]} panels
 * @returns {HTMLElement}
 */
export function tabs(store, panels) {
  const buttons = panels.map(({ name, label }) =>
    h("button", { class: "tab", type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `panel-${name}`, on: { click: () => store.set({ tab: name }) } }, label),
  );
  const bodies = panels.map(({ name, panel }) =>
    h("div", { class: "tab-panel", role: "tabpanel", id: `panel-${name}`, "aria-labelledby": `tab-${name}` }, panel),
  );
  const list = h("div", { class: "tabs", role: "tablist", "aria-label": "About the picture" }, buttons);
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = (buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length;
    store.set({ tab: panels[next].name });
    buttons[next].focus();
  });
  store.on(["tab", "view", "draft"], ({ tab }) => {
    const current = Math.max(0, panels.findIndex(({ name }) => name === tab));
    panels.forEach(({ opened }, index) => {
      buttons[index].setAttribute("aria-selected", String(index === current));
      buttons[index].tabIndex = index === current ? 0 : -1;
      bodies[index].hidden = index !== current;
      if (index === current) opened?.();
    });
  });
  return h("div", { class: "tabbed" }, list, bodies);
}
