/* What is expected of a level, in whole numbers: promptcodec/layers/texture/learned/context.py in C. */

#ifndef PX_LEARNED_MODEL_H
#define PX_LEARNED_MODEL_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    LATENTS = 64,
    GROUPS = 5,
    MOST_OWN = 24,
    MOST_BEFORE = 40,
    HIDDEN = 64,
    PLACE = 6,
    AROUND = 9,
    BESIDE = 6,
    PAD = 2, /* places around a field that are zero */
    LOGIT_LIMIT = 2559,
    SCALE_LOW = -96,
    SCALE_HIGH = 112,
    MOST = 255, /* levels, without their signs */
    HIDDEN_LIMIT = 4095,
    TOTAL = 32 * 65536 + 2 * MOST + 1, /* of the shares of levels */
    /* With these no sum of the network passes 32 bits: see `expect`. */
    WEIGHT_LIMIT = 4095,
    MAGNITUDE_LIMIT = 128,
    BIAS_LIMIT = 1 << 30,
    FEATURE_LIMIT = 1 << 20
};

/* The weights of a group of `own` channels, `before` channels being known. A level's sign chooses the row that its
   magnitude is multiplied with: that of unsigned magnitudes plus, or less, that of signed ones. */
typedef struct {
    int before, own;
    int32_t place[PLACE][HIDDEN], bias1[HIDDEN], bias2[HIDDEN], bias3[2 * MOST_OWN];
    int16_t known[AROUND][MOST_BEFORE][2][HIDDEN];
    int16_t beside[BESIDE][MOST_OWN][2][HIDDEN];
    int16_t direct[BESIDE][MOST_OWN][MOST_OWN];
    int16_t second[HIDDEN][HIDDEN];
    int16_t out[HIDDEN][2 * MOST_OWN]; /* 2 * own of each row: means, scales */
} Group;

typedef struct {
    int32_t chances[2 * LOGIT_LIMIT + 1]; /* rising, 0..65536 */
    int32_t rates[SCALE_HIGH - SCALE_LOW + 1];
    int16_t magnitudes[MOST + 1];
    Group groups[GROUPS];
} Tables;

/* The levels known so far, `wide` places a line, all around PAD places of zeros. */
typedef struct {
    int16_t *levels; /* LATENTS a place */
    ptrdiff_t around[AROUND], beside[BESIDE];
} Field;

/* Of the channels of a group at a place: means in 1/256 of a level, reciprocals of scales in 1/16384. */
typedef struct {
    int32_t means[MOST_OWN], rates[MOST_OWN];
} Expected;

static inline int clip(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

static inline void add_row(int32_t *restrict sum, const int16_t *restrict row, int16_t factor, int count)
{
    for (int k = 0; k < count; k++)
        sum[k] += factor * row[k];
}

static inline void add_level(int32_t *sum, const Tables *tables, const int16_t rows[2][HIDDEN], int level)
{
    add_row(sum, rows[level < 0], tables->magnitudes[abs(level)], HIDDEN);
}

/* What the first layer makes of a place. Beyond BIAS_LIMIT no neighbours bring it back to what is not clipped. */
static inline void begin(int32_t *sum, const Group *group, const int32_t *place)
{
    for (int k = 0; k < HIDDEN; k++) {
        int64_t total = group->bias1[k];
        for (int p = 0; p < PLACE; p++)
            total += (int64_t)group->place[p][k] * clip(place[p], -FEATURE_LIMIT, FEATURE_LIMIT);
        sum[k] = (int32_t)(total < -BIAS_LIMIT ? -BIAS_LIMIT : total > BIAS_LIMIT ? BIAS_LIMIT : total);
    }
}

/* Sums are at most, in 2**20: first 1024 + (9 * 80 + 12 * 24) * 128 * 4095 / 2**20 < 1528; the others
   1024 + 64 * 4095 * 4095 / 2**20 < 2048. Levels beside a mean add up to 6 * 24 * 255 * 4095. */
static inline void expect(Expected *expected, const Tables *tables, const Group *group, const Field *field,
                          size_t at, const int32_t *place)
{
    int own = group->own, before = group->before;
    int32_t first[HIDDEN], second[HIDDEN], out[2 * MOST_OWN], direct[MOST_OWN] = {0};
    begin(first, group, place);
    for (int n = 0; n < AROUND; n++) {
        const int16_t *levels = field->levels + (ptrdiff_t)at + field->around[n];
        for (int c = 0; c < before; c++)
            if (levels[c])
                add_level(first, tables, group->known[n][c], levels[c]);
    }
    for (int n = 0; n < BESIDE; n++) {
        const int16_t *levels = field->levels + (ptrdiff_t)at + field->beside[n] + before;
        for (int c = 0; c < own; c++)
            if (levels[c]) {
                add_level(first, tables, group->beside[n][c], levels[c]);
                add_row(direct, group->direct[n][c], levels[c], own);
            }
    }
    memcpy(second, group->bias2, sizeof second);
    for (int k = 0; k < HIDDEN; k++) {
        int hidden = clip(first[k] >> 8, 0, HIDDEN_LIMIT);
        if (hidden)
            add_row(second, group->second[k], (int16_t)hidden, HIDDEN);
    }
    memcpy(out, group->bias3, sizeof out);
    for (int k = 0; k < HIDDEN; k++) {
        int hidden = clip(second[k] >> 10, 0, HIDDEN_LIMIT);
        if (hidden)
            add_row(out, group->out[k], (int16_t)hidden, 2 * own);
    }
    for (int c = 0; c < own; c++) {
        expected->means[c] = (out[c] >> 8) + (direct[c] >> 2);
        expected->rates[c] = tables->rates[clip(out[own + c] >> 12, SCALE_LOW, SCALE_HIGH) - SCALE_LOW];
    }
}

/* The chance of no more than a level, in 1/65536. */
static inline int32_t chance_below(const Tables *tables, int level, int32_t mean, int32_t rate)
{
    int64_t logit = ((int64_t)(256 * level + 128 - mean) * rate) >> 14;
    logit = logit < -LOGIT_LIMIT ? -LOGIT_LIMIT : logit > LOGIT_LIMIT ? LOGIT_LIMIT : logit;
    return tables->chances[logit + LOGIT_LIMIT];
}

#endif
