/**
 * Where a picture becomes words and bytes: the original, the words, what is drawn of them, and the budget.
 * @module
 */
import { fromBase64, json, Problem, url } from "../api.js";
import { bytes, count, h } from "../dom.js";
import { draw } from "../jobs.js";
import { announce, complain, words } from "../shell.js";
import { barOf } from "./bar.js";
import { budgetSlider } from "./budget.js";
import { isStream as codedAlready, keep, STREAM } from "./keeping.js";
import { wordsOf } from "./words.js";

/** Pixels of the longer side that is drawn, and while the slider moves. */
const LONGEST = 768;
const LONGEST_MOVING = 320;

/**
 * @param {File} file
 * @param {any} server as `GET /about` has it
 * @param {{more: number, refused: (text: string) => void, another: () => void,
 *   kept: (image: any, isNew: boolean) => void, all: (budget: number) => void}} to more: files that wait; what
 *   is called where this one is no picture, is passed over, was kept, is to be kept with those that wait
 */
export function bench(file, server, { more, refused, another, kept, all }) {
  const isStream = codedAlready(file);
  const address = URL.createObjectURL(file);
  /** @type {string} */
  let shown = "";
  /** @type {Uint8Array | null} */
  let stream = null;
  let turn = new AbortController();
  let running = false;
  let stale = false;
  let ended = false;
  /** What is being drawn is a job, which may take long: it is not waited for. */
  let isJob = false;

  const slider = budgetSlider(redraw);
  const original = h("img", { alt: `The picture as it was given: ${file.name}`, src: isStream ? null : address });
  original.addEventListener("error", () => original.replaceWith(h("p", { class: "note blank" }, "This browser cannot show this format.")));
  const drawn = h("img", { alt: "The picture as it is drawn from the words and bytes", hidden: true });
  const spoken = h("div", { class: "spoken" });
  const total = h("p", { class: "total number", "aria-live": "polite" });
  const bar = h("div", { class: "bytes" });
  const trouble = h("p", { class: "trouble", role: "alert", hidden: true });
  const store = h("button", { class: "button primary", type: "button", disabled: true, hidden: !server.writable, on: { click: keepIt } }, "Keep it");
  const rest = h("button", { class: "button", type: "button", hidden: !server.writable || !more, on: { click: () => all(slider.value()) } }, `Keep all ${more + 1}`);
  const save = h("button", { class: "button", type: "button", disabled: true, hidden: isStream, on: { click: download } }, "Save .pxt");
  const panel = (kind, name, note, ...content) =>
    h("figure", { class: `stage ${kind}` }, h("figcaption", null, h("h2", null, name), h("span", { class: "note number" }, note)), ...content);
  const element = h(
    "section",
    { class: "bench", "aria-label": `${file.name} becomes words and bytes` },
    h("h1", { class: "hidden" }, file.name),
    h(
      "div",
      { class: "stages" },
      isStream ? null : panel("given", "Picture", [bytes(file.size), more && `${more} more`].filter(Boolean).join(" · "), h("div", { class: "frame" }, original)),
      isStream ? null : panel("words", "Words", "", spoken),
      panel("drawn", "Drawn", "", h("div", { class: "frame" }, drawn)),
    ),
    h(
      "div",
      { class: "controls card" },
      isStream ? null : slider.element,
      h("div", { class: "outcome" }, total, bar),
      trouble,
      h("div", { class: "row end" }, h("button", { class: "button", type: "button", on: { click: another } }, more ? "Skip" : "Another"), save, rest, store),
      !server.writable && h("p", { class: "note" }, "This server keeps nothing new, but the .pxt is yours."),
    ),
  );
  const drawnNote = element.querySelector(".drawn .note");
  const wordsNote = element.querySelector(".words .note");

  const away = new AbortController();
  addEventListener("serverback", () => trouble.hidden || redraw(), { signal: away.signal });
  redraw();

  /** Draw what the slider says now. While it is moved, what is on its way is shown before the next is begun. */
  async function redraw() {
    stale = true;
    if (isJob) turn.abort();
    if (running) return;
    running = true;
    element.classList.add("working");
    while (stale && !ended) {
      stale = isJob = false;
      turn = new AbortController();
      await once(turn.signal);
    }
    element.classList.remove("working");
    running = false;
  }

  async function once(signal) {
    try {
      const coded = isStream ? await asStream() : await encode(signal);
      const picture = await draw(url("/decode", { format: "webp", size: sizeFor(coded, stale ? LONGEST_MOVING : LONGEST) }), {
        method: "POST",
        headers: { "Content-Type": STREAM },
        body: coded.stream,
        signal,
        onProgress: ({ progress }) => {
          isJob = true;
          if (stale) turn.abort();
          drawnNote.textContent = progress?.stage ?? "waiting";
        },
      });
      if (!ended) show(coded, picture);
    } catch (error) {
      if (!ended && error.name !== "AbortError") fail(error);
    }
  }

  async function asStream() {
    return { stream: new Uint8Array(await file.arrayBuffer()), bytes: file.size, parts: [], original_width: 0 };
  }

  async function encode(signal) {
    const coded = await json(url("/encode", { budget: slider.value() }), {
      method: "POST",
      headers: { "Content-Type": file.type || "application/octet-stream" },
      body: file,
      signal,
    });
    coded.stream = fromBase64(coded.stream);
    // The words are here before the picture is.
    spoken.replaceChildren(...wordsOf(coded));
    wordsNote.textContent = coded.description ? `${coded.description.rows} × ${coded.description.cols} cells` : "";
    measure(coded);
    return coded;
  }

  function measure(coded) {
    const times = file.size / coded.bytes;
    total.replaceChildren(
      h("b", null, count(coded.bytes)),
      " bytes",
      !isStream && times >= 2 ? h("span", { class: "note" }, `, 1 ∕ ${count(Math.round(times))} of the file`) : "",
    );
    bar.replaceChildren(...barOf(coded));
  }

  function show(coded, picture) {
    stream = coded.stream;
    URL.revokeObjectURL(shown);
    shown = URL.createObjectURL(picture);
    drawn.src = shown;
    drawn.hidden = false;
    drawnNote.textContent = `from ${bytes(coded.bytes)}`;
    trouble.hidden = true;
    store.disabled = save.disabled = false;
    if (isStream) measure(coded);
    announce(`Drawn from ${coded.bytes} bytes`);
  }

  function fail(error) {
    const first = !stream;
    if (first && error instanceof Problem && [400, 413, 415, 422].includes(error.status) && !/budget/.test(error.message)) {
      refused(words(error));
      return;
    }
    trouble.textContent = words(error);
    trouble.hidden = false;
  }

  async function keepIt() {
    store.disabled = true;
    store.textContent = "Keeping…";
    try {
      const { image, isNew } = await keep(file, slider.value());
      if (!ended) kept(image, isNew);
    } catch (error) {
      complain(error);
    } finally {
      store.disabled = false;
      store.textContent = "Keep it";
    }
  }

  function download() {
    const own = URL.createObjectURL(new Blob([stream], { type: STREAM }));
    h("a", { href: own, download: file.name.replace(/\.[^.]*$/, "") + ".pxt" }).click();
    setTimeout(() => URL.revokeObjectURL(own), 10_000);
  }

  return {
    element,
    end() {
      ended = true;
      away.abort();
      turn.abort();
      URL.revokeObjectURL(address);
      URL.revokeObjectURL(shown);
    },
  };
}

/** Draw no larger than is shown. */
function sizeFor({ original_width: width, original_height: height }, most) {
  const longest = Math.max(width, height);
  if (!width || longest <= most) return "";
  const scale = most / longest;
  return `${Math.max(Math.round(width * scale), 1)}x${Math.max(Math.round(height * scale), 1)}`;
}
