/* AdaptiveBit, Encoder, Decoder, BitWriter and BitReader of promptcodec/entropy, whose methods say what
   they do. Arguments outside what is allowed there are a ValueError here: C must not go on with them. */

#include "symbols.h"

#include <stdlib.h>

enum { MOST_BITS = 1 << 16 }; /* of a number of equally likely bits */

static PyTypeObject *adaptive_bit_type;
static PyTypeObject *encoder_type;
static PyTypeObject *decoder_type;
static PyTypeObject *writer_type;
static PyTypeObject *reader_type;

/* ---- errors ---- */

PyObject *px_entropy_error(const char *message)
{
    PyObject *errors = PyImport_ImportModule("promptcodec.errors");
    PyObject *error = errors == NULL ? NULL : PyObject_GetAttrString(errors, "EntropyError");
    if (error != NULL) {
        PyErr_SetString(error, message);
    }
    Py_XDECREF(errors);
    Py_XDECREF(error);
    return NULL;
}

int px_encoder_check(const px_encoder *coder)
{
    if (coder->failed) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

int px_decoder_check(const px_decoder *coder)
{
    if (coder->failed) {
        px_entropy_error("the coded symbols go on far behind the end of their data");
        return -1;
    }
    return 0;
}

/* ---- arguments ---- */

static int count_is(Py_ssize_t given, Py_ssize_t wanted)
{
    if (given != wanted) {
        PyErr_Format(PyExc_TypeError, "expected %zd arguments, got %zd", wanted, given);
        return 0;
    }
    return 1;
}

static int invalid(const char *message)
{
    PyErr_SetString(PyExc_ValueError, message);
    return -1;
}

/* A whole number from 0 to `most`. */
static int take_number(PyObject *object, uint64_t most, uint64_t *number)
{
    PyObject *index = PyNumber_Index(object);
    if (index == NULL) {
        return -1;
    }
    *number = PyLong_AsUnsignedLongLong(index);
    Py_DECREF(index);
    if (*number == (uint64_t)-1 && PyErr_Occurred()) {
        if (!PyErr_ExceptionMatches(PyExc_OverflowError)) {
            return -1;
        }
        PyErr_Clear();
        return invalid("a number is negative or too large");
    }
    return *number > most ? invalid("a number is too large") : 0;
}

static int take_chance(PyObject *object, uint32_t *one)
{
    uint64_t number;
    if (take_number(object, PX_BIT_ONE - 1, &number) < 0) {
        return -1;
    }
    *one = (uint32_t)number;
    return number ? 0 : invalid("a chance is in 1..65535");
}

static int take_total(PyObject *object, uint64_t *total)
{
    if (take_number(object, PX_MAX_TOTAL, total) < 0) {
        return -1;
    }
    return *total ? 0 : invalid("a total is in 1..2**32");
}

/* How many bits; fewer than none are none, as for Python's range. */
static int take_count(PyObject *object, long most, long *count)
{
    *count = PyLong_AsLong(object);
    if (*count == -1 && PyErr_Occurred()) {
        return -1;
    }
    if (*count < 0) {
        *count = 0;
    }
    return *count > most ? invalid("those are too many bits") : 0;
}

static int take_share(uint64_t start, uint64_t size, uint64_t total)
{
    return size && start + size <= total ? 0 : invalid("a symbol's share is not inside its total");
}

/* Item `at` of a sequence, 0 to 2**32. */
static int take_item(PyObject *sequence, Py_ssize_t at, uint64_t *number)
{
    int failed;
    PyObject *item = PySequence_GetItem(sequence, at);
    if (item == NULL) {
        return -1;
    }
    failed = take_number(item, PX_MAX_TOTAL, number);
    Py_DECREF(item);
    return failed;
}

static px_chance *take_model(PyObject *object)
{
    px_chance *chance = &((px_adaptive_bit *)object)->chance;
    if (!Py_IS_TYPE(object, adaptive_bit_type)) {
        PyErr_SetString(PyExc_TypeError, "expected an AdaptiveBit");
        return NULL;
    }
    if (chance->one < 1 || chance->one >= (int32_t)PX_BIT_ONE) {
        invalid("a chance is in 1..65535");
        return NULL;
    }
    return chance;
}

/* ---- AdaptiveBit ---- */

static PyObject *adaptive_bit_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"one", "seen", NULL};
    int one = PX_HALF, seen = 0;
    px_adaptive_bit *self;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|ii", names, &one, &seen)) {
        return NULL;
    }
    if (one < 0 || seen < 0 || seen > 15) {
        invalid("an AdaptiveBit has one >= 0 and seen in 0..15");
        return NULL;
    }
    self = (px_adaptive_bit *)PyType_GenericAlloc(type, 0);
    if (self != NULL) {
        self->chance.one = one;
        self->chance.seen = seen;
    }
    return (PyObject *)self;
}

