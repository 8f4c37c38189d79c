/* The texture layer's objects: its tables, the frequencies of a shape, and levels in and out of a coder. */

#include "numbers.h"

#include <stdlib.h>

#include "texture_search.h"

typedef struct {
    PyObject_HEAD
    Tables tables;
} texture_tables;

typedef struct {
    PyObject_HEAD
    texture_tables *of;
    Area area;
    int32_t *memory;
} texture_area;

static PyTypeObject *tables_type, *area_type;

/* ---- whole numbers from Python ---- */

/* Magnitudes at most: what is made of them stays within its bits. */
enum { MOST = 1 << 24 };

/* ---- tables ---- */

enum {
    LOGITS = 2 * LOGIT_LIMIT + 1,
    ESCAPES = ESCAPE_CLASSES * ESCAPE_BITS,
    LAYERS = SECOND * FIRST + SECOND + 3 * SECOND + 3,
    NUMBERS = LOGITS + ESCAPES + 4 * PLANES + TOP_LEVEL + 1 + PLANES * LAYERS,
    COSTS = 2 * LOGITS + 2 * ESCAPES
};

static int features_of(int plane)
{
    return PLACE + 2 + NEAR_COUNT + BESIDE_COUNT + plane * (ACROSS_COUNT + 1);
}

static const int32_t *take(int32_t *to, const int32_t *from, size_t count)
{
    memcpy(to, from, count * sizeof *to);
    return from + count;
}

/* From inputs x outputs to outputs x inputs, in 16 bits. */
static const int32_t *turn(int16_t *to, const int32_t *from, int inputs, int outputs)
{
    for (int i = 0; i < inputs; i++)
        for (int o = 0; o < outputs; o++)
            to[o * inputs + i] = (int16_t)*from++;
    return from;
}

static PyObject *tables_new(PyTypeObject *type, PyObject *args, PyObject *named)
{
    PyObject *numbers;
    Py_buffer view;
    size_t count = NUMBERS;
    (void)named;
    for (int plane = 0; plane < PLANES; plane++)
        count += (size_t)features_of(plane) * FIRST;
    if (!PyArg_ParseTuple(args, "O", &numbers) || px_borrow(numbers, &view, sizeof(int32_t), count, 0) < 0)
        return NULL;
    /* A chance of 0 would let a coder run without end. */
    texture_tables *self = px_is_within(view.buf, LOGITS + ESCAPES, 1, (int32_t)PX_BIT_ONE - 1)
                               ? (texture_tables *)PyType_GenericAlloc(type, 0)
                               : NULL;
    if (self != NULL) {
        Tables *tables = &self->tables;
        const int32_t *at = view.buf;
        at = take(tables->chances, at, LOGITS);
        at = take(&tables->escapes[0][0], at, ESCAPES);
        at = take(&tables->shifts[0][0], at, 4 * PLANES);
        for (int level = 0; level <= TOP_LEVEL; level++)
            tables->magnitudes[level] = (uint8_t)*at++;
        for (int plane = 0; plane < PLANES; plane++) {
            Net *net = &tables->nets[plane];
            for (int row = 0; row < features_of(plane); row++)
                for (int k = 0; k < FIRST; k++)
                    net->first[row][k] = (int16_t)*at++;
            at = turn(&net->second[0][0], at, FIRST, SECOND);
            at = take(net->second_bias, at, SECOND);
            at = turn(&net->third[0][0], at, SECOND, 3);
            at = take(net->third_bias, at, 3);
        }
    }
    PyBuffer_Release(&view);
    return (PyObject *)self;
}

static void tables_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_Free(self);
    Py_DECREF(type);
}

static void area_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    free(((texture_area *)self)->memory);
    Py_XDECREF((PyObject *)((texture_area *)self)->of);
    PyObject_Free(self);
    Py_DECREF(type);
}

/* ---- the frequencies of a shape ---- */

/* Check that nothing reads outside a plane, or before what was coded. */
static int is_sound(const Area *area)
{
    int most = 0, least = 0;
    for (int k = 0; k < NEAR_COUNT + BESIDE_COUNT + ACROSS_COUNT; k++) {
        int offset = k < NEAR_COUNT                   ? area->near[k]
                     : k < NEAR_COUNT + BESIDE_COUNT ? area->beside[k - NEAR_COUNT]
                                                     : area->across[k - NEAR_COUNT - BESIDE_COUNT];
        most = offset > most ? offset : most;
        least = offset < least ? offset : least;
    }
    if (most >= area->cells || least <= -area->cells)
        return 0;
    for (int i = 0; i < area->count; i++) {
        int d = area->diagonal[i];
        if (area->at[i] < -least || area->at[i] >= area->cells - most || d < 1 || d > MOST_DIAGONALS)
            return 0;
        if (i > 0 && d < area->diagonal[i - 1])
            return 0;
    }
    return 1;
}

