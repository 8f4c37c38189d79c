/** Whether what is drawn means what the stream says, in plain words. */

import { ask, url } from "../api.js";
import { h, refill } from "../dom.js";
import { follow } from "../jobs.js";
import { words as errorWords } from "../shell.js";
import { parameters } from "./drawings.js";

const AIMS = {
  features: "Things",
  geometry: "Places",
  photometry: "Colours and light",
  style: "Style",
  semantics: "Meaning",
  integrity: "Lettering and details",
};
const VERDICTS = {
  pass: ["Agrees", "What is drawn shows what the stream says."],
  fail: ["Disagrees", "What is drawn does not show what the stream says."],
  "not run": ["Not checked", "Nothing of this picture could be compared."],
};

/**
 * @param {ReturnType<import("./store.js").store>} store
 * @returns {{element: HTMLElement, opened: () => void, close: () => void}}
 */
export function checking(store) {
  const element = h("div", { class: "stack", "aria-live": "polite" });
  let turn = new AbortController();
  let checked = "";

  async function run() {
    const { picture, view, draft } = store.get();
    turn.abort();
    if (draft) {
      checked = "";
      refill(element, h("p", { class: "note" }, "Keep the changes, or discard them: what is kept can be checked."));
      return;
    }
    const path = url(`/images/${picture.id}/check`, parameters(view));
    if (path === checked) return;
    checked = path;
    turn = new AbortController();
    refill(element, h("p", { class: "note looking" }, "Looking at what was drawn…"));
    try {
      refill(element, ...report(await reported(path, turn.signal)));
    } catch (error) {
      if (error.name === "AbortError") return;
      checked = "";
      if (error.status === 0) addEventListener("serverback", run, { once: true, signal: turn.signal });
      refill(
        element,
        h("p", { role: "alert" }, errorWords(error)),
        h("button", { class: "button", type: "button", on: { click: run } }, "Try again"),
      );
    }
  }

  return { element, opened: run, close: () => turn.abort() };
}

/** Ask for the report; where the picture has to be drawn first, ask again when it is. */
async function reported(path, signal) {
  for (;;) {
    const answer = await ask(path, { signal });
    const value = await answer.json();
    if (answer.status !== 202) return value;
    await follow(value.job, { signal });
  }
}

function report({ verdict, score, threshold, aims, fields, compared, warnings = [] }) {
  const [title, text] = VERDICTS[verdict] ?? [verdict, ""];
  const share = (value) => `${Math.round(value * 100)} %`;
  const differ = fields.filter((field) => field.agree === false);
  const agree = fields.filter((field) => field.agree === true);
  const open = fields.filter((field) => field.agree === null);
  const list = compared.length > 1 ? `${compared.slice(0, -1).join(", ")} and ${compared.at(-1)}` : compared.join("");
  return [
    h("div", { class: `verdict ${verdict === "pass" ? "good" : "bad"}` }, h("strong", null, title), h("p", null, text)),
    h(
      "p",
      { class: "note" },
      `Score ${score.toFixed(2)}; from ${threshold.toFixed(2)} on it agrees. `,
      list && `Compared: ${list}. `,
      "The picture is compared with the stream alone, not with the original.",
    ),
    h(
      "dl",
      { class: "aims" },
      Object.entries(aims).map(([aim, value]) =>
        h(
          "div",
          null,
          h("dt", null, AIMS[aim] ?? aim),
          h("dd", null, value === null ? h("span", { class: "note" }, "not compared") : [h("i", { class: "meter", style: { "--share": value } }), h("span", { class: "number" }, share(value))]),
        ),
      ),
    ),
    differ.length > 0 && fieldTable("What differs", differ),
    agree.length > 0 && h("details", null, h("summary", null, `What agrees (${agree.length})`), fieldTable("", agree)),
    open.length > 0 && h("details", null, h("summary", null, `What could not be compared (${open.length})`), fieldTable("", open)),
    ...warnings.map((each) => h("p", { class: "note" }, each.text ?? each)),
  ].filter(Boolean);
}

const shown = (value) => (Array.isArray(value) ? value.join(", ") || "none" : value === null ? "not measured" : String(value));

function fieldTable(title, fields) {
  return h(
    "table",
    { class: "field-table" },
    h("caption", { class: title ? "" : "hidden" }, title || "Fields"),
    h("thead", null, h("tr", null, ["Field", "Says", "Shows"].map((each) => h("th", { scope: "col" }, each)))),
    h(
      "tbody",
      null,
      fields.map(({ name, expected, got, not_run: reason }) =>
        h("tr", null, h("th", { scope: "row" }, name), h("td", null, shown(expected)), h("td", null, reason || shown(got))),
      ),
    ),
  );
}
