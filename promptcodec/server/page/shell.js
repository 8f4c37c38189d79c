/**
 * What every view shares with the page around it: notices, the live region, dialogs, states.
 * @module
 */
import { keepToken, Problem } from "./api.js";
import { $, h, icon } from "./dom.js";

/**
 * Go to a view.
 * @param {string} hash such as "#/upload"
 */
export const go = (hash) => {
  location.hash = hash;
};

/** Go back to where one came from, or to all pictures. */
export function back() {
  if (history.length > 1) history.back();
  else go("#/");
}

/**
 * Keep something with this entry of the history, for whoever comes back to it or loads the page anew.
 * @param {Record<string, any>} what
 */
export const remember = (what) => history.replaceState({ ...history.state, ...what }, "");

/** @returns {Record<string, any>} what was kept with this entry */
export const remembered = () => history.state ?? {};

/**
 * Say something to screen readers.
 * @param {string} text
 */
export function announce(text) {
  $("#live").textContent = text;
}

/**
 * Name what is shown.
 * @param {string} text "" for the gallery
 */
export function title(text) {
  document.title = text ? `${text} · promptcodec` : "promptcodec";
}

/**
 * Show a notice for some seconds.
 * @param {string} text
 * @param {{kind?: "good" | "bad", action?: [string, () => void]}} [options]
 */
export function toast(text, { kind = "good", action } = {}) {
  const notice = h("div", { class: `toast ${kind}`, role: kind === "bad" ? "alert" : "status" }, h("span", null, text));
  const close = () => notice.remove();
  if (action) {
    const [label, work] = action;
    notice.append(h("button", { class: "button link", type: "button", on: { click: () => (close(), work()) } }, label));
  }
  notice.append(
    h("button", { class: "button quiet square", type: "button", "aria-label": "Close", on: { click: close } }, icon("close")),
  );
  $("#toasts").append(notice);
  setTimeout(close, kind === "bad" ? 9000 : 5000);
}

/**
 * Show what went wrong as a notice; an abort is nothing.
 * @param {any} error
 */
export function complain(error) {
  if (error?.name === "AbortError") return;
  if (!(error instanceof Problem)) console.error(error);
  if (error?.status !== 0) toast(words(error), { kind: "bad" });
}

/**
 * Write an error for people.
 * @param {any} error
 */
export function words(error) {
  const text = error?.message || "Something went wrong.";
  const sentence = text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
  return error?.hint ? `${sentence} ${error.hint}` : sentence;
}

/**
 * Make a state that fills a view: empty, nothing matched, an error.
 * @param {{title: string, text?: string, picture?: Node, actions?: Node[], error?: boolean}} content
 */
export function state({ title: heading, text, picture, actions = [], error = false }) {
  return h(
    "section",
    { class: `state${error ? " error" : ""}`, role: error ? "alert" : null },
    picture ?? mosaic(error),
    h("h1", null, heading),
    text && h("p", null, text),
    actions.length > 0 && h("div", { class: "row" }, actions),
  );
}

/**
 * Make the state of an error.
 * @param {any} error
 * @param {() => void} [again]
 */
export function failure(error, again) {
  const heading = { 0: "The server does not answer", 404: "There is no such picture" }[error?.status] ?? "That did not work";
  const actions = [h("a", { class: "button", href: "#/" }, "All pictures")];
  if (again && error?.status !== 404) actions.unshift(h("button", { class: "button primary", type: "button", on: { click: again } }, "Try again"));
  if (error && !(error instanceof Problem)) console.error(error);
  const text = { 0: "It is asked every few seconds, and this goes on when it is back.", 404: "" }[error?.status] ?? words(error);
  return state({ title: heading, text, actions, error: true });
}

/** The eight by eight cells that a picture becomes, as an ornament of states. */
function mosaic(broken) {
  const cells = Array.from({ length: 16 }, (_, at) => h("i", { class: broken && at % 5 === 2 ? "gone" : `t${(at * 7) % 5}` }));
  return h("div", { class: "mosaic", "aria-hidden": "true" }, cells);
}

/**
 * Open a dialog; a click beside it, or on what has `data-close`, closes it.
 * @param {any} dialog
 */
export function open(dialog) {
  if (!dialog.dataset.ready) {
    dialog.dataset.ready = "yes";
    dialog.addEventListener("click", (event) => {
      if (event.target === dialog || event.target.closest("[data-close]")) dialog.close("");
    });
  }
  dialog.returnValue = "";
  if (!dialog.open) dialog.showModal();
}

/** @type {Promise<boolean> | null} */
let asking = null;

/**
 * Ask for a token in a dialog.
 * @param {boolean} refused the one there was is not right
 * @returns {Promise<boolean>} whether one was given
 */
export function askToken(refused) {
  asking ??= new Promise((resolve) => {
    const dialog = $("#token");
    const input = $("#token-input");
    $("#token-text").textContent = refused
      ? "That token is not known here. Whoever runs this server can give you another."
      : "Reading is free here; writing is not. Whoever runs this server can give you a token.";
    input.value = "";
    open(dialog);
    dialog.addEventListener(
      "close",
      () => {
        asking = null;
        const token = input.value.trim();
        if (dialog.returnValue === "ok" && token) keepToken(token);
        input.value = "";
        resolve(dialog.returnValue === "ok" && Boolean(token));
      },
      { once: true },
    );
  });
  return asking;
}
