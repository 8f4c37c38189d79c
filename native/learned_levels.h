#ifndef PX_LEARNED_LEVELS_H
#define PX_LEARNED_LEVELS_H

#include "learned_model.h"
#include "rangecoder.h"

enum { COSTS = 65537 };

/* What is to be quantised, and at which price. */
typedef struct {
    const int32_t *wanted;    /* (places, LATENTS), 1/256 of a level */
    int32_t weights[LATENTS]; /* of squared 1/256 levels */
    int64_t price;            /* of a bit's part */
} Aim;

/* One way through the levels of a grid, in coding order; one of `writer`, `reader`, `aim`, or none of them. */
typedef struct {
    int rows, columns, count; /* channels that are coded */
    const int32_t *places;    /* (places, PLACE) */
    int16_t *levels;          /* (places, LATENTS); a reader and an aim set them */
    px_encoder *writer;
    px_decoder *reader;
    const Aim *aim;
    const int32_t *costs; /* COSTS, by a share in 1/65536, with an aim or with nothing */
    int64_t bits;         /* what the levels cost, by `costs` */
    uint64_t error;       /* of an aim: squared, by the weights */
} Walk;

/* -1 without memory. */
int px_walk_levels(const Tables *tables, Walk *walk);

#endif