/* What the first layer makes of the places alone. */
static void place_all(Area *area, const Tables *tables, const int32_t *places, const int32_t *biases,
                      int32_t *base)
{
    for (int plane = 0; plane < PLANES; plane++)
        for (int i = 0; i < area->count; i++, base += FIRST) {
            memcpy(base, biases + plane * FIRST, FIRST * sizeof *base);
            for (int k = 1; k < PLACE; k++)
                if (places[i * PLACE + k])
                    add_row(base, tables->nets[plane].first[k], places[i * PLACE + k]);
        }
}

static PyObject *area_new(PyTypeObject *type, PyObject *args, PyObject *named)
{
    enum { OFFSETS = NEAR_COUNT + BESIDE_COUNT + ACROSS_COUNT, COLUMNS = 3 };
    PyObject *of, *columns, *places, *offsets, *biases;
    Py_buffer column, place, offset, bias;
    int count, cells;
    (void)named;
    if (!PyArg_ParseTuple(args, "O!iiOOOO", tables_type, &of, &count, &cells, &columns, &places, &offsets,
                          &biases))
        return NULL;
    if (count < 1 || count > 1 << 20 || cells < 1 || cells > 1 << 24)
        return PyErr_Format(PyExc_ValueError, "%d frequencies in %d cells", count, cells);
    size_t many = (size_t)count;
    if (px_borrow(columns, &column, sizeof(int32_t), COLUMNS * many, 0) < 0)
        return NULL;
    if (px_borrow(places, &place, sizeof(int32_t), PLACE * many, 0) < 0)
        goto no_place;
    if (px_borrow(offsets, &offset, sizeof(int32_t), OFFSETS, 0) < 0)
        goto no_offset;
    if (px_borrow(biases, &bias, sizeof(int32_t), PLANES * FIRST, 0) < 0)
        goto no_bias;
    texture_area *self = (texture_area *)PyType_GenericAlloc(type, 0);
    if (self != NULL) {
        Area *area = &self->area;
        int32_t *memory = malloc(sizeof(int32_t) * many * (COLUMNS + 1 + PLANES * FIRST));
        self->memory = memory;
        Py_INCREF(of);
        self->of = (texture_tables *)of;
        if (memory == NULL) {
            Py_DECREF(self);
            self = (texture_area *)PyErr_NoMemory();
        } else {
            const int32_t *from = offset.buf;
            int32_t *odd = memory + COLUMNS * many;
            memcpy(memory, column.buf, sizeof(int32_t) * COLUMNS * many);
            area->count = count;
            area->cells = cells;
            area->at = memory;
            area->diagonal = memory + many;
            area->radius = memory + 2 * many;
            area->odd = odd;
            area->base = memory + (COLUMNS + 1) * many;
            for (int i = 0; i < count; i++)
                odd[i] = ((const int32_t *)place.buf)[i * PLACE + 6] > 0;
            from = take(area->near, from, NEAR_COUNT);
            from = take(area->beside, from, BESIDE_COUNT);
            take(area->across, from, ACROSS_COUNT);
            place_all(area, &self->of->tables, place.buf, bias.buf, memory + (COLUMNS + 1) * many);
            if (!is_sound(area)) {
                Py_DECREF(self);
                self = NULL;
                PyErr_SetString(PyExc_ValueError, "the frequencies lie outside their plane");
            }
        }
    }
    PyBuffer_Release(&bias);
    PyBuffer_Release(&offset);
    PyBuffer_Release(&place);
    PyBuffer_Release(&column);
    return (PyObject *)self;
no_bias:
    PyBuffer_Release(&offset);
no_offset:
    PyBuffer_Release(&place);
no_place:
    PyBuffer_Release(&column);
    return NULL;
}

/* ---- the encoder's search ---- */

static int is_reach(const Area *area, const int *reach)
{
    for (int plane = 0; plane < PLANES; plane++)
        if (reach[plane] < 0 || reach[plane] > area->count) {
            PyErr_SetString(PyExc_ValueError, "a plane reaches beyond its frequencies");
            return 0;
        }
    return 1;
}

static int is_step(int step)
{
    if (step >= 0 && step < STEPS)
        return 1;
    PyErr_Format(PyExc_ValueError, "there is no step %d", step);
    return 0;
}

