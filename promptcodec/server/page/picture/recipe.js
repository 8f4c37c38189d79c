/** How the original was made: its recipe as a table, for other tools, and to be changed. */

import { h, refill } from "../dom.js";
import { complain, toast } from "../shell.js";
import { exported } from "./recipe-export.js";

/** @import {Edit} from "./types.js" */

const TOOLS = { a1111: "A1111", comfyui: "ComfyUI", invokeai: "InvokeAI", diffusers: "diffusers" };

/** @param {any} recipe */
const settingsOf = (recipe) => recipe?.fields?.settings ?? {};

/**
 * @param {ReturnType<import("./store.js").store>} store
 * @param {{edit: (edit: Edit) => Promise<boolean>}} tools
 * @returns {HTMLElement}
 */
export function recipePanel(store, { edit }) {
  const element = h("div", { class: "stack" });
  store.on(["shown"], ({ shown, draft, picture }) => {
    if (!shown.recipe) {
      refill(element, h("p", { class: "note" }, "This picture was kept without a recipe."));
      return;
    }
    const { prompt = "", negative = "" } = settingsOf(shown.recipe);
    refill(
      element,
      copying(picture.id, prompt, Boolean(draft)),
      textForm("Prompt", prompt, (text) => edit({ operation: "prompt", arguments: [text] })),
      textForm("Negative prompt", negative, (text) => edit({ operation: "negative", arguments: [text] })),
      table(shown.recipe.fields),
    );
  });
  return element;
}

/** A text that can be changed in place. */
function textForm(label, value, submit) {
  const field = h("textarea", { rows: Math.min(9, Math.max(2, Math.ceil(value.length / 44))), spellcheck: "false" }, value);
  const button = h("button", { class: "button", disabled: true }, "Try this");
  field.addEventListener("input", () => (button.disabled = field.value === value));
  const form = h("form", { class: "text-form" }, h("label", { class: "field" }, label, field), button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(field.value.trim());
  });
  return form;
}

function copying(id, prompt, drafted) {
  const notes = h("div", { class: "copy-notes", "aria-live": "polite" });
  const copy = (label, give) => {
    const button = h("button", { class: "button", type: "button" }, label);
    button.addEventListener("click", async () => {
      try {
        const { text, notices } = await give();
        await navigator.clipboard.writeText(text);
        refill(
          notes,
          h("p", { class: "copied" }, `Copied as ${label}.`),
          notices.length > 0 && h("ul", { class: "note" }, notices.map((each) => h("li", null, each))),
        );
        button.classList.add("done");
        setTimeout(() => button.classList.remove("done"), 1600);
      } catch (error) {
        if (error.name === "NotAllowedError") toast("The browser does not let the page copy.", { kind: "bad" });
        else complain(error);
      }
    });
    return button;
  };
  const plain = async () => ({ text: prompt, notices: [] });
  return h(
    "section",
    { class: "stack small copy", "aria-label": "Copy" },
    h("h2", null, "Copy as"),
    drafted
      ? h("p", { class: "note" }, "Keep the changes, or discard them: what is kept can be copied.")
      : h("div", { class: "row" }, copy("Prompt", plain), Object.entries(TOOLS).map(([name, label]) => copy(label, () => exported(id, name)))),
    notes,
  );
}

const shown = (value) => (typeof value === "object" && value !== null ? JSON.stringify(value) : String(value));

function table({ platform = {}, model = {}, settings = {}, extra = {}, ...others }) {
  const { prompt, negative, ...rest } = settings;
  const rows = (fields, prefix = "") =>
    Object.entries(fields).map(([name, value]) =>
      h("tr", null, h("th", { scope: "row" }, prefix + name.replaceAll("_", " ")), h("td", null, shown(value))),
    );
  const more = rows(extra);
  return h(
    "section",
    { class: "stack small" },
    h("h2", null, "Settings"),
    h(
      "table",
      { class: "recipe-table" },
      h("caption", { class: "hidden" }, "Settings of the recipe"),
      h("tbody", null, rows(platform), model.name && rows({ model: model.name }), rows(omit(model, "name"), "model "), rows(rest), Object.entries(others).flatMap(([name, value]) => rows({ [name]: value }))),
    ),
    more.length > 0 &&
      h("details", null, h("summary", null, `More that it says (${more.length})`), h("table", { class: "recipe-table" }, h("caption", { class: "hidden" }, "More"), h("tbody", null, more))),
  );
}

const omit = (fields, name) => Object.fromEntries(Object.entries(fields).filter(([other]) => other !== name));
