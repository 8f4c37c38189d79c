/**
 * Pictures that the server draws: at once, or as a job whose progress it tells.
 * @module
 */
import { ask, Problem } from "./api.js";

/**
 * @typedef {{stage: string, done: number, total: number, note: string}} Progress
 * @typedef {{id: string, state: string, position: number, progress?: Progress, preview?: string, error?: string}} Job
 */

/**
 * Have a picture drawn; a job is followed to its end. An abort of the signal cancels it.
 * @param {string} path of a render or of /decode
 * @param {RequestInit & {onProgress?: (job: Job) => void}} [options]
 * @returns {Promise<Blob>} the picture
 * @throws {Problem} it cannot be drawn
 */
export async function draw(path, { onProgress, ...options } = {}) {
  const response = await ask(path, options);
  if (response.status !== 202) return response.blob();
  const { job } = await response.json();
  await follow(job, { onProgress, signal: options.signal });
  return (await ask(`/jobs/${job.id}/picture`, { signal: options.signal })).blob();
}

/**
 * Follow a job to its end. An abort of the signal cancels it.
 * @param {Job} job
 * @param {{signal?: AbortSignal | null, onProgress?: (job: Job) => void}} options
 * @throws {Problem} it failed
 */
export async function follow(job, { signal, onProgress }) {
  onProgress?.(job);
  const cancel = () => ask(`/jobs/${job.id}`, { method: "DELETE", keepalive: true }).catch(() => {});
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    for await (const { event, data } of events(`/jobs/${job.id}/events`, signal)) {
      if (event === "progress") onProgress?.(data);
      if (event === "failed") throw new Problem(500, data.error || "This could not be drawn.", "generator");
      if (event === "cancelled") throw new Problem(409, "The drawing was cancelled.", "cancelled");
      if (event === "done") break;
    }
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
}

/**
 * Read server-sent events.
 * @param {string} path
 * @param {AbortSignal | null} [signal]
 * @returns {AsyncGenerator<{event: string, data: any}>}
 */
export async function* events(path, signal) {
  const response = await ask(path, { signal, headers: { Accept: "text/event-stream" } });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value.replaceAll("\r", "");
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const lines = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      const field = (name) =>
        lines
          .filter((line) => line.startsWith(`${name}:`))
          .map((line) => line.slice(name.length + 1).trim())
          .join("\n");
      if (field("data")) yield { event: field("event") || "message", data: JSON.parse(field("data")) };
    }
  }
}
