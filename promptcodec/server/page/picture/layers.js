/** What people call a layer, what it says, and its colour in charts and on switches. */

const ABOUT = {
  semantic: ["Words", "what is where, cell by cell", "var(--layer-1)"],
  texture: ["Texture", "a coded thumbnail: colours, light and shade", "var(--layer-2)"],
  structure: ["Lines", "edges, contours or skeletons", "var(--layer-3)"],
  recipe: ["Recipe", "how the original was made: prompt, model, settings", "var(--layer-4)"],
  signature: ["Signature", "how the original measured, to check what is drawn", "var(--layer-5)"],
  pixels: ["Pixels", "a small picture, coded by WebP or AVIF", "var(--layer-6)"],
  about: ["About", "the seed, and the original's size", "var(--line-strong)"],
};
const UNKNOWN = ["", "", "var(--line-strong)"];
const CODERS = { dct: "cosine transform", verbatim: "word for word" };

/** @param {string} type @returns {string} */
export const layerName = (type) => ABOUT[type]?.[0] ?? type;

/** @param {string} type @returns {string} as it stands within a sentence */
export const shortName = (type) => layerName(type).toLowerCase();

/** @param {string} type @param {string | null} coder @returns {string} what it says, and how that is coded */
export const layerWhat = (type, coder) =>
  [(ABOUT[type] ?? UNKNOWN)[1], coder && (CODERS[coder] ?? coder)].filter(Boolean).join(" · ");

/** @param {string} type @returns {string} of CSS */
export const layerColour = (type) => (ABOUT[type] ?? UNKNOWN)[2];