static void adaptive_bit_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_Free(self);
    Py_DECREF(type);
}

static PyObject *adaptive_bit_learn(PyObject *self, PyObject *bit)
{
    int value = PyObject_IsTrue(bit);
    if (value < 0) {
        return NULL;
    }
    px_learn(&((px_adaptive_bit *)self)->chance, value);
    Py_RETURN_NONE;
}

static PyObject *get_one(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromLong(((px_adaptive_bit *)self)->chance.one);
}

static PyObject *get_seen(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromLong(((px_adaptive_bit *)self)->chance.seen);
}

static int set_member(int32_t *member, PyObject *value, uint64_t most)
{
    uint64_t number;
    if (value == NULL) {
        return invalid("an AdaptiveBit keeps its members");
    }
    if (take_number(value, most, &number) < 0) {
        return -1;
    }
    *member = (int32_t)number;
    return 0;
}

static int set_one(PyObject *self, PyObject *value, void *unused)
{
    (void)unused;
    return set_member(&((px_adaptive_bit *)self)->chance.one, value, INT32_MAX);
}

static int set_seen(PyObject *self, PyObject *value, void *unused)
{
    (void)unused;
    return set_member(&((px_adaptive_bit *)self)->chance.seen, value, 15);
}

/* ---- Encoder ---- */

static PyObject *writer_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    px_writer *self;
    if (!PyArg_ParseTuple(args, "") || (keywords != NULL && PyDict_Size(keywords) > 0)) {
        if (!PyErr_Occurred()) {
            PyErr_SetString(PyExc_TypeError, "expected no arguments");
        }
        return NULL;
    }
    self = (px_writer *)PyType_GenericAlloc(type, 0);
    if (self != NULL) {
        px_encoder_start(&self->coder);
    }
    return (PyObject *)self;
}

static void writer_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    px_encoder_free(&((px_writer *)self)->coder);
    PyObject_Free(self);
    Py_DECREF(type);
}

px_encoder *px_encoder_of(PyObject *object)
{
    return Py_IS_TYPE(object, writer_type) || Py_IS_TYPE(object, encoder_type) ? &((px_writer *)object)->coder
                                                                               : NULL;
}

#define WRITER(self) (&((px_writer *)(self))->coder)

