/* The learned texture coder's tables as an object, and levels in and out of it. */

#include "numbers.h"

#include "learned_levels.h"

typedef struct {
    PyObject_HEAD
    Tables tables;
} learned_tables;

enum {
    MOST_PLACES = 1 << 12,
    MOST_WEIGHT = 1 << 24
};

static const int64_t most_price = (int64_t)1 << 32;

/* ---- arrays ---- */

typedef struct {
    size_t size, count;
    enum { READ, WRITTEN } as;
} Form;

static void release(Py_buffer *views, int count)
{
    for (int n = 0; n < count; n++)
        PyBuffer_Release(&views[n]);
}

/* Borrow all; an exception and -1 where one is not as it should be. */
static int borrow(PyObject *const *objects, Py_buffer *views, const Form *forms, int count)
{
    for (int n = 0; n < count; n++)
        if (px_borrow(objects[n], &views[n], forms[n].size, forms[n].count, forms[n].as == WRITTEN) < 0) {
            release(views, n);
            return -1;
        }
    return 0;
}

static int are_levels(const int16_t *numbers, size_t count, int most)
{
    for (size_t i = 0; i < count; i++)
        if (numbers[i] < -most || numbers[i] > most) {
            PyErr_SetString(PyExc_ValueError, "a number is too small or too large");
            return 0;
        }
    return 1;
}

/* ---- tables ---- */

/* Rows of signed and of unsigned magnitudes, as the sums that a level of either sign needs. */
static void join(int16_t to[][2][HIDDEN], const int16_t *from, int channels)
{
    for (int c = 0; c < channels; c++)
        for (int k = 0; k < HIDDEN; k++) {
            int with_sign = from[c * HIDDEN + k], without = from[(channels + c) * HIDDEN + k];
            to[c][0][k] = (int16_t)(without + with_sign);
            to[c][1][k] = (int16_t)(without - with_sign);
        }
}

static void fill_group(Group *group, const Py_buffer *views)
{
    int own = group->own, before = group->before;
    const int16_t *known = views[2].buf, *beside = views[3].buf, *direct = views[4].buf, *out = views[7].buf;
    memcpy(group->place, views[0].buf, sizeof group->place);
    memcpy(group->bias1, views[1].buf, sizeof group->bias1);
    memcpy(group->second, views[5].buf, sizeof group->second);
    memcpy(group->bias2, views[6].buf, sizeof group->bias2);
    memcpy(group->bias3, views[8].buf, (size_t)own * 2 * sizeof *group->bias3);
    for (int n = 0; n < AROUND; n++)
        join(group->known[n], known + n * 2 * before * HIDDEN, before);
    for (int n = 0; n < BESIDE; n++) {
        join(group->beside[n], beside + n * 2 * own * HIDDEN, own);
        for (int c = 0; c < own; c++)
            memcpy(group->direct[n][c], direct + (n * own + c) * own, (size_t)own * sizeof *direct);
    }
    for (int k = 0; k < HIDDEN; k++)
        memcpy(group->out[k], out + k * 2 * own, (size_t)own * 2 * sizeof *out);
}

/* Take a tuple of arrays, in the order of model.Group; an exception and -1 where they cannot be. */
static int take_group(Group *group, PyObject *parts)
{
    enum { PARTS = 9 };
    size_t own = (size_t)group->own, before = (size_t)group->before;
    const Form forms[PARTS] = {
        {sizeof(int32_t), PLACE * HIDDEN, READ},
        {sizeof(int32_t), HIDDEN, READ},
        {sizeof(int16_t), AROUND * 2 * before * HIDDEN, READ},
        {sizeof(int16_t), BESIDE * 2 * own * HIDDEN, READ},
        {sizeof(int16_t), BESIDE * own * own, READ},
        {sizeof(int16_t), HIDDEN * HIDDEN, READ},
        {sizeof(int32_t), HIDDEN, READ},
        {sizeof(int16_t), HIDDEN * 2 * own, READ},
        {sizeof(int32_t), 2 * own, READ},
    };
    PyObject *objects[PARTS];
    Py_buffer views[PARTS];
    if (!PyTuple_Check(parts) || PyTuple_Size(parts) != PARTS) {
        PyErr_Format(PyExc_ValueError, "a group has %d arrays", PARTS);
        return -1;
    }
    for (int n = 0; n < PARTS; n++)
        objects[n] = PyTuple_GetItem(parts, n);
    if (borrow(objects, views, forms, PARTS) < 0)
        return -1;
    int fits = 1;
    for (int n = 0; n < PARTS && fits; n++)
        fits = forms[n].size == sizeof(int16_t)
                   ? are_levels(views[n].buf, forms[n].count, WEIGHT_LIMIT)
                   : px_is_within(views[n].buf, forms[n].count, -BIAS_LIMIT, BIAS_LIMIT);
    if (fits)
        fill_group(group, views);
    release(views, PARTS);
    return fits ? 0 : -1;
}

