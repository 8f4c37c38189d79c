/** What was drawn: asked for once, and seen again at once. */

import { fromBase64, url } from "../api.js";
import { draw as drawn } from "../jobs.js";

/** @import {Source, View} from "./types.js" */

const KEPT = 24;

/**
 * Write how a picture is drawn as parameters of a request.
 * @param {View} view
 * @param {{width: number, height: number}} [size]
 */
export const parameters = (view, size) => ({
  generator: view.generator,
  layers: view.layers.join(","),
  strength: view.strength,
  size: size && `${size.width}x${size.height}`,
});

/** Keep what was drawn last. */
export function drawings() {
  /** @type {Map<string, string>} */
  const urls = new Map();

  function keep(key, blob) {
    const own = URL.createObjectURL(blob);
    urls.set(key, own);
    if (urls.size > KEPT) {
      const [oldest, former] = urls.entries().next().value;
      urls.delete(oldest);
      URL.revokeObjectURL(former);
    }
    return own;
  }

  return {
    /**
     * Draw a picture.
     * @param {Source} source
     * @param {View} view
     * @param {{signal: AbortSignal, onProgress?: (job: any) => void, size?: {width: number, height: number}}} how
     * @returns {Promise<string>} the URL of a blob
     */
    async draw(source, view, { size, ...how }) {
      const query = parameters(view, size);
      const key = url(source.stream ?? source.id, query);
      const known = urls.get(key);
      if (known) return known;
      if (!source.stream) return keep(key, await drawn(url(`/images/${encodeURIComponent(source.id)}/render`, query), how));
      const headers = { "Content-Type": "image/vnd.promptcodec" };
      const body = fromBase64(source.stream);
      return keep(key, await drawn(url("/decode", query), { ...how, method: "POST", body, headers }));
    },

    /** Forget everything. */
    close() {
      for (const own of urls.values()) URL.revokeObjectURL(own);
      urls.clear();
    },
  };
}
