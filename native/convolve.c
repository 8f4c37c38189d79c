/* Convolutions of pictures in floats: promptcodec/generators/network.py says what of.

Of 3x3 places, blocks of 4x4 results come of 36 products for each pair of channels in place of 144.

Source: A. Lavin and S. Gray, "Fast algorithms for convolutional neural networks", 2016. */

#include "symbols.h"

#include <stdlib.h>
#include <string.h>

/* Vectors of eight floats, wherever the compiler knows them; x86 needs AVX2, which is asked for at run time. */
#if defined(__GNUC__) && defined(__x86_64__)
#define PX_LANES __attribute__((target("avx2,fma")))
#elif defined(__GNUC__)
#define PX_LANES
#endif

#ifdef PX_LANES

/* A product and a sum are one step; the standard's own mode would round between them. */
#ifdef __clang__
#pragma STDC FP_CONTRACT ON
#else
#pragma GCC optimize("fp-contract=fast")
#endif

typedef float lanes __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t signs __attribute__((vector_size(32)));

/* TILES are worked on at a time: their points, and their products by a panel of outputs, stay in the cache. */
enum { LANES = 8, TILES = 24, POINTS = 36, SIDE = 4, REACH = SIDE + 2, MOST = 3 * LANES };

/* How results stand: as they are, as two by two places of each, or the same with the planes outermost. */
enum { FLAT, UNFOLDED, PLANES };

#define LOAD(at) (*(const lanes *)(at))
#define STORE(at, value) (*(lanes *)(at) = (value))

/* What a convolution is of. `depth` and `across`, the channels of what goes in and comes out, are multiples of
LANES. With POINTS points it is one of 3x3 places; with one, of each place alone, or of two by two. */
typedef struct {
    const float *given;   /* (height, width, depth); of two by two (2 height, 2 width, depth / 4) */
    const float *weights; /* (across / panel, points, depth, panel) */
    const float *scale;   /* (across) */
    const float *shift;   /* (across) */
    const float *beside;  /* added in the end, as `drawn`, and may be it; NULL for nothing */
    float *drawn;         /* (height, width, across), (2 height, 2 width, across / 4), (3, 2 height, 2 width) */
    size_t height, width, depth, across, panel, points;
    int layout, positive, folded; /* positive: below zero is zero, before anything is added */
    int repeated; /* beyond the edges is what is at them, not zero */
} px_convolution;

/* From six values to six points, `span` times. */
PX_LANES static void to_points(const float *d, size_t step, float *t, size_t to, size_t span)
{
    for (size_t c = 0; c < span; c += LANES, d += LANES, t += LANES) {
        lanes d0 = LOAD(d), d1 = LOAD(d + step), d2 = LOAD(d + 2 * step);
        lanes d3 = LOAD(d + 3 * step), d4 = LOAD(d + 4 * step), d5 = LOAD(d + 5 * step);
        lanes a = d4 - 4 * d2, b = d3 - 4 * d1, e = d4 - d2, f = d3 - d1;
        STORE(t, 4 * d0 - 5 * d2 + d4);
        STORE(t + to, a + b);
        STORE(t + 2 * to, a - b);
        STORE(t + 3 * to, e + 2 * f);
        STORE(t + 4 * to, e - 2 * f);
        STORE(t + 5 * to, 4 * d1 - 5 * d3 + d5);
    }
}

/* From six points to four values, `span` times. */
PX_LANES static void from_points(const float *d, size_t step, float *t, size_t to, size_t span)
{
    for (size_t c = 0; c < span; c += LANES, d += LANES, t += LANES) {
        lanes d0 = LOAD(d), d1 = LOAD(d + step), d2 = LOAD(d + 2 * step);
        lanes d3 = LOAD(d + 3 * step), d4 = LOAD(d + 4 * step), d5 = LOAD(d + 5 * step);
        lanes a = d1 + d2, b = d1 - d2, e = d3 + d4, f = d3 - d4;
        STORE(t, d0 + a + e);
        STORE(t + to, b + 2 * f);
        STORE(t + 2 * to, a + 4 * e);
        STORE(t + 3 * to, b + 8 * f + d5);
    }
}

