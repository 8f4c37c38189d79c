/**
 * The gallery: every picture at once as its colours, sharper where one looks.
 * @module
 */
import { about } from "../api.js";
import { count, debounce, h } from "../dom.js";
import { selectionBar } from "../export/bar.js";
import { setTrail } from "../picture/trail.js";
import { onSelection } from "../selection.js";
import { announce, complain, remember, remembered, state, title } from "../shell.js";
import { BLOCK, Blocks } from "./blocks.js";
import { foot } from "./foot.js";
import { boxesOf, heightOf, layout } from "./layout.js";
import { Maps, meanColour, pixelsOf } from "./maps.js";
import { fetchNames } from "./names.js";
import { Options } from "./options.js";
import { paint } from "./paint.js";
import { steer } from "./steer.js";
import { fetchTiles, sideFor } from "./tiles.js";

const REST = 110;
const AHEAD = 300;
/** Pictures whose colours are fetched before they are looked for: 12 MB. */
const MOST_AHEAD = 131_072;

/**
 * Where one was, and how large pictures are; kept while the page is open. `moved`: the focus went on while one
 * was with a picture.
 */
const kept = { position: 0, focus: 0, moved: false, target: matchMedia("(max-width: 640px)").matches ? 104 : 150 };

const blocks = new Blocks();

/** @param {HTMLElement} root */
export async function mount(root) {
  title("");
  const ended = new AbortController();
  const { signal } = ended;
  kept.position = remembered().position ?? kept.position;
  const [{ palette, writable }] = await Promise.all([about(), blocks.start(signal)]);
  if (!root.isConnected) return undefined;
  if (blocks.total === 0) root.append(nothing(writable));
  else {
    const view = shown(root, new Maps(pixelsOf(palette)), signal);
    blocks.changed = () => signal.aborted || view.refresh();
    announce(`${count(blocks.total)} pictures`);
  }
  return () => ended.abort();
}

function nothing(writable) {
  const actions = writable ? [h("a", { class: "button primary", href: "#/upload" }, "Add a picture")] : [];
  const text = writable
    ? "Drop one anywhere on the page, or paste it, and watch it become a few hundred bytes of words and colours."
    : "Whoever runs this server can add some.";
  return state({ title: "No pictures yet", text, actions });
}

