/* Choosing levels and what they do to each other: promptcodec/layers/texture/dct/encoder/quantise.py. */

#include <stdlib.h>
#include <string.h>

#include "texture_search.h"

static int64_t escape_cost(const Costs *costs, int kind, int rest)
{
    int exponent = 0;
    while (rest >> (exponent + 1))
        exponent++;
    int64_t bits = (int64_t)exponent * ONE_BIT;
    for (int index = 0; index <= exponent && index < ESCAPE_BITS; index++)
        bits += costs->escapes[index < exponent][kind][index];
    return bits;
}

static int64_t level_cost(const Costs *costs, const int *logits, int kind, int size)
{
    const int32_t *zero = costs->bits[0] + LOGIT_LIMIT, *one = costs->bits[1] + LOGIT_LIMIT;
    if (!size)
        return zero[logits[0]];
    int64_t bits = (int64_t)ONE_BIT + one[logits[0]];
    if (size == 1)
        return bits + zero[logits[1]];
    bits += one[logits[1]];
    if (size == 2)
        return bits + zero[logits[2]];
    return bits + one[logits[2]] + escape_cost(costs, kind, size - 2);
}

int px_choose(const Tables *tables, const Costs *costs, const Area *area, const Aim *aim, const int32_t *pull,
           int32_t *const levels[PLANES], Chosen *chosen)
{
    Field field;
    uint8_t *memory = calloc((size_t)area->cells * PLANES, 1);
    int32_t *spent = malloc(sizeof(int32_t) * (size_t)(area->count ? area->count : 1));
    if (!memory || !spent) {
        free(memory);
        free(spent);
        return -1;
    }
    for (int plane = 0; plane < PLANES; plane++)
        field.planes[plane] = memory + (size_t)plane * (size_t)area->cells;
    chosen->bits = chosen->error = 0;
    Seen seen;
    for (int plane = 0; plane < PLANES; plane++) {
        const int32_t *target = aim->targets[plane];
        const int32_t *pulled = pull ? pull + (size_t)plane * (size_t)area->cells : 0;
        int farthest = 0, end = aim->reach[plane];
        memset(field.sums, 0, sizeof field.sums);
        for (int i = 0; i < end; i++) {
            begin_diagonal(&field, area, i);
            see(&seen, &field, area, &tables->nets[plane], plane, i, aim->step);
            int wanted = abs(target[i]), low = wanted / aim->step_size;
            int kind = low > 1 ? escape_class(&field, area, plane, i) : 0;
            int best = 0;
            int64_t least = INT64_MAX, paid = 0, missed = 0;
            for (int option = low ? 0 : 1; option < 3; option++) {
                int size = option ? low + option - 1 : 0;
                int64_t apart = wanted - amplitude(tables, plane, size, aim->step_size);
                int64_t cost = level_cost(costs, seen.logits, kind, size);
                int64_t weight = cost;
                if (pulled)
                    weight += (int64_t)pulled[area->at[i]]
                              * tables->magnitudes[size < TOP_LEVEL ? size : TOP_LEVEL];
                /* Without signs, for what is beyond 64 bits is left out, as numpy does it. */
                uint64_t missing = (uint64_t)(apart * apart) * ONE_BIT;
                int64_t total = (int64_t)(missing + (uint64_t)aim->price * (uint64_t)weight);
                if (total < least) {
                    least = total;
                    best = size;
                    paid = cost;
                    missed = apart * apart;
                }
            }
            levels[plane][i] = target[i] < 0 ? -best : best;
            spent[i] = (int32_t)paid;
            chosen->error += missed;
            if (best && area->radius[i] > farthest)
                farthest = area->radius[i];
            learn(&field, area, tables, plane, i, best);
        }
        for (int i = end; i < area->count; i++) {
            levels[plane][i] = 0;
            chosen->error += (int64_t)target[i] * target[i];
        }
        int radius = 0;
        while (radius < RADII - 1 && aim->radii[radius] < farthest)
            radius++;
        chosen->radii[plane] = radius;
        for (int i = 0; i < end; i++)
            if (area->radius[i] <= aim->radii[radius])
                chosen->bits += spent[i];
    }
    free(memory);
    free(spent);
    return 0;
}

static int64_t floor_divide(int64_t number, int64_t by)
{
    int64_t result = number / by;
    return result - (number % by != 0 && number < 0);
}

