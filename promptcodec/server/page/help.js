/**
 * The help dialog: keys, and how to search.
 * @module
 */
import { h, icon } from "./dom.js";

const KEYS = [
  ["/", "search"],
  ["← ↑ → ↓", "move between pictures"],
  ["Enter", "open the picture"],
  ["Space", "select it"],
  ["Shift + arrows", "select a run"],
  ["Home / End", "first and last picture"],
  ["Page Up / Down", "a screen at a time"],
  ["g", "go to a position"],
  ["+ / −", "larger and smaller pictures"],
  ["Esc", "back; leave the selection"],
  ["?", "this help"],
];

const PICTURE_KEYS = [
  ["← →", "previous and next picture of the list"],
  ["+ / −", "larger and smaller"],
  ["0 / 1", "fit; original size"],
  ["g", "the grid of words"],
  ["o", "objects and lettering"],
  ["Tab", "into the grid; arrows move, Enter edits"],
];

/** Searches that show what can be asked; also those of the panel under the search box. */
export const EXAMPLES = [
  ["red kite", "things, in any words"],
  ['"on the beach"', "words in this order"],
  ["beach -boat", "without something"],
  ["people:2", "how many people"],
  ['color:"orange in the middle"', "colours, and where"],
  ["mostly navy", "a colour and how much of it"],
  ["width:>=1000", "numbers and ranges"],
  ["model:sdxl", "what made it"],
];

/** Make what the dialog holds. */
export function helpOf() {
  const keysOf = (keys) => h("dl", { class: "help-list" }, keys.map(([key, text]) => h("div", null, h("dt", null, h("kbd", null, key)), h("dd", null, text))));
  const close = h("button", { class: "button quiet square", type: "button", "aria-label": "Close", "data-close": true }, icon("close"));
  return [
    h("div", { class: "row help-head" }, h("h2", { id: "help-title" }, "Help"), close),
    h("h3", null, "Search"),
    h(
      "dl",
      { class: "help-list wide" },
      EXAMPLES.map(([query, text]) =>
        h(
          "div",
          null,
          h("dt", null, h("a", { href: `#/q/${encodeURIComponent(query)}`, "data-close": true }, h("code", null, query))),
          h("dd", null, text),
        ),
      ),
    ),
    h("h3", null, "Keys"),
    keysOf(KEYS),
    h("h3", null, "Keys at a picture"),
    keysOf(PICTURE_KEYS),
  ];
}