static PyObject *area_choose(PyObject *object, PyObject *args)
{
    texture_area *self = (texture_area *)object;
    size_t count = (size_t)self->area.count;
    PyObject *costs, *targets, *pull, *levels, *radii, *result = NULL;
    Py_buffer cost, target, pulled, level, radius;
    Aim aim;
    long long price;
    Chosen chosen;
    if (!PyArg_ParseTuple(args, "OO(iii)iiLOOO", &costs, &targets, &aim.reach[0], &aim.reach[1], &aim.reach[2],
                          &aim.step, &aim.step_size, &price, &radii, &pull, &levels)
        || !is_reach(&self->area, aim.reach))
        return NULL;
    if (aim.step < 0 || aim.step >= STEPS || aim.step_size < 1 || aim.step_size > 1 << 16 || price < 0
        || price > (long long)1 << 36) {
        PyErr_SetString(PyExc_ValueError, "a step or a price that cannot be");
        return NULL;
    }
    if (px_borrow(costs, &cost, sizeof(int32_t), COSTS, 0) < 0)
        return NULL;
    if (px_borrow(targets, &target, sizeof(int32_t), PLANES * count, 0) < 0)
        goto no_target;
    if (px_borrow(radii, &radius, sizeof(int32_t), RADII, 0) < 0)
        goto no_radius;
    if (pull != Py_None && px_borrow(pull, &pulled, sizeof(int32_t), (size_t)self->area.cells * PLANES, 0) < 0)
        goto no_pull;
    if (px_borrow(levels, &level, sizeof(int32_t), PLANES * count, 1) < 0)
        goto no_level;
    int32_t *chosen_levels[PLANES];
    for (int plane = 0; plane < PLANES; plane++) {
        aim.targets[plane] = (const int32_t *)target.buf + (size_t)plane * count;
        chosen_levels[plane] = (int32_t *)level.buf + (size_t)plane * count;
    }
    aim.price = price;
    aim.radii = radius.buf;
    if (px_is_within(target.buf, PLANES * count, -MOST, MOST)) {
        if (px_choose(&self->of->tables, (const Costs *)cost.buf, &self->area, &aim,
                      pull == Py_None ? NULL : pulled.buf, chosen_levels, &chosen) < 0)
            PyErr_NoMemory();
        else
            result = Py_BuildValue("LL(iii)", (long long)chosen.bits, (long long)chosen.error,
                                   chosen.radii[0], chosen.radii[1], chosen.radii[2]);
    }
    PyBuffer_Release(&level);
no_level:
    if (pull != Py_None)
        PyBuffer_Release(&pulled);
no_pull:
    PyBuffer_Release(&radius);
no_radius:
    PyBuffer_Release(&target);
no_target:
    PyBuffer_Release(&cost);
    return result;
}

static PyObject *area_influence(PyObject *object, PyObject *args)
{
    texture_area *self = (texture_area *)object;
    size_t count = (size_t)self->area.count;
    PyObject *levels, *pull;
    Py_buffer level, pulled;
    Aim aim;
    if (!PyArg_ParseTuple(args, "(iii)iOO", &aim.reach[0], &aim.reach[1], &aim.reach[2], &aim.step, &levels,
                          &pull)
        || !is_reach(&self->area, aim.reach) || !is_step(aim.step))
        return NULL;
    if (px_borrow(levels, &level, sizeof(int32_t), PLANES * count, 0) < 0)
        return NULL;
    if (px_borrow(pull, &pulled, sizeof(int32_t), (size_t)self->area.cells * PLANES, 1) < 0) {
        PyBuffer_Release(&level);
        return NULL;
    }
    const int32_t *chosen[PLANES];
    for (int plane = 0; plane < PLANES; plane++)
        chosen[plane] = (const int32_t *)level.buf + (size_t)plane * count;
    if (px_is_within(level.buf, PLANES * count, -MOST, MOST)
        && px_influence(&self->of->tables, &self->area, &aim, chosen, pulled.buf) < 0)
        PyErr_NoMemory();
    PyBuffer_Release(&pulled);
    PyBuffer_Release(&level);
    if (PyErr_Occurred())
        return NULL;
    Py_RETURN_NONE;
}

/* ---- levels into a coder and out of it ---- */

static void write_level(px_encoder *coder, const Tables *tables, const Seen *seen, int kind, int level)
{
    int size = abs(level);
    for (int m = 0; m < 3; m++) {
        px_encode_bit(coder, size > m, (uint32_t)tables->chances[seen->logits[m] + LOGIT_LIMIT]);
        if (size <= m)
            return;
        if (m == 0)
            px_encode_bit(coder, level < 0, PX_HALF);
    }
    int exponent = 0;
    while ((size - 2) >> (exponent + 1))
        exponent++;
    for (int index = 0; index <= exponent && index < ESCAPE_BITS; index++)
        px_encode_bit(coder, index < exponent, (uint32_t)tables->escapes[kind][index]);
    px_encode_bypass(coder, exponent, (uint64_t)(size - 2));
}

