/* 3x3 convolutions of pictures in floats: promptcodec/generators/network.py says what of.

Blocks of 4x4 results come of 36 products for each pair of channels in place of 144.

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

enum { LANES = 8, PANEL = 2 * LANES, ROWS = 6, TILES = 24, POINTS = 36, SIDE = 4 };

#define LOAD(at) (*(const lanes *)(at))
#define STORE(at, value) (*(lanes *)(at) = (value))

/* What a convolution is of; channels are innermost, and `depth` and `across` multiples of LANES. */
typedef struct {
    const float *given;   /* (height, width, depth) */
    const float *weights; /* (POINTS, panels of PANEL outputs, depth, outputs) */
    const float *scale;   /* (across) */
    const float *shift;   /* (across) */
    const float *beside;  /* added, as `drawn`; NULL for nothing */
    float *drawn;         /* (height, width, across) */
    int height, width, depth, across;
    int positive; /* below zero is zero */
} px_convolution;

PX_LANES static inline void to_points(const lanes *d, int step, lanes *t)
{
    lanes a = d[4 * step] - 4 * d[2 * step], b = d[3 * step] - 4 * d[step];
    lanes c = d[4 * step] - d[2 * step], e = 2 * (d[3 * step] - d[step]);
    t[0] = 4 * d[0] - 5 * d[2 * step] + d[4 * step];
    t[step] = a + b;
    t[2 * step] = a - b;
    t[3 * step] = c + e;
    t[4 * step] = c - e;
    t[5 * step] = 4 * d[step] - 5 * d[3 * step] + d[5 * step];
}

PX_LANES static inline void from_points(const lanes *d, int step, lanes *t)
{
    lanes a = d[step] + d[2 * step], b = d[step] - d[2 * step];
    lanes c = d[3 * step] + d[4 * step], e = d[3 * step] - d[4 * step];
    t[0] = d[0] + a + c;
    t[step] = b + 2 * e;
    t[2 * step] = a + 4 * c;
    t[3 * step] = b + 8 * e + d[5 * step];
}

/* ROWS tiles by a panel at one point. */
#define PRODUCT(NAME, VECTORS)                                                                               \
    PX_LANES static void NAME(const float *v, const float *u, float *m, int depth, int across)               \
    {                                                                                                        \
        lanes sums[ROWS][VECTORS] = {{{0}}};                                                                 \
        for (int c = 0; c < depth; c++) {                                                                    \
            for (int row = 0; row < ROWS; row++) {                                                           \
                float x = v[(size_t)row * POINTS * depth + c];                                               \
                lanes each = {x, x, x, x, x, x, x, x};                                                       \
                for (int n = 0; n < VECTORS; n++) {                                                          \
                    sums[row][n] += each * LOAD(u + ((size_t)c * VECTORS + n) * LANES);                      \
                }                                                                                            \
            }                                                                                                \
        }                                                                                                    \
        for (int row = 0; row < ROWS; row++) {                                                               \
            for (int n = 0; n < VECTORS; n++) {                                                              \
                STORE(m + (size_t)row * POINTS * across + n * LANES, sums[row][n]);                          \
            }                                                                                                \
        }                                                                                                    \
    }
PRODUCT(product_of_two, 2)
PRODUCT(product_of_one, 1)

PX_LANES static void transform(const px_convolution *of, int top, int left, const float *zeros, float *v)
{
    const float *at[POINTS];
    for (int n = 0; n < POINTS; n++) {
        int row = top - 1 + n / 6, col = left - 1 + n % 6;
        int inside = row >= 0 && col >= 0 && row < of->height && col < of->width;
        at[n] = inside ? of->given + ((size_t)row * of->width + col) * of->depth : zeros;
    }
    for (int c = 0; c < of->depth; c += LANES) {
        lanes d[POINTS], t[POINTS];
        for (int n = 0; n < POINTS; n++) {
            d[n] = LOAD(at[n] + c);
        }
        for (int n = 0; n < 6; n++) {
            to_points(d + n, 6, t + n);
        }
        for (int n = 0; n < 6; n++) {
            to_points(t + 6 * n, 1, d + 6 * n);
        }
        for (int n = 0; n < POINTS; n++) {
            STORE(v + (size_t)n * of->depth + c, d[n]);
        }
    }
}

