/** What each layer takes: a bar, and the same in numbers. */

import { count, h, icon, refill } from "../dom.js";
import { layerColour, layerName, layerWhat } from "./layers.js";

/**
 * @param {ReturnType<import("./store.js").store>} store
 * @returns {HTMLElement}
 */
export function byteBar(store) {
  const element = h("div", { class: "stack" });
  store.on(["shown", "draft"], ({ shown, draft, picture }) => {
    const { parts, overhead_bytes: overhead, bytes: all, width, height } = shown;
    const rows = parts.map(({ type, bytes, coder }) => ({ bytes, name: layerName(type), what: layerWhat(type, coder), colour: layerColour(type) }));
    if (overhead) rows.push({ bytes: overhead, name: "Container", what: "size, checksum, lengths of the parts", colour: "var(--muted)" });
    const bpp = (bytes) => ((bytes * 8) / (width * height)).toPrecision(2);
    const colour = (row) => ({ "--colour": row.colour, "--share": row.bytes / all });
    refill(
      element,
      h("p", { class: "figure" }, h("strong", { class: "number" }, count(all)), " bytes", h("span", { class: "note number" }, ` · ${shown.bpp.toPrecision(3)} bits per pixel`)),
      h("div", { class: "byte-bar", role: "img", "aria-label": rows.map((row) => `${row.name} ${row.bytes} bytes`).join(", ") }, rows.map((row) => h("i", { style: colour(row), title: `${row.name}: ${row.bytes} B` }))),
      h(
        "table",
        { class: "byte-table" },
        h("caption", { class: "hidden" }, "Bytes by layer"),
        h("thead", null, h("tr", null, h("th", { scope: "col" }, "Layer"), h("th", { scope: "col", class: "number" }, "Bytes"), h("th", { scope: "col", class: "number" }, "Share"), h("th", { scope: "col", class: "number" }, h("abbr", { title: "bits per pixel" }, "bpp")))),
        h(
          "tbody",
          null,
          rows.map((row) =>
            h(
              "tr",
              null,
              h("th", { scope: "row" }, h("i", { class: "dot", style: colour(row) }), row.name, h("span", { class: "note" }, row.what)),
              h("td", { class: "number" }, count(row.bytes)),
              h("td", { class: "number" }, `${((row.bytes / all) * 100).toFixed(1)} %`),
              h("td", { class: "number" }, bpp(row.bytes)),
            ),
          ),
        ),
        h("tfoot", null, h("tr", null, h("th", { scope: "row" }, "Together"), h("td", { class: "number" }, count(all)), h("td", { class: "number" }, "100 %"), h("td", { class: "number" }, bpp(all)))),
      ),
      draft
        ? h("p", { class: "note" }, "These are the bytes with the changes that are tried.")
        : h("a", { class: "button", href: `/images/${picture.id}/stream`, download: `${picture.name.replace(/\.[^.]*$/, "")}.pxt` }, icon("down"), "Download .pxt"),
    );
  });
  return element;
}