/* Loops unrolled before the compiler chooses what is in registers. */
#define SHORT _Pragma("GCC unroll 12")

/* ROWS tiles by a panel at one point: twelve sums, three more terms and a value fill the registers of x86. */
#define PRODUCT(NAME, ROWS, VECTORS)                                                                         \
    PX_LANES static void NAME(const float *v, const float *u, float *m, size_t depth, size_t apart)          \
    {                                                                                                        \
        lanes sums[ROWS][VECTORS];                                                                           \
        SHORT for (int n = 0; n < (ROWS) * (VECTORS); n++) {                                                 \
            sums[n / VECTORS][n % VECTORS] = (lanes){0};                                                     \
        }                                                                                                    \
        for (size_t c = 0; c < depth; c++) {                                                                 \
            SHORT for (int row = 0; row < ROWS; row++) {                                                     \
                float x = v[(size_t)row * depth + c];                                                        \
                lanes each = {x, x, x, x, x, x, x, x};                                                       \
                SHORT for (int n = 0; n < VECTORS; n++) {                                                    \
                    sums[row][n] += each * LOAD(u + (c * VECTORS + (size_t)n) * LANES);                      \
                }                                                                                            \
            }                                                                                                \
        }                                                                                                    \
        SHORT for (int row = 0; row < ROWS; row++) {                                                         \
            SHORT for (int n = 0; n < VECTORS; n++) {                                                        \
                STORE(m + (size_t)row * apart + n * LANES, sums[row][n]);                                    \
            }                                                                                                \
        }                                                                                                    \
    }
PRODUCT(product_of_one, 8, 1)
PRODUCT(product_of_two, 6, 2)
PRODUCT(product_of_three, 4, 3)

/* Say which of `length` places is nearest to the one with a number, counted from 1. */
static size_t nearest(size_t number, size_t length)
{
    return number < 1 ? 0 : number > length ? length - 1 : number - 1;
}

/* Give the points of the tile at a place; `room` is for what is around it, also beyond the edges, and for half
a transform: REACH * REACH * depth each. */
PX_LANES static void transform(const px_convolution *of, size_t top, size_t left, float *room, float *v,
                               size_t apart)
{
    size_t depth = of->depth, line = of->width * depth, wide = REACH * depth;
    const float *from = room;
    if (top > 0 && left > 0 && top + SIDE < of->height && left + SIDE < of->width) {
        from = of->given + (top - 1) * line + (left - 1) * depth;
    } else {
        for (size_t n = 0; n < REACH * REACH; n++) {
            size_t down = top + n / REACH, right = left + n % REACH;
            size_t row = nearest(down, of->height), col = nearest(right, of->width);
            if (of->repeated || (row + 1 == down && col + 1 == right)) {
                memcpy(room + n * depth, of->given + row * line + col * depth, depth * sizeof(float));
            } else {
                memset(room + n * depth, 0, depth * sizeof(float));
            }
        }
        line = wide;
    }
    float *half = room + REACH * wide;
    to_points(from, line, half, wide, wide);
    for (size_t n = 0; n < REACH; n++) {
        to_points(half + n * wide, depth, v + n * REACH * apart, apart, depth);
    }
}

/* Give the one point there is: the channels of a place, or of two by two. */
static void gather(const px_convolution *of, size_t row, size_t col, float *v)
{
    size_t pieces = of->folded ? 2 : 1, piece = of->depth / pieces;
    for (size_t n = 0; n < pieces; n++) {
        const float *from = of->given + ((pieces * row + n) * of->width + col) * piece;
        memcpy(v + n * piece, from, piece * sizeof(float));
    }
}

