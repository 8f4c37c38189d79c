/* Levels in coding order: written, read, chosen, or counted in bits.

   promptcodec/layers/texture/learned/{context,stream}.py and encoder/quantise.py are the reference. */

#include "learned_levels.h"

/* Where the share of a level starts, in TOTAL; that of MOST + 1 is the end of the last. */
static int64_t start(const Tables *tables, int level, int32_t mean, int32_t rate)
{
    if (level <= -MOST)
        return 0;
    if (level > MOST)
        return TOTAL;
    return 32 * (int64_t)chance_below(tables, level - 1, mean, rate) + level + MOST;
}

static int rounded(int32_t level)
{
    return clip((level + 128) >> 8, -MOST, MOST);
}

static void write_level(px_encoder *coder, const Tables *tables, int level, int32_t mean, int32_t rate)
{
    int64_t low = start(tables, level, mean, rate), high = start(tables, level + 1, mean, rate);
    px_encode(coder, (uint64_t)low, (uint64_t)(high - low), TOTAL);
}

static int read_level(px_decoder *coder, const Tables *tables, int32_t mean, int32_t rate)
{
    int64_t target = (int64_t)px_target(coder, TOTAL);
    int level = rounded(mean);
    int64_t low = start(tables, level, mean, rate), high = start(tables, level + 1, mean, rate);
    while (target < low) {
        high = low;
        low = start(tables, --level, mean, rate);
    }
    while (target >= high) {
        low = high;
        high = start(tables, ++level + 1, mean, rate);
    }
    px_take(coder, (uint64_t)low, (uint64_t)(high - low), TOTAL);
    return level;
}

static int32_t level_cost(const int32_t *costs, const Tables *tables, int level, int32_t mean, int32_t rate)
{
    int32_t low = level <= -MOST ? 0 : chance_below(tables, level - 1, mean, rate);
    int32_t high = level >= MOST ? COSTS - 1 : chance_below(tables, level, mean, rate);
    return costs[high - low];
}

/* The nearest level, or one that is cheaper. */
static int choose_level(Walk *walk, const Tables *tables, size_t at, int channel, int32_t mean, int32_t rate)
{
    const Aim *aim = walk->aim;
    int wanted = clip(aim->wanted[at], -256 * MOST, 256 * MOST), goal = rounded(mean), nearest = rounded(wanted);
    const int options[4] = {nearest, nearest + (goal > nearest) - (goal < nearest),
                            nearest - (nearest > 0) + (nearest < 0), 0};
    int best = 0, many = abs(nearest) <= 2 ? 4 : 3;
    int64_t least = 0, missed = 0;
    int32_t paid = 0;
    for (int n = 0; n < many; n++) {
        int level = options[n], apart = 256 * level - wanted;
        if (n > 0 && level == best)
            continue;
        int32_t cost = level_cost(walk->costs, tables, level, mean, rate);
        int64_t error = (int64_t)aim->weights[channel] * (apart * apart);
        /* Without signs, for what is beyond 64 bits is left out, as numpy does it. */
        int64_t total = (int64_t)((uint64_t)error + (uint64_t)aim->price * (uint64_t)cost);
        if (n == 0 || total < least) {
            least = total;
            best = level;
            paid = cost;
            missed = error;
        }
    }
    walk->bits += paid;
    walk->error += (uint64_t)missed;
    return best;
}

/* The first `coded` channels of a group at a place. */
static void visit(Walk *walk, const Tables *tables, const Expected *expected, size_t at, int channel, int coded)
{
    int16_t *levels = walk->levels + at;
    for (int c = 0; c < coded; c++) {
        int32_t mean = expected->means[c], rate = expected->rates[c];
        if (walk->writer)
            write_level(walk->writer, tables, levels[c], mean, rate);
        else if (walk->reader)
            levels[c] = (int16_t)read_level(walk->reader, tables, mean, rate);
        else if (walk->aim)
            levels[c] = (int16_t)choose_level(walk, tables, at + (size_t)c, channel + c, mean, rate);
        else
            walk->bits += level_cost(walk->costs, tables, levels[c], mean, rate);
    }
}

/* What is missed of channels that are not coded: their levels are zero. */
static void leave_out(Walk *walk, size_t places)
{
    for (size_t at = 0; at < places * LATENTS; at++)
        if ((int)(at % LATENTS) >= walk->count) {
            int64_t wanted = clip(walk->aim->wanted[at], -256 * MOST, 256 * MOST);
            walk->error += (uint64_t)walk->aim->weights[at % LATENTS] * (uint64_t)(wanted * wanted);
        }
}

static void start_field(Field *field, int columns)
{
    static const int beside[BESIDE][2] = {{0, -1}, {-1, 0}, {-1, -1}, {-1, 1}, {0, -2}, {-2, 0}};
    ptrdiff_t wide = columns + 2 * PAD;
    for (int n = 0; n < AROUND; n++)
        field->around[n] = ((n / 3 - 1) * wide + n % 3 - 1) * LATENTS;
    for (int n = 0; n < BESIDE; n++)
        field->beside[n] = (beside[n][0] * wide + beside[n][1]) * LATENTS;
}

int px_walk_levels(const Tables *tables, Walk *walk)
{
    size_t rows = (size_t)walk->rows, columns = (size_t)walk->columns, wide = columns + 2 * PAD;
    Field field = {calloc((rows + 2 * PAD) * wide * LATENTS, sizeof(int16_t)), {0}, {0}};
    Expected expected;
    if (field.levels == NULL)
        return -1;
    start_field(&field, walk->columns);
    if (walk->reader || walk->aim)
        memset(walk->levels, 0, rows * columns * LATENTS * sizeof(int16_t));
    if (walk->aim)
        leave_out(walk, rows * columns);
    for (int g = 0; g < GROUPS && tables->groups[g].before < walk->count; g++) {
        const Group *group = &tables->groups[g];
        int channel = group->before, left = walk->count - channel, coded = left < group->own ? left : group->own;
        for (size_t place = 0; place < rows * columns; place++) {
            size_t in_field = ((place / columns + PAD) * wide + place % columns + PAD) * LATENTS;
            size_t at = place * LATENTS + (size_t)channel;
            expect(&expected, tables, group, &field, in_field, walk->places + place * PLACE);
            visit(walk, tables, &expected, at, channel, coded);
            for (int c = 0; c < coded; c++)
                field.levels[in_field + (size_t)(channel + c)] = walk->levels[at + (size_t)c];
            if (walk->reader && walk->reader->failed)
                goto end;
        }
    }
end:
    free(field.levels);
    return 0;
}