/* The slope of a level's bits by the first layer's sums, in 1/SLOPE_ONE. */
static void slopes(int32_t *first, const Seen *seen, const Tables *tables, const Net *net, int size)
{
    int32_t second[SECOND] = {0}, apart[3];
    for (int m = 0; m < 3; m++) {
        int32_t chance = tables->chances[seen->logits[m] + LOGIT_LIMIT];
        apart[m] = size >= m ? (chance - (size > m ? 65536 : 0)) >> 6 : 0;
    }
    for (int j = 0; j < SECOND; j++) {
        if (seen->second[j] <= 0 || seen->second[j] >= 65536)
            continue;
        for (int m = 0; m < 3; m++)
            second[j] += apart[m] * net->third[m][j];
        second[j] >>= 6;
    }
    memset(first, 0, sizeof(int32_t) * FIRST);
    for (int j = 0; j < SECOND; j++)
        if (second[j])
            for (int k = 0; k < FIRST; k++)
                first[k] += second[j] * net->second[j][k];
    for (int k = 0; k < FIRST; k++)
        first[k] = seen->first[k] > 0 && seen->first[k] < 65536 ? first[k] >> 6 : 0;
}

static int32_t slope_by(const int32_t *first, const int16_t *row)
{
    int32_t total = 0;
    for (int k = 0; k < FIRST; k++)
        total += first[k] * row[k];
    return total;
}

/* Share what the sums over earlier diagonals cost among the frequencies in them. */
static void share_sums(const Area *area, int end, const int64_t *by_diagonal, int back, int64_t *pull)
{
    int64_t running[MOST_DIAGONALS + 16];
    int last = area->diagonal[end - 1];
    running[0] = 0;
    for (int d = 0; d < last + back + 1; d++) {
        int64_t here = 0;
        if (d >= 1 && d <= last)
            here = floor_divide(by_diagonal[d] * 4, (int64_t)(d < back ? d : back) * d);
        running[d + 1] = running[d] + here;
    }
    for (int i = 0; i < end; i++) {
        int d = area->diagonal[i];
        pull[area->at[i]] += running[d + back + 1] - running[d + 1];
    }
}

int px_influence(const Tables *tables, const Area *area, const Aim *aim, const int32_t *const levels[PLANES],
              int32_t *pull)
{
    size_t cells = (size_t)area->cells;
    Field field;
    uint8_t *memory = calloc(cells * PLANES, 1);
    int64_t *sums = calloc(cells * PLANES, sizeof(int64_t));
    if (!memory || !sums) {
        free(memory);
        free(sums);
        return -1;
    }
    for (int plane = 0; plane < PLANES; plane++)
        field.planes[plane] = memory + (size_t)plane * cells;
    Seen seen;
    int32_t first[FIRST];
    for (int plane = 0; plane < PLANES; plane++) {
        const Net *net = &tables->nets[plane];
        int end = aim->reach[plane];
        int64_t by_diagonal[2][MOST_DIAGONALS + 2] = {{0}};
        int64_t *own = sums + (size_t)plane * cells;
        memset(field.sums, 0, sizeof field.sums);
        for (int i = 0; i < end; i++) {
            int at = area->at[i], column = PLACE, size = abs(levels[plane][i]);
            begin_diagonal(&field, area, i);
            see(&seen, &field, area, net, plane, i, aim->step);
            slopes(first, &seen, tables, net, size);
            for (int index = 0; index < 2; index++, column++)
                by_diagonal[index][area->diagonal[i]] += slope_by(first, net->first[column]);
            for (int k = 0; k < NEAR_COUNT; k++, column++)
                own[at + area->near[k]] += slope_by(first, net->first[column]);
            for (int k = 0; k < BESIDE_COUNT; k++, column++)
                if (area->odd[i])
                    own[at + area->beside[k]] += slope_by(first, net->first[column]);
            for (int other = 0; other < plane; other++) {
                int64_t *there = sums + (size_t)other * cells;
                int64_t total = slope_by(first, net->first[column + ACROSS_COUNT]) >> 3;
                for (int k = 0; k < ACROSS_COUNT; k++, column++)
                    there[at + area->across[k]] += slope_by(first, net->first[column]) + total;
                column++;
            }
            learn(&field, area, tables, plane, i, size);
        }
        if (end)
            for (int index = 0; index < 2; index++)
                share_sums(area, end, by_diagonal[index], index ? 8 : 3, own);
    }
    for (size_t cell = 0; cell < cells * PLANES; cell++)
        pull[cell] = (int32_t)(sums[cell] * SLOPE_FACTOR >> SLOPE_SHIFT);
    free(memory);
    free(sums);
    return 0;
}