static int read_level(px_decoder *coder, const Tables *tables, const Seen *seen, int kind)
{
    int sign = 1;
    for (int m = 0; m < 3; m++) {
        if (!px_decode_bit(coder, (uint32_t)tables->chances[seen->logits[m] + LOGIT_LIMIT]))
            return sign * m;
        if (m == 0)
            sign = px_decode_bit(coder, PX_HALF) ? -1 : 1;
    }
    int exponent = 0;
    while (exponent < ESCAPE_BITS && px_decode_bit(coder, (uint32_t)tables->escapes[kind][exponent]))
        exponent++;
    return sign * (2 + (1 << exponent | (int)px_decode_bypass(coder, exponent)));
}

/* Code the levels within some squared radii, or fill them in; -1 without memory. */
static int code(texture_area *self, px_encoder *writer, px_decoder *reader, int step, const int *radii,
                int32_t *levels)
{
    const Area *area = &self->area;
    const Tables *tables = &self->of->tables;
    size_t cells = (size_t)area->cells;
    uint8_t *memory = calloc(cells * PLANES, 1);
    Field field;
    Seen seen;
    if (memory == NULL)
        return -1;
    for (int plane = 0; plane < PLANES; plane++)
        field.planes[plane] = memory + (size_t)plane * cells;
    for (int plane = 0; plane < PLANES; plane++) {
        int before = -1;
        memset(field.sums, 0, sizeof field.sums);
        for (int i = 0; i < area->count; i++) {
            if (area->radius[i] > radii[plane])
                continue;
            int32_t *level = levels + (size_t)plane * (size_t)area->count + i;
            if (area->diagonal[i] != before)
                field.sums[area->diagonal[i] + 1] = field.sums[area->diagonal[i]];
            before = area->diagonal[i];
            see(&seen, &field, area, &tables->nets[plane], plane, i, step);
            int kind = escape_class(&field, area, plane, i);
            if (writer)
                write_level(writer, tables, &seen, kind, *level);
            else
                *level = read_level(reader, tables, &seen, kind);
            learn(&field, area, tables, plane, i, abs(*level));
        }
        if (reader && reader->failed)
            break;
    }
    free(memory);
    return 0;
}

static PyObject *area_code(texture_area *self, PyObject *args, int writing)
{
    PyObject *coder, *levels;
    Py_buffer view;
    int step, radii[PLANES];
    size_t count = (size_t)self->area.count * PLANES;
    if (!PyArg_ParseTuple(args, "Oi(iii)O", &coder, &step, &radii[0], &radii[1], &radii[2], &levels))
        return NULL;
    px_encoder *writer = writing ? px_encoder_of(coder) : NULL;
    px_decoder *reader = writing ? NULL : px_decoder_of(coder);
    if (!writer && !reader)
        return PyErr_Format(PyExc_TypeError, "expected a %s", writing ? "BitWriter" : "BitReader");
    if (!is_step(step))
        return NULL;
    if (px_borrow(levels, &view, sizeof(int32_t), count, !writing) < 0)
        return NULL;
    if ((reader || px_is_within(view.buf, count, -MOST, MOST))
        && code(self, writer, reader, step, radii, view.buf) < 0)
        PyErr_NoMemory();
    PyBuffer_Release(&view);
    if (PyErr_Occurred())
        return NULL;
    if ((writer ? px_encoder_check(writer) : px_decoder_check(reader)) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *area_write(PyObject *self, PyObject *args)
{
    return area_code((texture_area *)self, args, 1);
}

static PyObject *area_read(PyObject *self, PyObject *args)
{
    return area_code((texture_area *)self, args, 0);
}

static PyMethodDef methods[] = {{"choose", area_choose, METH_VARARGS, NULL},
                                {"influence", area_influence, METH_VARARGS, NULL},
                                {"write", area_write, METH_VARARGS, NULL},
                                {"read", area_read, METH_VARARGS, NULL},
                                {NULL, NULL, 0, NULL}};

int px_add_texture(PyObject *module)
{
    tables_type = px_add_type(module, "promptcodec._native.TextureTables", sizeof(texture_tables), tables_new,
                      tables_dealloc, NULL);
    area_type = px_add_type(module, "promptcodec._native.TextureArea", sizeof(texture_area), area_new,
                    area_dealloc, methods);
    return tables_type == NULL || area_type == NULL ? -1 : 0;
}