/* Shares have to have a size: a coder could run without end otherwise. */
static int take_heads(Tables *tables, PyObject *const *objects)
{
    const Form forms[3] = {{sizeof(int32_t), 2 * LOGIT_LIMIT + 1, READ},
                           {sizeof(int32_t), SCALE_HIGH - SCALE_LOW + 1, READ},
                           {sizeof(int16_t), MOST + 1, READ}};
    Py_buffer views[3];
    if (borrow(objects, views, forms, 3) < 0)
        return -1;
    const int32_t *chances = views[0].buf;
    const int16_t *magnitudes = views[2].buf;
    int fits = px_is_within(chances, forms[0].count, 0, 65536)
               && px_is_within(views[1].buf, forms[1].count, 0, BIAS_LIMIT)
               && are_levels(magnitudes, forms[2].count, MAGNITUDE_LIMIT);
    for (size_t i = 1; fits && i < forms[0].count; i++)
        if (chances[i] < chances[i - 1]) {
            PyErr_SetString(PyExc_ValueError, "a chance is smaller than the one before it");
            fits = 0;
        }
    if (fits) {
        memcpy(tables->chances, chances, sizeof tables->chances);
        memcpy(tables->rates, views[1].buf, sizeof tables->rates);
        memcpy(tables->magnitudes, magnitudes, sizeof tables->magnitudes);
    }
    release(views, 3);
    return fits ? 0 : -1;
}

static PyObject *tables_new(PyTypeObject *type, PyObject *args, PyObject *named)
{
    static const int owned[GROUPS] = {4, 8, 12, 16, 24};
    PyObject *heads[3], *groups;
    (void)named;
    if (!PyArg_ParseTuple(args, "OOOO!", &heads[0], &heads[1], &heads[2], &PyTuple_Type, &groups))
        return NULL;
    if (PyTuple_Size(groups) != GROUPS)
        return PyErr_Format(PyExc_ValueError, "tables have %d groups", GROUPS);
    learned_tables *self = (learned_tables *)PyType_GenericAlloc(type, 0);
    if (self == NULL)
        return NULL;
    int wrong = take_heads(&self->tables, heads) < 0, before = 0;
    for (int g = 0; g < GROUPS && !wrong; before += owned[g++]) {
        self->tables.groups[g].before = before;
        self->tables.groups[g].own = owned[g];
        wrong = take_group(&self->tables.groups[g], PyTuple_GetItem(groups, g)) < 0;
    }
    if (wrong) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static void tables_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_Free(self);
    Py_DECREF(type);
}

/* ---- levels ---- */

/* Check a grid, and give its places; 0 and ValueError where there is no such grid. */
static size_t places_of(const Walk *walk)
{
    int most = MOST_PLACES;
    if (walk->rows >= 1 && walk->columns >= 1 && walk->rows <= most && walk->columns <= most
        && walk->rows * walk->columns <= most && walk->count >= 0 && walk->count <= LATENTS)
        return (size_t)walk->rows * (size_t)walk->columns;
    PyErr_Format(PyExc_ValueError, "there is no grid of %d by %d places with %d channels", walk->rows,
                 walk->columns, walk->count);
    return 0;
}

/* Walk, with the levels checked where they are given. */
static int checked_walk(PyObject *self, Walk *walk, size_t places)
{
    if (!walk->reader && !walk->aim && !are_levels(walk->levels, places * LATENTS, MOST))
        return -1;
    if (px_walk_levels(&((learned_tables *)self)->tables, walk) < 0)
        PyErr_NoMemory();
    return PyErr_Occurred() ? -1 : 0;
}

