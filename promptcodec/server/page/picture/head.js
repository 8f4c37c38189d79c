/** What a picture is called, how large it is, where it comes from. */

import { bytes, count, h, icon } from "../dom.js";
import { back } from "../shell.js";

/**
 * @param {import("./types.js").Picture} picture
 * @param {{before?: string, after?: string}} neighbours ids
 */
export function head(picture, { before, after }) {
  const { name, tags = [], parent, edits = [], time } = picture;
  const own = tags.filter((tag) => !tag.startsWith("parent:"));
  const step = (id, label, key, turn) =>
    h(
      id ? "a" : "span",
      { class: "button quiet square", href: id && `#/picture/${id}`, on: id ? { click: (event) => replace(event, id) } : {}, "aria-label": id && label, title: id && `${label} (${key})`, "aria-hidden": id ? null : "true", data: { turn } },
      icon("back"),
    );
  const [width, height] = [picture.original_width, picture.original_height];
  const facts = [`${count(width)} × ${count(height)}`, bytes(picture.bytes), time && day(time)].filter(Boolean);
  return h(
    "header",
    { class: "picture-head" },
    h("div", { class: "picture-name" }, h("h1", null, name || "Picture"), h(
        "nav",
        { "aria-label": "Go on" },
        (before || after) && [step(before, "Previous picture", "←", "back"), step(after, "Next picture", "→", "on")],
        h("button", { class: "button quiet square", type: "button", "aria-label": "Back", title: "Back (Esc)", on: { click: back } }, icon("close")),
      ),
    ),
    h("p", { class: "note number" }, facts.join(" · ")),
    (parent || edits.length > 0 || own.length > 0) &&
      h(
        "div",
        { class: "row links" },
        parent && h("a", { href: `#/picture/${encodeURIComponent(parent)}`, class: "chip" }, "Edited from another"),
        edits.map((id, index) => h("a", { href: `#/picture/${id}`, class: "chip" }, `Edit ${index + 1}`)),
        own.map((tag) => h("a", { class: "chip tag-chip", href: `#/q/${encodeURIComponent(`tag:"${tag}"`)}` }, tag)),
      ),
  );
}

/** Go on in a list: back leads to the list, not through it. */
function replace(event, id) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  location.replace(`#/picture/${id}`);
}

/** @param {number} time milliseconds since 1970 */
const day = (time) => new Date(time).toLocaleDateString("en", { year: "numeric", month: "short", day: "numeric" });
