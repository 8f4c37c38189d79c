/**
 * How many bytes a picture may have: a slider whose every step is as much to the eye as another.
 * @module
 */
import { count, h } from "../dom.js";

const LEAST = 64;
const MOST = 2048;
const STEPS = 200;
const PRESETS = [64, 128, 256, 512, 1024, 2048];

/** @param {number} step 0..STEPS */
const bytesAt = (step) => {
  const value = LEAST * (MOST / LEAST) ** (step / STEPS);
  const grain = value < 256 ? 4 : value < 1024 ? 8 : 16;
  return Math.round(value / grain) * grain;
};
const stepOf = (value) => Math.round((STEPS * Math.log(value / LEAST)) / Math.log(MOST / LEAST));

/** @param {() => void} changed */
export function budgetSlider(changed) {
  const remembered = Number(sessionStorage.getItem("budget")) || 384;
  const range = h("input", { type: "range", id: "budget", min: 0, max: STEPS, value: stepOf(remembered) });
  const output = h("output", { class: "number", for: "budget" });
  const presets = PRESETS.map((value) =>
    h("button", { class: "preset number", type: "button", style: { "--at": String(stepOf(value) / STEPS) }, title: `${value} bytes`, on: { click: () => set(value) } }, value < 1024 ? value : `${value / 1024}k`),
  );
  function set(value) {
    range.value = String(stepOf(value));
    moved();
  }
  function label() {
    const value = bytesAt(Number(range.value));
    output.textContent = `${count(value)} bytes`;
    range.setAttribute("aria-valuetext", `at most ${value} bytes`);
    PRESETS.forEach((each, at) => presets[at].setAttribute("aria-pressed", String(each === value)));
  }
  function moved() {
    label();
    sessionStorage.setItem("budget", String(bytesAt(Number(range.value))));
    changed();
  }
  range.addEventListener("input", moved);
  label();
  return {
    element: h(
      "div",
      { class: "budget" },
      h("div", { class: "row budget-head" }, h("label", { for: "budget" }, "Budget"), output),
      h("div", { class: "track" }, range, h("div", { class: "presets" }, presets)),
    ),
    value: () => bytesAt(Number(range.value)),
  };
}
