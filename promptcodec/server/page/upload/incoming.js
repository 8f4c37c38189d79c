/**
 * Pictures that come to the page: dropped anywhere, or pasted.
 * @module
 */
import { h, icon } from "../dom.js";
import { go } from "../shell.js";

/** @type {File[]} */
let waiting = [];
/** @type {((files: File[]) => void) | null} */
let taker = null;

/**
 * Be given what comes, and what is waiting.
 * @param {(files: File[]) => void} take one or more
 * @returns {() => void} stops it
 */
export function onIncoming(take) {
  taker = take;
  if (waiting.length) take(waiting);
  waiting = [];
  return () => {
    taker = null;
  };
}

function came(files) {
  if (!files.length) return;
  if (taker) taker(files);
  else {
    waiting = files;
    go("#/upload");
  }
}

/** Listen to the whole page. */
export function listen() {
  const cover = h("div", { class: "drop-cover", hidden: true, "aria-hidden": "true" }, h("div", null, icon("picture"), "Drop it to see it as words and bytes"));
  document.body.append(cover);
  let depth = 0;
  const hasFile = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => {
    if (!hasFile(event)) return;
    depth++;
    cover.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (!hasFile(event)) return;
    depth = Math.max(depth - 1, 0);
    cover.hidden = depth === 0;
  });
  addEventListener("dragover", (event) => hasFile(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    depth = 0;
    cover.hidden = true;
    came([...event.dataTransfer.files]);
  });
  addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) event.preventDefault();
    came(files);
  });
}
