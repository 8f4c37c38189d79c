/**
 * The page: which view is shown, the keyboard, and whether the server answers.
 *
 * A view is a module with `mount(root, params)`: it fills `root` and gives a function that ends it (listeners,
 * requests); it may be async. Keys that a view handles it marks with `preventDefault`; the rest come here.
 * @module
 */
import { Problem, shell } from "./api.js";
import { $, h } from "./dom.js";
import { askToken, announce, back, failure, open } from "./shell.js";

/** By the first part of the hash; the module is loaded when it is needed. */
const VIEWS = {
  "": { load: () => import("./gallery/view.js"), params: () => ({}) },
  q: { load: () => import("./search/view.js"), params: (rest) => ({ query: rest }) },
  like: { load: () => import("./search/view.js"), params: (rest) => ({ like: rest }) },
  upload: { load: () => import("./upload/view.js"), params: () => ({}) },
  // Owned by picture/: mount(root, {id}).
  picture: { load: () => import("./picture/view.js"), params: (rest) => ({ id: rest }) },
};

/** @type {() => void} */
let unmount = () => {};
let turn = 0;
let afresh = false;

async function show() {
  const [, name = "", ...rest] = location.hash.replace(/^#/, "").split("/");
  const view = VIEWS[name] ?? VIEWS[""];
  const own = ++turn;
  const root = $("#main");
  const params = view.params(decoded(rest.join("/")));
  document.body.dataset.view = name || "gallery";
  $("#search-panel").hidden = true;
  if ($("#search").contains(document.activeElement)) document.activeElement.blur();
  const slow = setTimeout(() => ($("#busy").hidden = false), 150);
  try {
    const { mount } = await view.load().catch(absent);
    if (own !== turn) return;
    end();
    // Each has a place of its own: one that comes late, when another is asked for, is not seen.
    const place = h("div", { class: "view" });
    root.replaceChildren(place);
    root.scrollTop = 0;
    const done = await mount(place, params);
    if (own === turn) unmount = done ?? (() => {});
    else done?.();
  } catch (error) {
    if (own !== turn) return;
    end();
    root.replaceChildren(failure(error, () => (afresh ? location.reload() : show())));
  } finally {
    clearTimeout(slow);
    if (own === turn) $("#busy").hidden = true;
  }
}

/** A module that does not come is a server that is gone; browsers remember that, so it takes a fresh page. */
function absent(error) {
  if (!(error instanceof TypeError)) throw error;
  online(false);
  afresh = true;
  throw new Problem(0, "The server does not answer.", "offline");
}

function end() {
  unmount();
  unmount = () => {};
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // somebody typed a lone per cent sign
  }
}

const typing = (target) => target.closest?.("input:not([type=range]), textarea, select, [contenteditable]");

function key(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("dialog[open]")) return;
  if (event.key === "Escape" && document.body.dataset.view !== "gallery") {
    if (typing(event.target)) event.target.blur();
    else back();
    return;
  }
  if (typing(event.target)) return;
  if (event.key === "/") {
    event.preventDefault();
    $("#query").focus();
    $("#query").select();
  } else if (event.key === "?") openHelp();
}

async function openHelp() {
  const { helpOf } = await import("./help.js");
  $("#help").replaceChildren(...helpOf());
  open($("#help"));
}

function theme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try {
    localStorage.setItem("theme", root.dataset.theme);
  } catch {
    // It holds for this visit.
  }
  announce(dark ? "Light" : "Dark");
  dispatchEvent(new Event("themechange"));
}

/** @type {number} */
let probing = 0;

/** Show whether the server answers; while it does not, ask now and then. Views hear when it is back. */
function online(up) {
  $("#offline").hidden = up;
  if (up) {
    if (probing) setTimeout(() => dispatchEvent(new Event("serverback")));
    clearInterval(probing);
    probing = 0;
  } else if (!probing) probing = setInterval(probe, 4000);
}

async function probe() {
  try {
    await fetch("/about", { cache: "no-store" });
    online(true);
    if (afresh) location.reload();
    else if ($("#main .state.error")) show();
  } catch {
    online(false);
  }
}

shell.online = online;
shell.token = askToken;
addEventListener("hashchange", show);
addEventListener("keydown", key);
addEventListener("offline", () => online(false));
addEventListener("online", probe);
$("#retry").addEventListener("click", probe);
$("#theme").addEventListener("click", theme);
$("#help-button").addEventListener("click", openHelp);
// A plain #main would be taken for the name of a view.
$("[data-skip]").addEventListener("click", (event) => {
  event.preventDefault();
  ($("#main [tabindex='0']") ?? $("#main")).focus();
});
import("./search/box.js").then(({ start }) => start());
import("./upload/incoming.js").then(({ listen }) => listen());
show();