static PyObject *written(const px_encoder *coder)
{
    if (px_encoder_check(coder) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *encode_share(px_encoder *coder, uint64_t start, uint64_t size, uint64_t total)
{
    if (take_share(start, size, total) < 0) {
        return NULL;
    }
    px_encode(coder, start, size, total);
    return written(coder);
}

static PyObject *encoder_encode(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    uint64_t start, size, total;
    if (!count_is(count, 3) || take_number(args[0], PX_MAX_TOTAL, &start) < 0
        || take_number(args[1], PX_MAX_TOTAL, &size) < 0 || take_total(args[2], &total) < 0) {
        return NULL;
    }
    return encode_share(WRITER(self), start, size, total);
}

static PyObject *encode_bit(PyObject *self, PyObject *bit, PyObject *chance)
{
    uint32_t one;
    int value = PyObject_IsTrue(bit);
    if (value < 0 || take_chance(chance, &one) < 0) {
        return NULL;
    }
    px_encode_bit(WRITER(self), value, one);
    return written(WRITER(self));
}

static PyObject *encoder_encode_bit(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    return count_is(count, 2) ? encode_bit(self, args[0], args[1]) : NULL;
}

static PyObject *writer_finish(PyObject *self, PyObject *unused)
{
    size_t size;
    uint8_t *data;
    PyObject *bytes;
    (void)unused;
    if (px_encoder_check(WRITER(self)) < 0) {
        return NULL;
    }
    data = px_encoder_finish(WRITER(self), &size);
    if (data == NULL) {
        return PyErr_NoMemory();
    }
    bytes = PyBytes_FromStringAndSize((const char *)data, (Py_ssize_t)size);
    free(data);
    return bytes;
}

/* ---- BitWriter ---- */

static PyObject *writer_bit(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    return count_is(count, 2) ? encode_bit(self, args[1], args[0]) : NULL;
}

static PyObject *writer_adaptive(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    px_chance *model;
    int value;
    if (!count_is(count, 2) || (value = PyObject_IsTrue(args[1])) < 0 || (model = take_model(args[0])) == NULL) {
        return NULL;
    }
    px_encode_adaptive(WRITER(self), model, value);
    return written(WRITER(self));
}

/* The model of a node, a new reference. */
static PyObject *tree_node(PyObject *models, uint64_t node)
{
    PyObject *key, *model;
    if (PyList_CheckExact(models)) {
        return PySequence_GetItem(models, (Py_ssize_t)node);
    }
    key = PyLong_FromUnsignedLongLong(node);
    if (key == NULL) {
        return NULL;
    }
    model = PyObject_GetItem(models, key);
    Py_DECREF(key);
    return model;
}

static PyObject *writer_tree(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    long bits;
    uint64_t value, node = 1;
    if (!count_is(count, 3) || take_count(args[1], 32, &bits) < 0) {
        return NULL;
    }
    value = PyLong_AsUnsignedLongLongMask(args[2]);
    if (PyErr_Occurred()) {
        return NULL;
    }
    while (bits-- > 0) {
        int bit = (int)(value >> bits & 1);
        PyObject *object = tree_node(args[0], node);
        px_chance *model = object == NULL ? NULL : take_model(object);
        if (model != NULL) {
            px_encode_adaptive(WRITER(self), model, bit);
        }
        Py_XDECREF(object);
        if (model == NULL) {
            return NULL;
        }
        node = node << 1 | (uint64_t)bit;
    }
    return written(WRITER(self));
}

/* The low 64 bits of value >> shift. */
static int shifted(PyObject *value, long shift, uint64_t *bits)
{
    PyObject *by = PyLong_FromLong(shift);
    PyObject *rest = by == NULL ? NULL : PyNumber_Rshift(value, by);
    Py_XDECREF(by);
    if (rest == NULL) {
        return -1;
    }
    *bits = PyLong_AsUnsignedLongLongMask(rest);
    Py_DECREF(rest);
    return PyErr_Occurred() ? -1 : 0;
}

static PyObject *writer_bypass(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    long left;
    uint64_t value;
    if (!count_is(count, 2) || take_count(args[0], MOST_BITS, &left) < 0) {
        return NULL;
    }
    while (left > 64) {
        left -= 32;
        if (shifted(args[1], left, &value) < 0) {
            return NULL;
        }
        px_encode_bypass(WRITER(self), 32, value);
        if (px_encoder_check(WRITER(self)) < 0) {
            return NULL;
        }
    }
    value = PyLong_AsUnsignedLongLongMask(args[1]);
    if (PyErr_Occurred()) {
        return NULL;
    }
    px_encode_bypass(WRITER(self), (int)left, value);
    return written(WRITER(self));
}

/* The sum of a sequence's first `count` items, at most 2**32. */
static int sum_of(PyObject *sequence, Py_ssize_t first, Py_ssize_t stop, uint64_t *sum)
{
    uint64_t item;
    for (Py_ssize_t at = first; at < stop; at++) {
        if (take_item(sequence, at, &item) < 0) {
            return -1;
        }
        *sum += item;
        if (*sum > PX_MAX_TOTAL) {
            return invalid("a total is in 1..2**32");
        }
    }
    return 0;
}

static PyObject *writer_symbol(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    uint64_t start = 0, size, total;
    Py_ssize_t length, value;
    if (!count_is(count, 2) || (length = PySequence_Size(args[0])) < 0) {
        return NULL;
    }
    value = PyNumber_AsSsize_t(args[1], PyExc_IndexError);
    if (value == -1 && PyErr_Occurred()) {
        return NULL;
    }
    if (value < 0 || value >= length) {
        PyErr_SetString(PyExc_IndexError, "no such symbol");
        return NULL;
    }
    if (sum_of(args[0], 0, value, &start) < 0 || take_item(args[0], value, &size) < 0) {
        return NULL;
    }
    total = start + size;
    if (sum_of(args[0], value + 1, length, &total) < 0) {
        return NULL;
    }
    return total <= PX_MAX_TOTAL ? encode_share(WRITER(self), start, size, total)
                                 : (invalid("a total is in 1..2**32"), NULL);
}

static PyObject *writer_span(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    uint64_t start, stop, total;
    Py_ssize_t length, value;
    if (!count_is(count, 2) || (length = PySequence_Size(args[0])) < 0) {
        return NULL;
    }
    value = PyNumber_AsSsize_t(args[1], PyExc_IndexError);
    if (value == -1 && PyErr_Occurred()) {
        return NULL;
    }
    if (value < 0 || value >= length - 1) {
        PyErr_SetString(PyExc_IndexError, "no such symbol");
        return NULL;
    }
    if (take_item(args[0], value, &start) < 0 || take_item(args[0], value + 1, &stop) < 0
        || take_item(args[0], length - 1, &total) < 0) {
        return NULL;
    }
    return encode_share(WRITER(self), start, stop > start ? stop - start : 0, total);
}

static PyObject *writer_uniform(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    uint64_t value, total;
    if (!count_is(count, 2) || take_total(args[0], &total) < 0 || take_number(args[1], PX_MAX_TOTAL, &value) < 0) {
        return NULL;
    }
    return encode_share(WRITER(self), value, 1, total);
}

/* ---- Decoder ---- */

static PyObject *reader_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"data", NULL};
    Py_buffer view;
    px_reader *self;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "y*", names, &view)) {
        return NULL;
    }
    self = (px_reader *)PyType_GenericAlloc(type, 0);
    if (self == NULL) {
        PyBuffer_Release(&view);
        return NULL;
    }
    self->view = view;
    if (!px_decoder_start(&self->coder, view.buf, (size_t)view.len)) {
        Py_DECREF(self);
        return px_entropy_error("the coded symbols start with an impossible value");
    }
    return (PyObject *)self;
}

