/**
 * What can be done with the pictures that are selected.
 * @module
 */
import { $, count, h, icon } from "../dom.js";
import { clearSelection, onSelection, selectedCount, selectedIds, selecting } from "../selection.js";
import { open } from "../shell.js";
import { exportForm } from "./form.js";

/**
 * Make the bar; it shows itself while something is selected.
 * @param {AbortSignal} signal of the view
 */
export function selectionBar(signal) {
  const many = h("span", { class: "number", role: "status" });
  const button = h("button", { class: "button primary", type: "button", on: { click: openExport } }, icon("down"), "Export");
  const clear = h("button", { class: "button", type: "button", on: { click: clearSelection } }, "Done");
  const bar = h("section", { class: "selection", "aria-label": "Selection", hidden: true }, many, h("div", { class: "row" }, clear, button));
  const show = () => {
    const own = selectedCount();
    bar.hidden = own === 0 && !selecting;
    many.textContent = own ? `${count(own)} selected` : "Choose pictures";
    button.disabled = own === 0;
  };
  onSelection(show, signal);
  show();
  return bar;
}

/** Open the export of what is selected. */
function openExport() {
  openForm({ ids: selectedIds() }, selectedCount());
}

/**
 * Open the dialog of an export.
 * @param {{ids: string[]} | {query: string}} what
 * @param {number} many pictures
 */
export function openForm(what, many) {
  let dialog = $("#export");
  if (!dialog) {
    dialog = h("dialog", { id: "export", "aria-labelledby": "export-title" });
    document.body.append(dialog);
  }
  dialog.replaceChildren(exportForm(what, many, () => dialog.close()));
  open(dialog);
}
