/**
 * Pictures that are sent to be kept.
 * @module
 */
import { ask, url } from "../api.js";

/** The media type of a .pxt. */
export const STREAM = "image/vnd.promptcodec";

/** @param {File} file */
export const isStream = (file) => file.name.toLowerCase().endsWith(".pxt");

/**
 * Have a picture kept, or a stream as it is.
 * @param {File} file
 * @param {number} budget bytes
 * @returns {Promise<{image: any, isNew: boolean}>} isNew: it was not there before
 */
export async function keep(file, budget) {
  const coded = isStream(file);
  const type = coded ? STREAM : file.type || "application/octet-stream";
  const path = url("/images", { name: file.name, budget: coded ? "" : budget });
  const response = await ask(path, { method: "POST", headers: { "Content-Type": type }, body: file });
  const { image } = await response.json();
  return { image, isNew: response.status === 201 };
}

/**
 * Have many kept, one after the other.
 * @param {File[]} files
 * @param {number} budget
 * @param {AbortSignal} signal ends it after the picture that is on its way
 * @param {(done: number) => void} progress
 * @returns {Promise<{kept: number, refused: {name: string, error: any}[]}>}
 */
export async function keepAll(files, budget, signal, progress) {
  let kept = 0;
  const refused = [];
  for (const [at, file] of files.entries()) {
    if (signal.aborted) break;
    progress(at);
    try {
      await keep(file, budget);
      kept++;
    } catch (error) {
      refused.push({ name: file.name, error });
      if (error.status === 0 || error.status === 401 || error.status === 403) break; // so would be the rest
    }
  }
  return { kept, refused };
}
