/**
 * The types of this folder; there is nothing here to run.
 *
 * @typedef {object} Cell what one cell of the grid says, nothing left to inherit
 * @property {number} row from 1
 * @property {number} column from 1
 * @property {string} label such as `r2c3`
 * @property {number} tone steps of lightness from what its colours are called
 * @property {string[]} colours one or two names of the palette
 * @property {string} arrangement how two colours lie: over, beside, with
 * @property {string} texture
 * @property {string} orientation
 * @property {string} text what is there
 *
 * @typedef {{top: number, left: number, bottom: number, right: number}} Box cells from 1, inclusive
 * @typedef {{name: string, box: Box, attributes: string[]}} Thing an object of the description
 * @typedef {{text: string, box: Box, manner: string}} Lettering
 *
 * @typedef {object} Description as `promptcodec inspect` gives it
 * @property {string} medium
 * @property {string} summary
 * @property {{light: string, mood: string}} style
 * @property {number} rows
 * @property {number} cols
 * @property {object[]} cells as they are written: they may leave unsaid what a neighbour says
 * @property {Thing[]} objects
 * @property {Lettering[]} lettering
 *
 * @typedef {{type: string, coder: string | null, bytes: number, offset: number}} Part
 *
 * @typedef {object} Picture the answer of `GET /images/{id}`
 * @property {string} id
 * @property {string} name
 * @property {number} width
 * @property {number} height
 * @property {number} original_width
 * @property {number} original_height
 * @property {number} bytes
 * @property {number} bpp
 * @property {number} overhead_bytes
 * @property {Part[]} parts
 * @property {Description | null} description
 * @property {string | null} text the canonical text
 * @property {{fields: object} | null} recipe
 * @property {string[]} [tags]
 * @property {string | null} [parent]
 * @property {string[]} [edits]
 * @property {string[]} [layers] those that can be drawn
 * @property {string | number | null} [time]
 * @property {string} [colours] base64 of the colour map
 *
 * @typedef {object} View how a picture is drawn
 * @property {string} generator
 * @property {string[]} layers
 * @property {number} strength
 *
 * @typedef {object} Source what is drawn
 * @property {string} [id] of a picture that is kept
 * @property {string} [stream] base64 of one that is not
 *
 * @typedef {{operation: string, arguments: string[]}} Edit
 *
 * @typedef {object} Draft a picture that is being edited
 * @property {Edit[]} edits
 * @property {string} stream base64
 * @property {Picture} picture what the edited stream says
 * @property {string[]} warnings
 * @property {string} shows `all`, `part` or `nothing`: what builtin shows of it
 *
 * @typedef {object} Against what the picture is compared with
 * @property {string} label
 * @property {Source} source
 * @property {View} view
 */
export {};
