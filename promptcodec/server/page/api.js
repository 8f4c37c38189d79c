/**
 * The server, as the page speaks to it.
 * @module
 */

/** An answer that is no success, as RFC 9457 has it. `status` 0: there was no answer. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {string} detail
   * @param {string} [kind]
   * @param {string} [hint]
   */
  constructor(status, detail, kind = "", hint = "") {
    super(detail);
    this.name = "Problem";
    this.status = status;
    this.kind = kind;
    this.hint = hint;
  }
}

const TOKEN = "token";

/** Listeners of the shell: whether the server answers, and how to come by a token. */
export const shell = {
  /** @type {(up: boolean) => void} */
  online: () => {},
  /** @type {(refused: boolean) => Promise<boolean>} */
  token: async () => false,
};

/** @param {string} token */
export const keepToken = (token) => sessionStorage.setItem(TOKEN, token);

/**
 * Ask the server. A 401 opens the token dialog and, where one is given, asks again.
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<Response>} a success
 * @throws {Problem} for anything else; an abort throws its AbortError
 */
export async function ask(path, options = {}) {
  for (;;) {
    const token = sessionStorage.getItem(TOKEN);
    const headers = new Headers(options.headers);
    if (token) headers.set("Authorization", `Bearer ${token}`);
    let response;
    try {
      response = await fetch(path, { ...options, headers });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      shell.online(false);
      throw new Problem(0, "The server does not answer.", "offline");
    }
    shell.online(true);
    if (response.ok) return response;
    if (response.status !== 401) throw await problemOf(response);
    sessionStorage.removeItem(TOKEN);
    if (!(await shell.token(Boolean(token)))) throw await problemOf(response);
  }
}

async function problemOf(response) {
  try {
    const body = await response.json();
    return new Problem(response.status, body.detail || body.title, body.kind, body.hint);
  } catch {
    return new Problem(response.status, response.statusText || `HTTP ${response.status}`);
  }
}

/**
 * Ask for JSON.
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<any>}
 */
export const json = async (path, options) => (await ask(path, options)).json();

/**
 * Write a path with its parameters; those that are undefined, null or "" are left out.
 * @param {string} path
 * @param {Record<string, any>} parameters
 */
export function url(path, parameters) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null && value !== "") query.set(name, String(value));
  }
  return query.size ? `${path}?${query}` : path;
}

/** @type {Promise<any> | undefined} */
let known;

/** Give what the server says of itself (`GET /about`); asked once. */
export function about() {
  known ??= json("/about").catch((error) => {
    known = undefined;
    throw error;
  });
  return known;
}

/** @param {string} text in base64 */
export const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
