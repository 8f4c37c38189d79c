/* The network behind a level, in whole numbers: what promptcodec/layers/texture/dct/model.py says in Python. */
#ifndef PX_TEXTURE_MODEL_H
#define PX_TEXTURE_MODEL_H

#include <stddef.h>
#include <stdint.h>

enum {
    STEPS = 48,
    PLANES = 3,
    PLACE = 8,
    NEAR_COUNT = 16,
    BESIDE_COUNT = 4,
    ACROSS_COUNT = 9,
    FIRST = 32,
    SECOND = 16,
    MOST_FEATURES = PLACE + 2 + NEAR_COUNT + BESIDE_COUNT + 2 * (ACROSS_COUNT + 1),
    LOGIT_LIMIT = 2559,
    ESCAPE_CLASSES = 3,
    ESCAPE_BITS = 8,
    MOST_DIAGONALS = 1024,
    TOP_LEVEL = 255,
    RADII = 24
};

/* The weights of one plane. */
typedef struct {
    int16_t first[MOST_FEATURES][FIRST];
    int16_t second[SECOND][FIRST]; /* transposed */
    int32_t second_bias[SECOND];
    int16_t third[3][SECOND]; /* transposed */
    int32_t third_bias[3];
} Net;

/* What is the same for all pictures. */
typedef struct {
    Net nets[PLANES];
    int32_t chances[2 * LOGIT_LIMIT + 1];
    int32_t escapes[ESCAPE_CLASSES][ESCAPE_BITS];
    int32_t shifts[PLANES][4]; /* by level, at most 3 */
    uint8_t magnitudes[TOP_LEVEL + 1];
} Tables;

/* The frequencies of a shape, in coding order. */
typedef struct {
    int count, cells;
    const int32_t *at;       /* index into a padded plane */
    const int32_t *diagonal; /* u + v */
    const int32_t *odd;      /* v & 1 */
    const int32_t *radius;   /* squared distance from zero, 1/16 */
    const int32_t *base; /* PLANES x count x FIRST: the first layer from the place alone, bias included */
    int near[NEAR_COUNT], beside[BESIDE_COUNT], across[ACROSS_COUNT];
} Area;

/* The magnitudes known so far, of one coding. */
typedef struct {
    uint8_t *planes[PLANES]; /* cells each, with zeros all around */
    int32_t sums[MOST_DIAGONALS + 2]; /* of the plane in work: entry d + 1 is up to diagonal d */
} Field;

/* What the layers hold for one frequency. */
typedef struct {
    int32_t first[FIRST], second[SECOND];
    int16_t hidden[FIRST], deeper[SECOND];
    int logits[3];
} Seen;

static inline int clip(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

static inline void add_row(int32_t *sum, const int16_t *row, int factor)
{
    for (int k = 0; k < FIRST; k++)
        sum[k] += factor * row[k];
}

/* Enter the sums up to the diagonal before a frequency's, when it is the first of its diagonal. */
static inline void begin_diagonal(Field *field, const Area *area, int i)
{
    int d = area->diagonal[i];
    if (i == 0 || area->diagonal[i - 1] != d)
        field->sums[d + 1] = field->sums[d];
}

static inline void see(Seen *seen, const Field *field, const Area *area, const Net *net, int plane, int i,
                       int step)
{
    int32_t *sum = seen->first;
    const int32_t *base = area->base + ((size_t)plane * (size_t)area->count + (size_t)i) * FIRST;
    const int16_t *own = net->first[0];
    int at = area->at[i], d = area->diagonal[i], column = PLACE;
    for (int k = 0; k < FIRST; k++)
        sum[k] = base[k] + 2 * step * own[k];
    for (int index = 0; index < 2; index++, column++) {
        int back = index ? 8 : 3, reach = d < back ? d : back;
        int mean = 4 * (field->sums[d] - field->sums[d - reach]) / (reach * d);
        if (mean)
            add_row(sum, net->first[column], mean);
    }
    const uint8_t *known = field->planes[plane] + at;
    for (int k = 0; k < NEAR_COUNT; k++, column++)
        if (known[area->near[k]])
            add_row(sum, net->first[column], known[area->near[k]]);
    for (int k = 0; k < BESIDE_COUNT; k++, column++)
        if (area->odd[i] && known[area->beside[k]])
            add_row(sum, net->first[column], known[area->beside[k]]);
    for (int other = 0; other < plane; other++) {
        const uint8_t *there = field->planes[other] + at;
        int total = 0;
        for (int k = 0; k < ACROSS_COUNT; k++, column++) {
            int magnitude = there[area->across[k]];
            total += magnitude;
            if (magnitude)
                add_row(sum, net->first[column], magnitude);
        }
        if (total / 8)
            add_row(sum, net->first[column], total / 8);
        column++;
    }
    for (int k = 0; k < FIRST; k++)
        seen->hidden[k] = (int16_t)clip(sum[k] >> 6, 0, 1023);
    for (int j = 0; j < SECOND; j++) {
        int32_t total = 0;
        for (int k = 0; k < FIRST; k++)
            total += seen->hidden[k] * net->second[j][k];
        seen->second[j] = total + net->second_bias[j];
        seen->deeper[j] = (int16_t)clip(seen->second[j] >> 6, 0, 1023);
    }
    for (int m = 0; m < 3; m++) {
        int32_t total = 0;
        for (int j = 0; j < SECOND; j++)
            total += seen->deeper[j] * net->third[m][j];
        seen->logits[m] = clip((total + net->third_bias[m]) >> 3, -LOGIT_LIMIT, LOGIT_LIMIT);
    }
}

/* Which chances of an exponent hold, by the larger of the two nearest magnitudes. */
static inline int escape_class(const Field *field, const Area *area, int plane, int i)
{
    const uint8_t *known = field->planes[plane] + area->at[i];
    int one = known[area->near[0]], other = known[area->near[1]];
    int nearest = one > other ? one : other;
    return (nearest >= 32) + (nearest >= 54);
}

static inline void learn(Field *field, const Area *area, const Tables *tables, int plane, int i, int size)
{
    uint8_t magnitude = tables->magnitudes[size < TOP_LEVEL ? size : TOP_LEVEL];
    field->planes[plane][area->at[i]] = magnitude;
    field->sums[area->diagonal[i] + 1] += magnitude;
}

static inline int amplitude(const Tables *tables, int plane, int size, int step_size)
{
    return (64 * size - tables->shifts[plane][size < 3 ? size : 3]) * step_size >> 6;
}

#endif