/* Give channels k.. of a tile, or of `right` places in a row, from a panel of their points. `at` says where
each vector of the panel goes in the first place. */
PX_LANES static void finish(const px_convolution *of, size_t top, size_t left, size_t right, size_t k,
                            const size_t *at, const float *m)
{
    float half[REACH * SIDE * MOST], values[SIDE * SIDE * MOST], *drawn = of->drawn;
    const float *beside = of->beside;
    int layout = of->layout, positive = of->positive;
    size_t panel = of->panel, down = 1, width = of->width, plane = 4 * width * of->height;
    if (of->points > 1) {
        from_points(m, REACH * panel, half, REACH * panel, REACH * panel);
        for (size_t n = 0; n < SIDE; n++) {
            from_points(half + n * REACH * panel, panel, values + n * SIDE * panel, panel, panel);
        }
        m = values;
        down = of->height - top < SIDE ? of->height - top : SIDE;
        right = width - left < SIDE ? width - left : SIDE;
    }
    size_t step = layout == FLAT ? of->across : layout == UNFOLDED ? of->across / 2 : 2;
    size_t line = width * (layout == PLANES ? 4 : of->across);
    for (size_t n = 0; n < panel / LANES; n++) {
        lanes scale = LOAD(of->scale + k + n * LANES), shift = LOAD(of->shift + k + n * LANES);
        size_t most = k + n == 0 ? LANES : LANES / 2;
        for (size_t i = 0; i < down; i++) {
            size_t to = at[n] + (top + i) * line + left * step;
            for (size_t j = 0; j < right; j++, to += step) {
                lanes value = LOAD(m + (i * SIDE + j) * panel + n * LANES) * scale + shift;
                if (positive) {
                    value = (lanes)((signs)value & (signs)(value > 0));
                }
                if (layout == PLANES) {
                    const float *from = (const float *)&value;
                    SHORT for (size_t f = 0; f < LANES; f++) {
                        size_t one = to + f / 4 * plane + f / 2 % 2 * 2 * width + f % 2;
                        if (f < most) {
                            drawn[one] = from[f] + (beside == NULL ? 0 : beside[one]);
                        }
                    }
                } else if (beside == NULL) {
                    STORE(drawn + to, value);
                } else {
                    STORE(drawn + to, value + LOAD(beside + to));
                }
            }
        }
    }
}

/* Say where channels k.. of the first place go. */
static size_t start(const px_convolution *of, size_t k)
{
    size_t each = of->across / 4, place = k / each;
    switch (of->layout) {
    case UNFOLDED:
        return (place / 2 * 2 * of->width + place % 2) * each + k % each;
    case PLANES:
        return k * of->height * of->width;
    default:
        return k;
    }
}

/* `room`: points of TILES, each apart from the next by a line more; a panel of their products; a tile's. */
PX_LANES static void convolve(const px_convolution *of, float *room)
{
    size_t side = of->points == 1 ? 1 : SIDE, columns = (of->width + side - 1) / side;
    size_t tiles = columns * ((of->height + side - 1) / side), apart = TILES * of->depth + 2 * LANES;
    size_t depth = of->depth, panel = of->panel, points = of->points;
    float *v = room, *m = v + points * apart, *rest = m + TILES * points * panel;
    for (size_t first = 0; first < tiles; first += TILES) {
        size_t count = tiles - first < TILES ? tiles - first : TILES, tops[TILES], lefts[TILES];
        for (size_t n = 0; n < count; n++) {
            tops[n] = (first + n) / columns * side;
            lefts[n] = (first + n) % columns * side;
            if (side == 1) {
                gather(of, tops[n], lefts[n], v + n * depth);
            } else {
                transform(of, tops[n], lefts[n], rest, v + n * depth, apart);
            }
        }
        const float *u = of->weights;
        for (size_t k = 0; k < of->across; k += panel) {
            for (size_t point = 0; point < points; point++, u += depth * panel) {
                size_t rows = panel == 3 * LANES ? 4 : panel == 2 * LANES ? 6 : 8;
                for (size_t row = 0; row < count; row += rows) {
                    const float *from = v + point * apart + row * depth;
                    float *to = m + (row * points + point) * panel;
                    (rows == 4 ? product_of_three : rows == 6 ? product_of_two : product_of_one)(
                        from, u, to, depth, points * panel);
                }
            }
            size_t at[MOST / LANES];
            for (size_t n = 0; n < panel / LANES; n++) {
                at[n] = start(of, k + n * LANES);
            }
            for (size_t n = 0, run = 1; n < count; n += run) {
                if (side == 1) {
                    run = of->width - lefts[n] < count - n ? of->width - lefts[n] : count - n;
                }
                finish(of, tops[n], lefts[n], run, k, at, m + n * points * panel);
            }
        }
    }
}