static PyObject *code(PyObject *self, PyObject *args, int writing)
{
    PyObject *coder, *objects[2];
    Py_buffer views[2];
    Walk walk = {0};
    if (!PyArg_ParseTuple(args, "O(ii)iOO", &coder, &walk.rows, &walk.columns, &walk.count, &objects[0],
                          &objects[1]))
        return NULL;
    walk.writer = writing ? px_encoder_of(coder) : NULL;
    walk.reader = writing ? NULL : px_decoder_of(coder);
    if (!walk.writer && !walk.reader)
        return PyErr_Format(PyExc_TypeError, "expected %s", writing ? "an Encoder" : "a Decoder");
    size_t places = places_of(&walk);
    const Form forms[2] = {{sizeof(int32_t), places * PLACE, READ},
                           {sizeof(int16_t), places * LATENTS, writing ? READ : WRITTEN}};
    if (places == 0 || borrow(objects, views, forms, 2) < 0)
        return NULL;
    walk.places = views[0].buf;
    walk.levels = views[1].buf;
    int wrong = checked_walk(self, &walk, places) < 0;
    release(views, 2);
    if (wrong || (writing ? px_encoder_check(walk.writer) : px_decoder_check(walk.reader)) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *tables_write(PyObject *self, PyObject *args)
{
    return code(self, args, 1);
}

static PyObject *tables_read(PyObject *self, PyObject *args)
{
    return code(self, args, 0);
}

static PyObject *tables_choose(PyObject *self, PyObject *args)
{
    enum { COST, PLACED, WANTED, WEIGHTS, LEVELS, VIEWS };
    PyObject *objects[VIEWS], *result = NULL;
    Py_buffer views[VIEWS];
    Walk walk = {0};
    Aim aim;
    long long price;
    if (!PyArg_ParseTuple(args, "(ii)iOOOOLO", &walk.rows, &walk.columns, &walk.count, &objects[COST],
                          &objects[PLACED], &objects[WANTED], &objects[WEIGHTS], &price, &objects[LEVELS]))
        return NULL;
    if (price < 0 || price > most_price) {
        PyErr_SetString(PyExc_ValueError, "a price is too small or too large");
        return NULL;
    }
    size_t places = places_of(&walk), numbers = places * LATENTS;
    const Form forms[VIEWS] = {{sizeof(int32_t), COSTS, READ},
                               {sizeof(int32_t), places * PLACE, READ},
                               {sizeof(int32_t), numbers, READ},
                               {sizeof(int32_t), LATENTS, READ},
                               {sizeof(int16_t), numbers, WRITTEN}};
    if (places == 0 || borrow(objects, views, forms, VIEWS) < 0)
        return NULL;
    walk.costs = views[COST].buf;
    walk.places = views[PLACED].buf;
    walk.levels = views[LEVELS].buf;
    walk.aim = &aim;
    aim.wanted = views[WANTED].buf;
    aim.price = price;
    memcpy(aim.weights, views[WEIGHTS].buf, sizeof aim.weights);
    if (px_is_within(aim.weights, LATENTS, 0, MOST_WEIGHT) && checked_walk(self, &walk, places) == 0)
        result = Py_BuildValue("LL", (long long)walk.bits, (long long)walk.error);
    release(views, VIEWS);
    return result;
}

static PyObject *tables_cost(PyObject *self, PyObject *args)
{
    PyObject *objects[3], *result = NULL;
    Py_buffer views[3];
    Walk walk = {0};
    if (!PyArg_ParseTuple(args, "(ii)iOOO", &walk.rows, &walk.columns, &walk.count, &objects[0], &objects[1],
                          &objects[2]))
        return NULL;
    size_t places = places_of(&walk);
    const Form forms[3] = {{sizeof(int32_t), COSTS, READ},
                           {sizeof(int32_t), places * PLACE, READ},
                           {sizeof(int16_t), places * LATENTS, READ}};
    if (places == 0 || borrow(objects, views, forms, 3) < 0)
        return NULL;
    walk.costs = views[0].buf;
    walk.places = views[1].buf;
    walk.levels = views[2].buf;
    if (checked_walk(self, &walk, places) == 0)
        result = PyLong_FromLongLong(walk.bits);
    release(views, 3);
    return result;
}

static PyMethodDef methods[] = {{"write", tables_write, METH_VARARGS, NULL},
                                {"read", tables_read, METH_VARARGS, NULL},
                                {"choose", tables_choose, METH_VARARGS, NULL},
                                {"cost", tables_cost, METH_VARARGS, NULL},
                                {NULL, NULL, 0, NULL}};

int px_add_learned(PyObject *module)
{
    PyTypeObject *type = px_add_type(module, "promptcodec._native.LearnedTables", sizeof(learned_tables),
                                     tables_new, tables_dealloc, methods);
    Py_XDECREF((PyObject *)type);
    return type == NULL ? -1 : 0;
}
