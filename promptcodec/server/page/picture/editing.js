/** Edits of a picture: tried at once, then kept as a new picture, or given up. */

import { json } from "../api.js";
import { announce, complain, go, toast } from "../shell.js";

/** @import {Draft, Edit} from "./types.js" */

/** Whether an edit takes the place of the one before it: another word, or another colour, for the same place. */
function supersedes(edit, before) {
  if (edit.operation !== before?.operation) return false;
  if (["prompt", "negative"].includes(edit.operation)) return true;
  return ["cell", "recolour"].includes(edit.operation) && edit.arguments[0] === before.arguments[0];
}

/**
 * Edit what is shown.
 * @param {ReturnType<import("./store.js").store>} store
 */
export function editing(store) {
  let turn = new AbortController();

  const patch = (edits, keep) =>
    json(`/images/${store.get().picture.id}`, {
      method: "PATCH",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ edits, keep }),
      signal: turn.signal,
    });

  /**
   * Try edits; what was being tried before is not waited for.
   * @param {Edit[]} edits
   * @returns {Promise<boolean>} whether they could be made
   */
  async function attempt(edits) {
    turn.abort();
    turn = new AbortController();
    if (!edits.length) {
      discard();
      return true;
    }
    store.set({ trying: true });
    const { signal } = turn;
    try {
      const answer = await patch(edits, false);
      const { picture } = store.get();
      const draft = {
        edits,
        stream: answer.stream,
        picture: { ...picture, ...answer.inspected, id: picture.id, name: picture.name },
        warnings: answer.warnings.map((each) => each.text ?? each),
        shows: answer.builtin_shows,
      };
      store.set({ draft, shown: draft.picture, lit: null });
      announce(`Tried: ${edits.length} ${edits.length === 1 ? "change" : "changes"}.`);
      return true;
    } catch (error) {
      complain(error);
      return false;
    } finally {
      if (!signal.aborted) store.set({ trying: false });
    }
  }

  function discard() {
    store.set({ draft: null, shown: store.get().picture, trying: false, cell: null, thing: null });
  }

  return {
    /** @param {Edit} edit one more */
    edit(edit) {
      const edits = store.get().draft?.edits ?? [];
      return attempt([...(supersedes(edit, edits.at(-1)) ? edits.slice(0, -1) : edits), edit]);
    },
    /** Take the last edit back. */
    undo: () => attempt((store.get().draft?.edits ?? []).slice(0, -1)),
    discard,
    /** Keep the picture as it is edited, and go to it. */
    async keep() {
      const { draft, picture } = store.get();
      store.set({ trying: true });
      try {
        const { image } = await patch(draft.edits, true);
        const back = () => go(`#/picture/${picture.id}`);
        toast("Kept as a new picture.", { action: ["Show the one before", back] });
        go(`#/picture/${image.id}`);
      } catch (error) {
        complain(error);
      } finally {
        store.set({ trying: false });
      }
    },
    close: () => turn.abort(),
  };
}
