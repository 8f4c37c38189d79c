/**
 * What the server says of a search, with what can be asked instead as links.
 * @module
 */
import { h } from "../dom.js";
import { hashOf } from "./box.js";

const ASKS = /(?:[a-z]+:"[^"]*"|[a-z]+:\S+)(?=.* asks for)/g;
const SPELT = /^spelt much like that: (.*)$/;

/**
 * Make a line of advice.
 * @param {string} line
 * @param {string} query
 * @returns {(Node | string)[]}
 */
export function adviceOf(line, query) {
  const spelt = SPELT.exec(line);
  if (spelt) {
    const words = spelt[1].split(", ");
    return ["Did you mean ", ...apart(words.map((word) => h("a", { href: hashOf(corrected(query, word)) }, word))), "?"];
  }
  const parts = [];
  let end = 0;
  for (const match of line.matchAll(ASKS)) {
    parts.push(line.slice(end, match.index), h("a", { href: hashOf(match[0]) }, h("code", null, match[0])));
    end = match.index + match[0].length;
  }
  parts.push(line.slice(end));
  if (typeof parts[0] === "string" && parts[0]) parts[0] = parts[0][0].toUpperCase() + parts[0].slice(1);
  return parts;
}

const apart = (links) => links.flatMap((link, at) => (at ? [" or ", link] : [link]));

/**
 * Put a word in the place of the one of a query that is most like it.
 * @param {string} query
 * @param {string} word
 */
function corrected(query, word) {
  const own = query.split(/\s+/);
  const alike = own.map((each) => shared(each.toLowerCase(), word));
  own[alike.indexOf(Math.max(...alike))] = word;
  return own.join(" ");
}

/** How much two words share: pairs of letters that both have, of all that they have. */
function shared(first, second) {
  const pairs = (text) => new Set(Array.from({ length: Math.max(text.length - 1, 0) }, (_, at) => text.slice(at, at + 2)));
  const [one, other] = [pairs(first), pairs(second)];
  return [...one].filter((pair) => other.has(pair)).length / Math.max(one.size + other.size, 1) + (first[0] === second[0] ? 0.1 : 0);
}