static void reader_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyBuffer_Release(&((px_reader *)self)->view);
    PyObject_Free(self);
    Py_DECREF(type);
}

px_decoder *px_decoder_of(PyObject *object)
{
    return Py_IS_TYPE(object, reader_type) || Py_IS_TYPE(object, decoder_type) ? &((px_reader *)object)->coder
                                                                               : NULL;
}

#define READER(self) (&((px_reader *)(self))->coder)

static PyObject *read_number(const px_decoder *coder, uint64_t number)
{
    return px_decoder_check(coder) < 0 ? NULL : PyLong_FromUnsignedLongLong(number);
}

static PyObject *decoder_target(PyObject *self, PyObject *argument)
{
    uint64_t total;
    if (take_total(argument, &total) < 0) {
        return NULL;
    }
    return read_number(READER(self), px_target(READER(self), total));
}

static PyObject *decoder_take(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    uint64_t start, size, total;
    if (!count_is(count, 3) || take_number(args[0], PX_MAX_TOTAL, &start) < 0
        || take_number(args[1], PX_MAX_TOTAL, &size) < 0 || take_total(args[2], &total) < 0
        || take_share(start, size, total) < 0) {
        return NULL;
    }
    px_take(READER(self), start, size, total);
    if (px_decoder_check(READER(self)) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* Decoder.decode_bit and BitReader.bit */
static PyObject *reader_bit(PyObject *self, PyObject *argument)
{
    uint32_t one;
    if (take_chance(argument, &one) < 0) {
        return NULL;
    }
    return read_number(READER(self), (uint64_t)px_decode_bit(READER(self), one));
}

static PyObject *reader_close(PyObject *self, PyObject *unused)
{
    (void)unused;
    if (!px_decoder_closes(READER(self))) {
        return px_entropy_error("the coded symbols do not end as an encoder ends them");
    }
    Py_RETURN_NONE;
}

/* ---- BitReader ---- */

static PyObject *reader_adaptive(PyObject *self, PyObject *argument)
{
    int bit;
    px_chance *model = take_model(argument);
    if (model == NULL) {
        return NULL;
    }
    bit = px_decode_adaptive(READER(self), model);
    return read_number(READER(self), (uint64_t)bit);
}

static PyObject *reader_tree(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    long bits, left;
    uint64_t node = 1;
    if (!count_is(count, 2) || take_count(args[1], 32, &bits) < 0) {
        return NULL;
    }
    for (left = bits; left > 0; left--) {
        PyObject *object = tree_node(args[0], node);
        px_chance *model = object == NULL ? NULL : take_model(object);
        if (model != NULL) {
            node = node << 1 | (uint64_t)px_decode_adaptive(READER(self), model);
        }
        Py_XDECREF(object);
        if (model == NULL || px_decoder_check(READER(self)) < 0) {
            return NULL;
        }
    }
    return PyLong_FromUnsignedLongLong(node - (UINT64_C(1) << bits));
}

static PyObject *reader_bypass(PyObject *self, PyObject *argument)
{
    long left;
    PyObject *number;
    if (take_count(argument, MOST_BITS, &left) < 0) {
        return NULL;
    }
    number = read_number(READER(self), px_decode_bypass(READER(self), (int)(left < 64 ? left : left % 32)));
    left -= left < 64 ? left : left % 32;
    for (; left > 0 && number != NULL; left -= 32) {
        PyObject *width = PyLong_FromLong(32);
        PyObject *higher = width == NULL ? NULL : PyNumber_Lshift(number, width);
        PyObject *lower = read_number(READER(self), px_decode_bypass(READER(self), 32));
        Py_DECREF(number);
        number = higher == NULL || lower == NULL ? NULL : PyNumber_Or(higher, lower);
        Py_XDECREF(width);
        Py_XDECREF(higher);
        Py_XDECREF(lower);
    }
    return number;
}

static PyObject *reader_symbol(PyObject *self, PyObject *frequencies)
{
    uint64_t total = 0, start = 0, size = 0, target;
    Py_ssize_t at = 0, length = PySequence_Size(frequencies);
    if (length < 0 || sum_of(frequencies, 0, length, &total) < 0) {
        return NULL;
    }
    if (!total) {
        invalid("a total is in 1..2**32");
        return NULL;
    }
    target = px_target(READER(self), total);
    for (;; at++) {
        if (take_item(frequencies, at, &size) < 0) {
            return NULL;
        }
        if (start + size > target) {
            break;
        }
        start += size;
    }
    if (take_share(start, size, total) < 0) {
        return NULL;
    }
    px_take(READER(self), start, size, total);
    return read_number(READER(self), (uint64_t)at);
}

static PyObject *reader_span(PyObject *self, PyObject *bounds)
{
    uint64_t total, target, start, stop, bound;
    Py_ssize_t low = 0, high = PySequence_Size(bounds) - 1;
    if (high < 1) {
        return PyErr_Occurred() ? NULL : (invalid("there are no bounds"), NULL);
    }
    if (take_item(bounds, high, &total) < 0) {
        return NULL;
    }
    if (!total) {
        invalid("a total is in 1..2**32");
        return NULL;
    }
    target = px_target(READER(self), total);
    /* The last of `low` whose bound is at most the target; that of `high` is above it. */
    while (high - low > 1) {
        Py_ssize_t middle = low + (high - low) / 2;
        if (take_item(bounds, middle, &bound) < 0) {
            return NULL;
        }
        if (bound <= target) {
            low = middle;
        } else {
            high = middle;
        }
    }
    if (take_item(bounds, low, &start) < 0 || take_item(bounds, high, &stop) < 0
        || take_share(start, stop > start ? stop - start : 0, total) < 0) {
        return NULL;
    }
    px_take(READER(self), start, stop - start, total);
    return read_number(READER(self), (uint64_t)low);
}

static PyObject *reader_uniform(PyObject *self, PyObject *argument)
{
    uint64_t total, value;
    if (take_total(argument, &total) < 0) {
        return NULL;
    }
    value = px_target(READER(self), total);
    px_take(READER(self), value, 1, total);
    return read_number(READER(self), value);
}

/* ---- the types ---- */

#define FAST(name, function) {name, (PyCFunction)(void (*)(void))(function), METH_FASTCALL, NULL}
#define ONE(name, function) {name, (function), METH_O, NULL}
#define NONE(name, function) {name, (function), METH_NOARGS, NULL}
#define END {NULL, NULL, 0, NULL}

static PyMethodDef adaptive_bit_methods[] = {ONE("learn", adaptive_bit_learn), END};
static PyGetSetDef adaptive_bit_members[] = {
    {"one", get_one, set_one, NULL, NULL}, {"seen", get_seen, set_seen, NULL, NULL}, {NULL, NULL, NULL, NULL, NULL}};
static PyMethodDef encoder_methods[] = {
    FAST("encode", encoder_encode), FAST("encode_bit", encoder_encode_bit), NONE("finish", writer_finish), END};
static PyMethodDef writer_methods[] = {
    FAST("bit", writer_bit),       FAST("adaptive", writer_adaptive), FAST("tree", writer_tree),
    FAST("bypass", writer_bypass), FAST("symbol", writer_symbol),     FAST("span", writer_span),
    FAST("uniform", writer_uniform), NONE("finish", writer_finish),   END};
static PyMethodDef decoder_methods[] = {ONE("target", decoder_target), FAST("take", decoder_take),
                                        ONE("decode_bit", reader_bit), NONE("close", reader_close), END};
static PyMethodDef reader_methods[] = {
    ONE("bit", reader_bit),       ONE("adaptive", reader_adaptive), FAST("tree", reader_tree),
    ONE("bypass", reader_bypass), ONE("symbol", reader_symbol),     ONE("span", reader_span),
    ONE("uniform", reader_uniform), NONE("close", reader_close),    END};

static int add_type(PyObject *module, PyTypeObject **type, const char *name, int size, newfunc make,
                    destructor end, PyMethodDef *methods, PyGetSetDef *members)
{
    /* A pointer to a function as one to an object: what CPython asks for, on every system it runs on. */
    PyType_Slot slots[] = {{Py_tp_new, (void *)make},
                           {Py_tp_dealloc, (void *)end},
                           {Py_tp_methods, methods},
                           {members ? Py_tp_getset : 0, members},
                           {0, NULL}};
    PyType_Spec spec = {name, size, 0, Py_TPFLAGS_DEFAULT, slots};
    *type = (PyTypeObject *)PyType_FromSpec(&spec);
    return *type == NULL ? -1 : PyModule_AddType(module, *type);
}

int px_add_symbols(PyObject *module)
{
    return add_type(module, &adaptive_bit_type, "promptcodec._native.AdaptiveBit", sizeof(px_adaptive_bit),
                    adaptive_bit_new, adaptive_bit_dealloc, adaptive_bit_methods, adaptive_bit_members) < 0
               || add_type(module, &encoder_type, "promptcodec._native.Encoder", sizeof(px_writer), writer_new,
                           writer_dealloc, encoder_methods, NULL) < 0
               || add_type(module, &decoder_type, "promptcodec._native.Decoder", sizeof(px_reader), reader_new,
                           reader_dealloc, decoder_methods, NULL) < 0
               || add_type(module, &writer_type, "promptcodec._native.BitWriter", sizeof(px_writer), writer_new,
                           writer_dealloc, writer_methods, NULL) < 0
               || add_type(module, &reader_type, "promptcodec._native.BitReader", sizeof(px_reader), reader_new,
                           reader_dealloc, reader_methods, NULL) < 0
           ? -1
           : 0;
}