PX_LANES static void finish(const px_convolution *of, int top, int left, const float *m)
{
    int down = of->height - top < SIDE ? of->height - top : SIDE;
    int right = of->width - left < SIDE ? of->width - left : SIDE;
    for (int k = 0; k < of->across; k += LANES) {
        lanes d[POINTS], t[6 * SIDE], r[6 * SIDE];
        for (int n = 0; n < POINTS; n++) {
            d[n] = LOAD(m + (size_t)n * of->across + k);
        }
        for (int n = 0; n < 6; n++) {
            from_points(d + n, 6, t + n);
        }
        for (int n = 0; n < SIDE; n++) {
            from_points(t + 6 * n, 1, r + 6 * n);
        }
        lanes scale = LOAD(of->scale + k), shift = LOAD(of->shift + k);
        for (int i = 0; i < down; i++) {
            for (int j = 0; j < right; j++) {
                size_t to = ((size_t)(top + i) * of->width + left + j) * of->across + k;
                lanes value = r[6 * i + j] * scale + shift;
                if (of->beside != NULL) {
                    value += LOAD(of->beside + to);
                }
                if (of->positive) {
                    value = (lanes)((signs)value & (signs)(value > 0));
                }
                STORE(of->drawn + to, value);
            }
        }
    }
}

/* `room`: (TILES, POINTS, depth) and (TILES, POINTS, across), and depth zeros. */
PX_LANES static void convolve(const px_convolution *of, float *room)
{
    int depth = of->depth, across = of->across, columns = (of->width + SIDE - 1) / SIDE;
    int tiles = columns * ((of->height + SIDE - 1) / SIDE);
    float *v = room, *m = v + (size_t)TILES * POINTS * depth, *zeros = m + (size_t)TILES * POINTS * across;
    for (int first = 0; first < tiles; first += TILES) {
        int count = tiles - first < TILES ? tiles - first : TILES;
        for (int n = 0; n < count; n++) {
            int at = first + n;
            transform(of, at / columns * SIDE, at % columns * SIDE, zeros, v + (size_t)n * POINTS * depth);
        }
        for (int point = 0; point < POINTS; point++) {
            const float *u = of->weights + (size_t)point * depth * across;
            for (int k = 0; k < across; k += PANEL) {
                for (int row = 0; row < count; row += ROWS) {
                    (k + PANEL <= across ? product_of_two : product_of_one)(
                        v + ((size_t)row * POINTS + point) * depth, u + (size_t)k * depth,
                        m + ((size_t)row * POINTS + point) * across + k, depth, across);
                }
            }
        }
        for (int n = 0; n < count; n++) {
            int at = first + n;
            finish(of, at / columns * SIDE, at % columns * SIDE, m + (size_t)n * POINTS * across);
        }
    }
}

static PyObject *py_convolve(PyObject *module, PyObject *args)
{
    Py_buffer given, weights, scale, shift, beside, drawn;
    int height, width, positive;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*y*y*y*z*w*iip", &given, &weights, &scale, &shift, &beside, &drawn, &height,
                          &width, &positive)) {
        return NULL;
    }
    Py_ssize_t unit = (Py_ssize_t)sizeof(float), places = (Py_ssize_t)height * width;
    Py_ssize_t depth = places > 0 ? given.len / unit / places : 0, across = scale.len / unit;
    PyObject *result = NULL;
    float *room = NULL;
    int fits = height > 0 && width > 0 && depth > 0 && depth % LANES == 0 && across > 0 && across % LANES == 0
        && given.len == places * depth * unit && drawn.len == places * across * unit
        && weights.len == POINTS * depth * across * unit && shift.len == scale.len
        && (beside.buf == NULL || beside.len == drawn.len);
    if (!fits) {
        PyErr_SetString(PyExc_ValueError, "the arrays of a convolution do not fit each other");
    } else if ((room = calloc((size_t)TILES * POINTS * (depth + across) + depth, sizeof(float))) == NULL) {
        PyErr_NoMemory();
    } else {
        px_convolution of = {given.buf,  weights.buf, scale.buf, shift.buf,  beside.buf,  drawn.buf,
                             height,     width,       (int)depth, (int)across, positive};
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
