/* Text to tokens and back: promptcodec/entropy/ppm/bpe.py is the reference and says how. */

#ifndef PX_VOCABULARY_H
#define PX_VOCABULARY_H

#include "symbols.h"

#define PX_BYTES 256      /* tokens that are single bytes, the first by rank */
#define PX_TOKENS 32768   /* tokens at most */
#define PX_TOKEN_BYTES 64 /* bytes of a token at most */

typedef struct {
    PyObject_HEAD
    uint32_t size;
    uint16_t end;
    uint16_t *numbers;  /* by rank */
    uint32_t *starts;   /* of the bytes of each token, by number; one more than tokens */
    uint8_t *text;      /* the bytes of all tokens */
    uint32_t *pairs;    /* a hash table: the two parts of a merge, plus 1 */
    uint16_t *ranks;    /* and its rank */
    uint32_t mask;      /* of places in it */
    PyObject *pieces;   /* the tokens' bytes as a list, once asked for */
} px_vocabulary;

/* A vocabulary of `size` tokens; NULL and ValueError if the numbers are no such. */
px_vocabulary *px_vocabulary_make(const uint16_t *merges, const uint16_t *numbers, uint32_t size);

/* The tokens of a text, the end token last, malloc'ed; NULL without memory. */
uint16_t *px_tokens(const px_vocabulary *vocabulary, const uint8_t *data, size_t size, size_t *count);

/* The text of folded bytes, as Python's bytes; NULL and an exception if they are of no text. */
PyObject *px_unfolded(const uint8_t *data, size_t size);

int px_add_vocabulary(PyObject *module);
int px_add_ppm(PyObject *module);

#endif
