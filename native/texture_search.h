#ifndef PX_TEXTURE_SEARCH_H
#define PX_TEXTURE_SEARCH_H

#include "texture_model.h"

enum {
    ONE_BIT = 4096,   /* bits are counted in parts of this */
    SLOPE_FACTOR = 739, /* from slopes to 1/ONE_BIT of a bit: 4096 / (1024 * 8 * 256 * ln 2) is 739 / 2^18 */
    SLOPE_SHIFT = 18
};

/* What bits cost, in 1/ONE_BIT: a 0 and a 1 by logit, and by class and place of an exponent's bit. */
typedef struct {
    int32_t bits[2][2 * LOGIT_LIMIT + 1];
    int32_t escapes[2][ESCAPE_CLASSES][ESCAPE_BITS];
} Costs;

/* What is to be quantised, and at which price: 1/4096 of a squared pixel level for a bit. */
typedef struct {
    const int32_t *targets[PLANES]; /* amplitudes, 1/64 of a pixel level */
    int reach[PLANES];              /* frequencies that may be other than zero */
    int step, step_size;
    int64_t price;
    const int32_t *radii; /* RADII, squared, 1/16, ascending */
} Aim;

typedef struct {
    int64_t bits;  /* 1/ONE_BIT */
    int64_t error; /* 1/4096 of a squared pixel level */
    int radii[PLANES];
} Chosen;

int px_choose(const Tables *tables, const Costs *costs, const Area *area, const Aim *aim, const int32_t *pull,
           int32_t *const levels[PLANES], Chosen *chosen);
int px_influence(const Tables *tables, const Area *area, const Aim *aim, const int32_t *const levels[PLANES],
              int32_t *pull);

#endif
