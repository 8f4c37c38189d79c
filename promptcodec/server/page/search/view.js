/**
 * What a search gives: pictures, best first, and why each of them matched.
 * @module
 */
import { about, fromBase64, json, url } from "../api.js";
import { $, count, debounce, h, icon } from "../dom.js";
import { openForm, selectionBar } from "../export/bar.js";
import { Maps, pixelsOf } from "../gallery/maps.js";
import { keepNames } from "../gallery/names.js";
import { fetchTiles, sideFor } from "../gallery/tiles.js";
import { setTrail, trailOf } from "../picture/trail.js";
import { announce, complain, remember, remembered, state, title, words } from "../shell.js";
import { onSelection } from "../selection.js";
import { adviceOf } from "./advice.js";
import { hashOf, showQuery } from "./box.js";
import { card, paintCard } from "./card.js";

const PAGE = 48;
const SIDE = 220;

/**
 * @param {HTMLElement} root
 * @param {{query?: string, like?: string}} params
 */
export async function mount(root, { query = "", like = "" }) {
  const ended = new AbortController();
  const { signal } = ended;
  showQuery(query);
  title(query || "Pictures like this one");
  const ask = (start) => json(url("/images", { query, like, start, limit: PAGE }), { signal });
  let answers;
  try {
    answers = await Promise.all([about(), ask(0), like ? json(`/images/${like}`, { signal }) : null]);
  } catch (error) {
    if (!query || error.status !== 400) throw error;
    root.append(unread(error));
    return () => showQuery("");
  }
  const [{ palette }, first, other] = answers;
  const maps = new Maps(pixelsOf(palette));
  const summary = summarise(first, query, other);
  announce(`${summary}. ${first.advice.join(". ")}`);
  const end = () => {
    ended.abort();
    showQuery("");
  };
  if (!first.images.length) {
    root.append(nothing(query, first.advice));
    return end;
  }

  const list = h("ol", { class: "results", "aria-label": "Results, best first" });
  const more = h("button", { class: "button more", type: "button" }, "More");
  const save = h(
    "button",
    { class: "button quiet", type: "button", hidden: !query || like, on: { click: () => openForm({ query }, first.total) } },
    icon("down"),
    h("span", { class: "label" }, "Export all"),
  );
  const results = h(
    "div",
    { class: "search-view" },
    h("header", { class: "results-head" }, h("div", null, h("h1", null, heading(query, other)), h("p", { class: "note number" }, summary)), save),
    first.advice.length > 0 && h("ul", { class: "advice" }, first.advice.map((line) => h("li", null, adviceOf(line, query)))),
    list,
    h("div", { class: "row more-row" }, more),
  );
  const best = Math.max(first.images[0].score, 1e-9);

  /** @type {Map<string, HTMLElement>} */
  const cards = new Map();
  function add(images) {
    keepNames(images);
    for (const image of images) {
      const own = card(image, { share: image.score / best, colours: fromBase64(image.colours) });
      cards.set(image.id, own);
      list.append(own);
    }
    const ids = images.map(({ id }) => id);
    for (const id of ids) paintCard(cards.get(id), maps);
    sharpen(ids);
    setTrail(trailOf([...cards.keys()]));
  }
  function sharpen(ids) {
    fetchTiles(ids, sideFor(SIDE * devicePixelRatio), signal, (id) => paintCard(cards.get(id), maps)).catch(complain);
  }
  addEventListener("serverback", () => sharpen([...cards.keys()]), { signal });
  let shown = 0;
  let busy = false;
  function took(answer) {
    add(answer.images);
    shown += answer.images.length;
    more.parentElement.hidden = shown >= answer.total || !answer.images.length;
  }
  async function next() {
    if (busy || more.parentElement.hidden) return;
    busy = true;
    try {
      took(await ask(shown));
    } catch (error) {
      complain(error);
    } finally {
      busy = false;
    }
  }
  more.addEventListener("click", next);
  const scroller = h("div", { class: "search-scroll" }, results);
  root.append(h("div", { class: "search-frame" }, scroller, selectionBar(signal)));
  const earlier = remembered();
  took(first);
  while (shown < (earlier.shown ?? 0) && shown < first.total && !signal.aborted) await next();
  scroller.scrollTop = earlier.top ?? 0;
  cards.get(earlier.card)?.querySelector(".card-picture").focus({ preventScroll: true });
  const noted = debounce(() => signal.aborted || remember({ shown, top: scroller.scrollTop }), 150);
  scroller.addEventListener("scroll", noted, { passive: true });
  list.addEventListener("click", (event) => remember({ shown, top: scroller.scrollTop, card: event.target.closest(".result")?.dataset.id }), { capture: true });
  const near = new IntersectionObserver((entries) => entries.some((each) => each.isIntersecting) && next(), { rootMargin: "600px" });
  near.observe(more);
  onSelection(() => {
    for (const own of cards.values()) own.dispatchEvent(new Event("marked"));
  }, signal);
  steer(list, signal);
  return () => {
    near.disconnect();
    end();
  };
}

/** A query that is not as queries are written. */
function unread(error) {
  const help = h("button", { class: "button", type: "button", on: { click: () => $("#help-button").click() } }, "How to search");
  return state({ title: "That query cannot be read", text: words(error).replace(/^.*query is wrong: /, ""), actions: [help] });
}

function summarise({ total, more }, query, other) {
  if (!total) return "Nothing matched";
  const many = `${count(total)}${more ? " or more" : ""} ${total === 1 ? "picture" : "pictures"}`;
  return other ? `${many}, the most alike first` : `${many}, best first`;
}

function heading(query, other) {
  if (!other) return query;
  return ["Like ", h("a", { href: `#/picture/${other.id}` }, other.name)];
}

function nothing(query, advice) {
  const missing = advice.find((line) => line.startsWith("no picture has: ")) ?? "";
  const typed = query.split(/\s+/).filter((word) => word && !missing.includes(word.toLowerCase()));
  const actions = [h("a", { class: "button", href: "#/" }, "All pictures")];
  if (/\s/.test(query)) actions.unshift(...typed.slice(0, 3).map((word) => h("a", { class: "button", href: hashOf(word) }, word)));
  const own = state({ title: "Nothing matched", actions });
  if (advice.length) own.querySelector("h1").after(...advice.map((line) => h("p", null, adviceOf(line, query))));
  else own.querySelector("h1").after(h("p", null, "Try fewer words, or other ones."));
  return own;
}

/** Arrow keys go from card to card. */
function steer(list, signal) {
  const key = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]") || event.target.closest("input, textarea, select, form")) return;
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, j: 1, k: -1 }[event.key];
    const links = [...list.querySelectorAll(".card-picture")];
    const edge = { Home: 0, End: links.length - 1 }[event.key];
    if (step === undefined && edge === undefined) return;
    event.preventDefault();
    const at = links.findIndex((link) => link.closest("li").contains(document.activeElement));
    const columns = getComputedStyle(list).gridTemplateColumns.split(" ").length;
    const wide = event.key === "ArrowDown" || event.key === "ArrowUp" ? columns : 1;
    const next = edge ?? (at < 0 ? 0 : Math.min(Math.max(at + step * wide, 0), links.length - 1));
    links[next]?.focus();
  };
  document.addEventListener("keydown", key, { signal });
}