static PyObject *py_convolve(PyObject *module, PyObject *args)
{
    Py_buffer given, weights, scale, shift, beside, drawn;
    int height, width, panel, folded, layout, positive, repeated;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*y*y*y*z*w*iiipipp", &given, &weights, &scale, &shift, &beside, &drawn,
                          &height, &width, &panel, &folded, &layout, &positive, &repeated)) {
        return NULL;
    }
    Py_ssize_t unit = (Py_ssize_t)sizeof(float), places = (Py_ssize_t)height * width;
    Py_ssize_t depth = places > 0 ? given.len / unit / places : 0, across = scale.len / unit;
    Py_ssize_t points = depth > 0 && across > 0 ? weights.len / unit / depth / across : 0;
    PyObject *result = NULL;
    float *room = NULL;
    int fits = height > 0 && width > 0 && depth > 0 && depth % (folded ? 2 : LANES) == 0 && across > 0
        && panel > 0 && panel % LANES == 0 && panel <= MOST && across % panel == 0
        && (points == 1 || (points == POINTS && !folded)) && given.len == places * depth * unit
        && weights.len == points * depth * across * unit && shift.len == scale.len
        && drawn.len == places * (layout == PLANES ? 12 : across) * unit
        && (layout == FLAT || (layout == UNFOLDED && across % (4 * LANES) == 0)
            || (layout == PLANES && across == 2 * LANES))
        && (beside.buf == NULL || beside.len == drawn.len);
    if (!fits) {
        PyErr_SetString(PyExc_ValueError, "the arrays of a convolution do not fit each other");
    } else if ((room = calloc((size_t)(points * (TILES * (depth + panel) + 2 * LANES) + 2 * POINTS * depth),
                              sizeof(float))) == NULL) {
        PyErr_NoMemory();
    } else {
        px_convolution of = {given.buf,      weights.buf,   scale.buf,      shift.buf,     beside.buf,
                             drawn.buf,      (size_t)height, (size_t)width, (size_t)depth, (size_t)across,
                             (size_t)panel,  (size_t)points, layout,        positive,      folded,
                             repeated};
        Py_BEGIN_ALLOW_THREADS
        convolve(&of, room);
        Py_END_ALLOW_THREADS
        result = Py_NewRef(Py_None);
    }
    free(room);
    PyBuffer_Release(&given);
    PyBuffer_Release(&weights);
    PyBuffer_Release(&scale);
    PyBuffer_Release(&shift);
    PyBuffer_Release(&beside);
    PyBuffer_Release(&drawn);
    return result;
}

static PyMethodDef methods[] = {
    {"convolve", py_convolve, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

int px_add_convolve(PyObject *module)
{
#ifdef __x86_64__
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
        return 0;
    }
#endif
    return PyModule_AddFunctions(module, methods);
}

#else

int px_add_convolve(PyObject *module)
{
    (void)module;
    return 0; /* onnxruntime draws */
}

#endif
