/** The state of one view: a value that is replaced, and those who want to know. */

/**
 * @template {object} State
 * @param {State} initial
 * @returns {{get: () => State, set: (patch: Partial<State>) => void,
 *   on: (names: (keyof State)[], listener: (state: State) => void) => void}}
 */
export function store(initial) {
  let state = initial;
  /** @type {{names: (keyof State)[], listener: (state: State) => void}[]} */
  const listeners = [];
  return {
    get: () => state,
    set(patch) {
      const before = state;
      state = { ...state, ...patch };
      for (const { names, listener } of listeners) {
        if (names.some((name) => before[name] !== state[name])) listener(state);
      }
    },
    /** Call a listener now, and whenever one of these fields is another. */
    on(names, listener) {
      listeners.push({ names, listener });
      listener(state);
    },
  };
}