function shown(root, maps, signal) {
  const canvas = h("canvas", { "aria-hidden": "true" });
  const list = h("div", { class: "options", role: "listbox", "aria-label": "Pictures", "aria-multiselectable": "true" });
  const scroller = h("div", { class: "scroller" }, list);
  const options = new Options(list, blocks);
  options.focus = kept.focus;
  const mean = blocks.mean();
  let at = layout({ width: 0, total: blocks.total, mean, target: kept.target, padding: 0 });
  let frame = 0;
  let fitted = "";
  let painted = false;

  /** Give the pictures of the rows that are in view, or near it. */
  function inView(margin = 0) {
    const { scrollTop, clientHeight } = scroller;
    const first = Math.max(Math.floor((scrollTop - margin - at.padding) / at.pitch), 0);
    const last = Math.min(Math.floor((scrollTop + clientHeight + margin - at.padding) / at.pitch), at.rows - 1);
    const placed = [];
    for (let row = first; row <= last; row++) {
      const y = row * at.pitch + at.padding;
      boxesOf(at, row, (position) => blocks.proportion(position), mean).forEach((box, k) =>
        placed.push({ position: row * at.columns + k, box, y: y + box.top, top: y + box.top - scrollTop }),
      );
    }
    return placed;
  }

  function draw() {
    frame = 0;
    if (paint(canvas, inView(), blocks, maps)) soon();
    bottom.moved();
    if (!painted && blocks.colours(0)) {
      painted = true;
      performance.mark("gallery-painted");
    }
  }
  function soon() {
    frame ||= requestAnimationFrame(draw);
  }

  const put = () => options.show(inView(AHEAD));
  let putAt = 0;
  function scrolled() {
    kept.position = Math.max(Math.floor((scroller.scrollTop - at.padding) / at.pitch), 0) * at.columns;
    soon();
    loading?.abort();
    if (performance.now() - putAt > REST) {
      putAt = performance.now();
      put();
    }
    rested();
  }

  /** @type {AbortController | undefined} */
  let loading;
  let waiting = false;
  const rested = debounce(() => {
    if (signal.aborted) return;
    remember({ position: kept.position });
    put();
    loading?.abort();
    loading = new AbortController();
    const placed = inView();
    const wide = inView(AHEAD);
    const [first, last] = [wide[0]?.position ?? 0, wide.at(-1)?.position ?? 0];
    for (const position of [first, last, Math.max(first - BLOCK, 0), Math.min(last + BLOCK, blocks.total - 1)]) {
      blocks.load(position).catch(complain);
    }
    waiting = !blocks.id(first) || !blocks.id(last);
    if (waiting) return; // comes again with its block
    const side = sideFor(Math.max(...placed.map(({ box }) => Math.max(box.width, box.height))) * devicePixelRatio);
    const ids = [...new Set([...placed, ...wide].map(({ position }) => blocks.id(position)))];
    fetchNames(first, last - first + 1, loading.signal)
      .then(() => options.name())
      .catch(complain);
    fetchTiles(ids, side, loading.signal, soon).catch(complain);
  }, REST);

  /** Lay out anew, keeping what one looks at where it is. */
  function fit() {
    const wide = scroller.clientWidth;
    if (!wide || !canvas.clientHeight) return;
    fitted = `${wide}x${scroller.clientHeight}`;
    const { position } = kept;
    const padding = wide < 640 ? 4 : 12;
    at = layout({ width: wide, total: blocks.total, mean, target: kept.target, padding });
    list.style.height = `${heightOf(at)}px`;
    canvas.width = Math.round(canvas.clientWidth * devicePixelRatio);
    canvas.height = Math.round(canvas.clientHeight * devicePixelRatio);
    const row = Math.floor(position / at.columns);
    scroller.scrollTop = row ? row * at.pitch + at.padding : 0;
    draw();
    put();
    rested();
  }

  const gallery = {
    blocks, scroller, options, kept, signal,
    layout: () => at,
    mix: (colours) => meanColour(colours, maps.pixels),
    resize(target) {
      kept.target = target;
      fit();
    },
    /** Bring a position into view. */
    reveal(position, { middle = false } = {}) {
      const top = Math.floor(position / at.columns) * at.pitch + at.padding;
      const room = scroller.clientHeight - at.height;
      if (middle) scroller.scrollTop = top - room / 2;
      else scroller.scrollTop = Math.min(Math.max(scroller.scrollTop, top - room + at.padding), top - at.padding);
      put();
    },
  };
  const bottom = foot(gallery);
  root.append(h("div", { class: "gallery" }, h("h1", { class: "hidden" }, "All pictures"), canvas, scroller, bottom.element, selectionBar(signal)));
  steer(gallery);
  scroller.addEventListener("scroll", scrolled, { passive: true, signal });
  addEventListener("themechange", soon, { signal });
  addEventListener("serverback", rested, { signal });
  onSelection(() => options.mark(), signal);
  const sized = new ResizeObserver(() => {
    const size = `${scroller.clientWidth}x${scroller.clientHeight}`;
    if (size !== fitted) fit();
  });
  sized.observe(scroller);
  signal.addEventListener("abort", () => {
    sized.disconnect();
    cancelAnimationFrame(frame);
    rested.cancel();
    loading?.abort();
  });
  fit();
  allBlocks(signal);
  bottom.coloured();
  setTrail(trail);
  if (kept.moved) gallery.reveal(kept.focus);
  kept.moved = false;
  if (kept.focus) options.take(kept.focus);
  return {
    refresh() {
      if (at.total !== blocks.total) fit();
      soon();
      if (waiting) rested();
      bottom.coloured();
    },
  };
}

/** Where one goes on from a picture that was opened here; who comes back finds the last one. */
async function trail(id) {
  const near = [kept.focus, kept.focus + 1, kept.focus - 1];
  const at = near.find((position) => position >= 0 && blocks.id(position) === id);
  if (at === undefined) return {};
  kept.moved ||= at !== kept.focus;
  kept.focus = at;
  return { before: (at > 0 && blocks.id(at - 1)) || undefined, after: blocks.id(at + 1) || undefined };
}

/**
 * Fetch the colours of all pictures little by little, so that going anywhere shows them at once. On a slow line
 * half of the time is left to what is looked at.
 */
async function allBlocks(signal) {
  const spare = !navigator.connection?.saveData;
  let pause = 120;
  for (let start = 0; spare && start < Math.min(blocks.total, MOST_AHEAD) && !signal.aborted; start += BLOCK) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    if (signal.aborted) return;
    const began = performance.now();
    await blocks.load(start).catch(() => {});
    pause = Math.max(120, performance.now() - began);
  }
}
