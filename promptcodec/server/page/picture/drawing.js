/** Has the panes drawn: a newer wish takes the place of the one before it, and its job is cancelled. */

import { h, still } from "../dom.js";
import { words as errorWords } from "../shell.js";
import { sizeAt } from "./zoom.js";

/** @import {Source, View} from "./types.js" */

const isBuiltin = ({ generator }) => generator === "builtin" || generator.startsWith("builtin:");
const PATIENCE = 350;
const SMALL = 160;

/**
 * @param {ReturnType<import("./drawings.js").drawings>} kept
 * @param {ReturnType<import("./pane.js").pane>} pane
 * @param {{width: number, height: number}} size of the picture
 */
export function drawing(kept, pane, size) {
  const text = h("span", { class: "status-text", role: "status" });
  const bar = h("i", { class: "status-bar" });
  const button = h("button", { class: "button", type: "button" });
  const status = h("div", { class: "status", hidden: true }, h("div", null, text, button), bar);
  let turn = new AbortController();
  let timer = 0;
  /** @type {[Source, View, number] | null} */
  let last = null;

  function show(words, { label, work, bad = false, share = null }) {
    clearTimeout(timer);
    status.hidden = false;
    status.classList.toggle("bad", bad);
    text.textContent = words;
    button.textContent = label;
    button.onclick = work;
    bar.hidden = bad;
    bar.classList.toggle("unknown", share === null && !still());
    bar.style.setProperty("--share", share ?? 0.3);
  }

  function hide() {
    clearTimeout(timer);
    status.hidden = true;
  }

  const again = () => last && draw(...last);

  function cancel() {
    turn.abort();
    show("Cancelled.", { label: "Draw it", work: again, bad: true });
  }

  /** Show a small drawing while the large one is made. */
  async function sketch(source, view, signal) {
    if (Math.max(size.width, size.height) < 2 * SMALL || !isBuiltin(view) || pane.element.dataset.state) return;
    const url = await kept.draw(source, view, { signal, size: sizeAt(size, SMALL) });
    if (!signal.aborted) await pane.preview(url);
  }

  /**
   * Draw something; what was being drawn is given up.
   * @param {Source} source
   * @param {View} view
   * @param {number} side the longer one that is needed; who else draws has sizes of their own
   */
  async function draw(source, view, side) {
    turn.abort();
    turn = new AbortController();
    const { signal } = turn;
    const small = new AbortController();
    last = [source, view, side];
    hide();
    timer = setTimeout(() => show("Drawing…", { label: "Cancel", work: cancel }), PATIENCE);
    const onProgress = (job) => {
      if (signal.aborted) return;
      show(progressWords(job), { label: "Cancel", work: cancel, share: shareOf(job) });
      if (job.preview) pane.preview(job.preview).catch(() => {});
    };
    pane.element.setAttribute("aria-busy", "true");
    sketch(source, view, AbortSignal.any([signal, small.signal])).catch(() => {});
    try {
      const url = await kept.draw(source, view, { signal, onProgress, size: isBuiltin(view) ? sizeAt(size, side) : undefined });
      if (signal.aborted) return;
      small.abort();
      await pane.picture(url);
      hide();
    } catch (error) {
      if (error.name === "AbortError") return;
      show(errorWords(error), { label: "Try again", work: again, bad: true });
      if (error.status === 0) addEventListener("serverback", again, { once: true, signal });
    } finally {
      if (!signal.aborted) pane.element.removeAttribute("aria-busy");
    }
  }

  return {
    status,
    draw,
    /** Give up. */
    close() {
      turn.abort();
      hide();
    },
  };
}

function progressWords({ state, position, progress }) {
  if (state === "waiting") return position > 1 ? `Waiting: ${position - 1} before this one` : "Waiting for its turn";
  const { stage = "", done, total, note } = progress ?? {};
  const steps = total ? `${done} of ${total}` : "";
  return [stage && stage[0].toUpperCase() + stage.slice(1), steps, note].filter(Boolean).join(" · ") || "Drawing…";
}

const shareOf = ({ progress }) => (progress?.total ? progress.done / progress.total : null);
