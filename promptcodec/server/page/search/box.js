/**
 * The search box in the bar, and the panel of examples and colours under it.
 * @module
 */
import { $, h } from "../dom.js";
import { EXAMPLES } from "../help.js";
import { go } from "../shell.js";

/** Colours that are one click away: what a query calls them, and how they look. */
const SWATCHES = [
  ["black", "#101010"], ["grey", "#8e8d8c"], ["white", "#f8f8f8"], ["brown", "#7a4a2b"], ["beige", "#d9c6a5"],
  ["red", "#c23b33"], ["orange", "#e0812f"], ["yellow", "#e8cd4a"], ["green", "#4b8a4f"], ["teal", "#2c8a8a"],
  ["blue", "#3f6fc4"], ["navy", "#1f2f5c"], ["purple", "#7b4aa3"], ["pink", "#e39ab5"],
];

/** @param {string} query */
export const hashOf = (query) => (query.trim() ? `#/q/${encodeURIComponent(query.trim())}` : "#/");

/**
 * Show in the box what is searched for.
 * @param {string} query
 */
export function showQuery(query) {
  const input = $("#query");
  if (document.activeElement !== input || !input.dataset.typed) input.value = query;
}

export function start() {
  const form = $("#search");
  const input = $("#query");
  const panel = $("#search-panel");
  panel.append(...contents(take));
  if (matchMedia("(max-width: 640px)").matches) input.placeholder = "Search";

  function open(shown) {
    panel.hidden = !shown;
  }
  function take(query) {
    input.value = query;
    submit();
  }
  function submit() {
    delete input.dataset.typed;
    open(false);
    input.blur();
    const hash = hashOf(input.value);
    if (location.hash === hash) dispatchEvent(new HashChangeEvent("hashchange"));
    else go(hash);
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  form.addEventListener("focusin", () => open(true));
  form.addEventListener("focusout", (event) => {
    if (!form.contains(event.relatedTarget)) open(false);
  });
  // A press on the panel's ground must not take the focus away.
  panel.addEventListener("mousedown", (event) => {
    if (!event.target.closest("button")) event.preventDefault();
  });
  input.addEventListener("input", () => (input.dataset.typed = "yes"));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.preventDefault();
      open(false);
      document.activeElement.blur();
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || panel.hidden) return;
    event.preventDefault();
    const places = [input, ...panel.querySelectorAll("button")];
    const at = places.indexOf(document.activeElement);
    places[Math.min(Math.max(at + step, 0), places.length - 1)].focus();
  });
}

/** Arrow keys come here from the box; Tab goes past, as there are many. */
function contents(take) {
  const example = ([query, text]) =>
    h(
      "button",
      { class: "example", type: "button", tabindex: "-1", on: { click: () => take(query) } },
      h("code", null, query),
      h("span", { class: "note" }, text),
    );
  const swatch = ([name, colour]) =>
    h("button", {
      class: "swatch",
      type: "button",
      tabindex: "-1",
      title: name,
      "aria-label": `Pictures with ${name}`,
      style: { background: colour },
      on: { click: () => take(joined($("#query").value, name)) },
    });
  return [
    h("h2", { class: "panel-title" }, "Colours"),
    h("div", { class: "swatches" }, SWATCHES.map(swatch)),
    h("h2", { class: "panel-title" }, "What can be asked"),
    h("div", { class: "examples" }, EXAMPLES.map(example)),
  ];
}

/** Add a colour to a query: one that asks for colours already asks for this one, too. */
function joined(query, name) {
  const earlier = /color:"([^"]*)"/.exec(query);
  if (earlier) return query.replace(earlier[0], `color:"${earlier[1]}, ${name}"`);
  return `${query.trim()} color:"${name}"`.trim();
}
