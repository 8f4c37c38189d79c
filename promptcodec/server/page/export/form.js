/**
 * Pictures as a file: in which format, and the file.
 * @module
 */
import { ask, Problem } from "../api.js";
import { bytes, count, h } from "../dom.js";
import { announce, toast, words } from "../shell.js";

/** What is offered: the name that the server knows, the file's ending, what it is for. */
const FORMATS = [
  ["streams", "zip", "Streams", "The pictures themselves: a .pxt file each, in a zip"],
  ["jsonl", "jsonl", "JSON lines", "A line of text each, for scripts"],
  ["csv", "csv", "CSV", "A table for spreadsheets"],
  ["parquet", "parquet", "Parquet", "A table for data frames"],
];

/**
 * Make the form.
 * @param {{ids: string[]} | {query: string}} what
 * @param {number} many pictures
 * @param {() => void} close
 */
export function exportForm(what, many, close) {
  const remembered = localStorage.getItem("format") ?? "streams";
  const choices = FORMATS.map(([name, , title, text]) =>
    h(
      "label",
      { class: "choice" },
      h("input", { type: "radio", name: "format", value: name, checked: name === remembered }),
      h("span", null, h("b", null, title), h("span", { class: "note" }, text)),
    ),
  );
  const save = h("button", { class: "button primary" }, "Export");
  const trouble = h("p", { class: "trouble", role: "alert", hidden: true });
  const form = h(
    "form",
    { class: "dialog-form", method: "dialog" },
    h("h2", { id: "export-title" }, `Export ${count(many)} ${many === 1 ? "picture" : "pictures"}`),
    h("fieldset", { class: "choices" }, h("legend", { class: "hidden" }, "Format"), choices),
    trouble,
    h("div", { class: "row end" }, h("button", { class: "button", type: "button", "data-close": true }, "Cancel"), save),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const format = String(new FormData(form).get("format") ?? "streams");
    localStorage.setItem("format", format);
    save.disabled = true;
    save.textContent = "Exporting…";
    trouble.hidden = true;
    const stop = new AbortController();
    form.closest("dialog").addEventListener("close", () => stop.abort(), { once: true });
    try {
      const own = await download(what, format, stop.signal, (size) => (save.textContent = `Exporting… ${bytes(size)}`));
      close();
      toast(`${count(own)} ${own === 1 ? "picture" : "pictures"} exported.`);
      announce("Exported");
    } catch (error) {
      if (stop.signal.aborted) return;
      trouble.textContent = words(error);
      trouble.hidden = false;
    } finally {
      save.disabled = false;
      save.textContent = "Export";
    }
  });
  return form;
}

/**
 * Have the server make the file, and keep it.
 * @param {object} what
 * @param {string} format
 * @param {AbortSignal} signal
 * @param {(size: number) => void} progress is told how many bytes are there
 * @returns {Promise<number>} of how many pictures the file is: a search may match more than were counted
 */
async function download(what, format, signal, progress) {
  const response = await ask("/export", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...what, format }),
    signal,
  });
  let size = 0;
  const counting = new TransformStream({
    transform(chunk, controller) {
      progress((size += chunk.length));
      controller.enqueue(chunk);
    },
  });
  const file = await new Response(response.body.pipeThrough(counting)).blob().catch(() => {
    throw new Problem(0, "The export was cut off before its end.", "cut", "Try again.");
  });
  const ending = FORMATS.find(([name]) => name === format)?.[1];
  const address = URL.createObjectURL(file);
  const link = h("a", { href: address, download: `pictures.${ending}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  return Number(response.headers.get("Export-Pictures"));
}
