/** What is being tried: how much changed, what can be seen of it, and what is to become of it. */

import { bytes, h, refill } from "../dom.js";
import { words as sentence } from "../shell.js";

const SHOWS = {
  all: "",
  part: "builtin draws the colours and lines of it, not the words.",
  nothing: "builtin draws nothing of it; a generator that reads words does.",
};

/** @param {import("./types.js").Edit} edit */
function words({ operation, arguments: given }) {
  const [one, two] = given;
  return {
    cell: `${one} says “${two}”`,
    replace: `“${one}” becomes “${two}”`,
    recolour: `${one} is ${two}`,
    erase: `${one} is erased`,
    move: `${one} moves to ${two}`,
    prompt: "another prompt",
    negative: "another negative prompt",
    set: `${one}`,
  }[operation] ?? [operation, ...given].join(" ");
}

/**
 * @param {ReturnType<import("./store.js").store>} store
 * @param {ReturnType<import("./editing.js").editing>} edits
 * @param {boolean} writable
 */
export function draftBar(store, edits, writable) {
  const text = h("div", { class: "draft-text" });
  const button = (label, work, kind = "") =>
    h("button", { class: `button ${kind}`, type: "button", on: { click: work } }, label);
  const keep = button("Keep", edits.keep, "primary");
  const actions = h("div", { class: "row" }, button("Undo", edits.undo), button("Discard", edits.discard), writable && keep);
  const element = h("section", { class: "draft-bar", "aria-label": "Changes that are tried", hidden: true }, text, actions);

  store.on(["draft", "trying", "picture", "view"], ({ draft, trying, picture, view }) => {
    element.hidden = !draft;
    element.classList.toggle("trying", trying);
    keep.disabled = trying;
    if (!draft) return;
    const more = draft.picture.bytes - picture.bytes;
    const grown = more ? ` (${more > 0 ? "+" : "−"}${Math.abs(more)})` : "";
    const notes = draft.warnings.filter((each) => !each.startsWith("builtin "));
    // Where a recipe alone changed, generators that read words draw nothing of it either.
    const shows = draft.warnings.find((each) => each.startsWith("builtin draws nothing from")) ?? SHOWS[draft.shows];
    if (view.generator.startsWith("builtin") && shows) notes.unshift(shows);
    refill(
      text,
      h("p", null, h("strong", null, "Tried: "), draft.edits.map(words).join("; "), ". ", h("span", { class: "note number" }, bytes(draft.picture.bytes) + grown)),
      ...notes.map((each) => h("p", { class: "note" }, sentence({ message: each }))),
    );
  });
  return element;
}
