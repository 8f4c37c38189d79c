/**
 * A picture that is given to the page: it becomes words and bytes, and is drawn from them.
 * @module
 */
import { about } from "../api.js";
import { $, bytes, h, icon } from "../dom.js";
import { announce, go, title, toast, words } from "../shell.js";
import { onIncoming } from "./incoming.js";
import { bench } from "./bench.js";
import { keepAll } from "./keeping.js";

/** @param {HTMLElement} root */
export async function mount(root) {
  title("Add a picture");
  const server = await about();
  const touch = matchMedia("(hover: none)").matches;
  const ended = new AbortController();
  let end = () => {};
  /** @type {File[]} the first is on the bench */
  let files = [];
  const frame = h("div", { class: "upload" });
  root.append(frame);

  function show(element) {
    end();
    end = () => {};
    frame.replaceChildren(element);
    $("#main").scrollTop = 0;
  }
  function take(given) {
    files = given;
    const [file, ...rest] = files;
    if (file.size > server.upload_bytes) {
      refused(`${file.name} has ${bytes(file.size)}; this server takes ${bytes(server.upload_bytes)}.`);
      return;
    }
    const own = bench(file, server, { more: rest.length, refused, another, kept, all });
    show(own.element);
    end = own.end;
    if (rest.length) announce(`${file.name}; ${rest.length} more`);
  }
  /** Go on with the next picture; where there is none, do something else. */
  function next(otherwise) {
    if (files.length > 1) take(files.slice(1));
    else otherwise();
  }
  function refused(text) {
    const [{ name }] = files;
    if (files.length > 1) toast(text.includes(name) ? text : `${name}: ${text}`, { kind: "bad" });
    next(() => show(ask(text)));
  }
  function another() {
    next(() => {
      show(ask());
      frame.querySelector("input").focus();
    });
  }
  function kept(image, isNew) {
    toast(isNew ? `${image.name} is kept.` : `${image.name} was there already.`);
    next(() => go(`#/picture/${image.id}`));
  }
  async function all(budget) {
    const many = files.length;
    const text = h("p", { role: "status" });
    const stop = h("button", { class: "button", type: "button", on: { click: () => stopped.abort() } }, "Stop");
    const bar = h("progress", { max: many, value: 0, "aria-label": "Pictures that are kept" });
    const stopped = new AbortController();
    show(h("section", { class: "state" }, h("h1", null, "Keeping your pictures"), bar, text, stop));
    const { kept: done, refused: bad } = await keepAll(files, budget, AbortSignal.any([stopped.signal, ended.signal]), (at) => {
      bar.value = at;
      text.textContent = `${at + 1} of ${many}: ${files[at].name}`;
    });
    for (const { name, error } of bad.slice(0, 3)) toast(`${name}: ${words(error)}`, { kind: "bad" });
    if (bad.length > 3) toast(`${bad.length - 3} more could not be kept.`, { kind: "bad" });
    if (done) toast(`${done} of ${many} pictures are kept.`);
    if (!ended.signal.aborted) go("#/");
  }

  function ask(trouble = "") {
    const input = h("input", { class: "hidden", id: "file", type: "file", accept: "image/*,.pxt", multiple: true });
    input.addEventListener("change", () => input.files.length && take([...input.files]));
    return h(
      "section",
      { class: "drop", "aria-labelledby": "drop-title" },
      h("div", { class: "drop-art", "aria-hidden": "true" }, icon("picture"), h("i"), h("i"), h("i")),
      h("h1", { id: "drop-title" }, touch ? "Choose pictures" : "Drop pictures"),
      h("p", null, "Each becomes words, colours and a few hundred bytes, and is drawn again from them. Nothing is kept until you say so."),
      trouble && h("p", { class: "trouble", role: "alert" }, trouble),
      h("div", { class: "row" }, input, h("label", { class: "button primary", for: "file" }, touch ? "Open your pictures" : "Choose them")),
      h("p", { class: "note" }, touch ? "" : "Or paste one. ", `Up to ${bytes(server.upload_bytes)}.`),
    );
  }

  frame.append(ask());
  const stop = onIncoming(take);
  return () => {
    stop();
    ended.abort();
    end();
  };
}
