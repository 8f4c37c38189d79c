/* Text to tokens and back. */

#include "vocabulary.h"

#include <stdlib.h>
#include <string.h>

enum { NEXT = 0xFC, END = 0xFD, CAPITALS = 0xFE, CAPITAL = 0xFF };
enum { LONGEST = 33 }; /* bytes of a piece that merges stay inside of: a space and 32 more */

static PyTypeObject *vocabulary_type;

static int is_upper(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z';
}

static int is_lower(uint8_t byte)
{
    return byte >= 'a' && byte <= 'z';
}

static int is_place(uint8_t byte)
{
    return byte >= '1' && byte <= '8';
}

/* ---- labels of cells ---- */

/* The cells of the grid at the end of the first line, and the one whose label is next. */
typedef struct {
    int cells;
    int cols;
    int next;
} px_labels;

static px_labels labels_of(const uint8_t *data, size_t size)
{
    px_labels labels = {0, 1, 0};
    size_t line = 0;
    while (line < size && data[line] != '\n' && data[line] != NEXT) {
        line++;
    }
    if (line < size && line >= 4 && data[line - 4] == ' ' && is_place(data[line - 3]) && data[line - 2] == 'x'
        && is_place(data[line - 1])) {
        labels.cols = data[line - 1] - '0';
        labels.cells = (data[line - 3] - '0') * labels.cols;
    }
    return labels;
}

static void next_label(const px_labels *labels, uint8_t label[5])
{
    label[0] = '\n';
    label[1] = 'r';
    label[2] = (uint8_t)('1' + labels->next / labels->cols);
    label[3] = 'c';
    label[4] = (uint8_t)('1' + labels->next % labels->cols);
}

/* ---- folding ---- */

/* Replace labels that are next in turn by NEXT; gives the size. `out` has room for `size`. */
static size_t fold_labels(const uint8_t *data, size_t size, uint8_t *out)
{
    px_labels labels = labels_of(data, size);
    uint8_t label[5];
    size_t at = 0, made = 0;
    while (at < size) {
        if (data[at] == '\n' && labels.next < labels.cells && size - at >= 5) {
            next_label(&labels, label);
            if (memcmp(data + at, label, 5) == 0) {
                labels.next++;
                out[made++] = NEXT;
                at += 5;
                continue;
            }
        }
        out[made++] = data[at++];
    }
    return made;
}

/* Replace capitals by markers and small letters; gives the size. `out` has room for twice `size`. */
static size_t fold_capitals(const uint8_t *data, size_t size, uint8_t *out)
{
    size_t at = 0, made = 0;
    while (at < size) {
        int starts = at == 0 || !(is_upper(data[at - 1]) || is_lower(data[at - 1]));
        size_t from = at + (data[at] == ' ');
        size_t stop = from;
        while (starts && stop < size && is_upper(data[stop])) {
            stop++;
        }
        /* Several capitals end before one that small letters follow. */
        if (stop - from > 1 && stop < size && is_lower(data[stop])) {
            stop = stop - from > 2 ? stop - 1 : from;
        }
        if (stop == from) {
            out[made++] = data[at++];
            continue;
        }
        out[made++] = stop - from > 1 ? CAPITALS : CAPITAL;
        while (at < from) {
            out[made++] = data[at++];
        }
        while (at < stop) {
            out[made++] = (uint8_t)(data[at++] + ('a' - 'A'));
        }
    }
    return made;
}

/* A space and the text, folded, malloc'ed; NULL without memory. */
static uint8_t *folded(const uint8_t *data, size_t size, size_t *made)
{
    uint8_t *plain = malloc(size + 1), *out = malloc(2 * size + 2);
    if (plain == NULL || out == NULL) {
        free(plain);
        free(out);
        return NULL;
    }
    plain[0] = ' ';
    *made = fold_capitals(plain, 1 + fold_labels(data, size, plain + 1), out);
    free(plain);
    return out;
}

/* Undo fold_capitals; gives the size, which is not above `size`. */
static size_t unfold_capitals(const uint8_t *data, size_t size, uint8_t *out)
{
    size_t at = 0, made = 0;
    while (at < size) {
        uint8_t marker = data[at];
        size_t letter = at + 1 + (at + 1 < size && data[at + 1] == ' ');
        if (marker < CAPITALS || letter >= size || !is_lower(data[letter])) {
            out[made++] = data[at++];
            continue;
        }
        if (letter > at + 1) {
            out[made++] = ' ';
        }
        for (at = letter; at < size && is_lower(data[at]); at++) {
            out[made++] = (uint8_t)(marker == CAPITALS || at == letter ? data[at] - ('a' - 'A') : data[at]);
        }
    }
    return made;
}

PyObject *px_unfolded(const uint8_t *data, size_t size)
{
    px_labels labels;
    size_t at, made = 0;
    /* At most 64 labels of five bytes stand for a byte each. */
    uint8_t *text = malloc(size + 1), *out = malloc(size + 4 * 64 + 1);
    PyObject *bytes = NULL;
    if (text == NULL || out == NULL) {
        PyErr_NoMemory();
    } else if ((size = unfold_capitals(data, size, text)) == 0 || text[0] != ' ') {
        px_entropy_error("the tokens do not start as a text does");
    } else {
        labels = labels_of(text + 1, size - 1);
        for (at = 1; at < size; at++) {
            if (text[at] != NEXT) {
                out[made++] = text[at];
                continue;
            }
            if (labels.next == labels.cells) {
                px_entropy_error("the tokens have more cells than the grid");
                break;
            }
            next_label(&labels, out + made);
            labels.next++;
            made += 5;
        }
        if (at == size) {
            bytes = PyBytes_FromStringAndSize((const char *)out, (Py_ssize_t)made);
        }
    }
    free(text);
    free(out);
    return bytes;
}

/* ---- tokens ---- */

static uint32_t place_of(const px_vocabulary *vocabulary, uint32_t pair)
{
    uint32_t place = (uint32_t)(pair * UINT32_C(2654435769)) >> 7;
    while (vocabulary->pairs[place & vocabulary->mask] != pair + 1 && vocabulary->pairs[place & vocabulary->mask]) {
        place++;
    }
    return place & vocabulary->mask;
}

/* The rank of a merge; PX_TOKENS if there is none. */
static uint32_t rank_of(const px_vocabulary *vocabulary, uint32_t left, uint32_t right)
{
    uint32_t place = place_of(vocabulary, left << 15 | right);
    return vocabulary->pairs[place] ? vocabulary->ranks[place] : PX_TOKENS;
}

/* How many bytes of folded text belong to the piece that starts it. */
static size_t piece_of(const uint8_t *data, size_t size)
{
    static const uint8_t most[4] = {0, 32, 4, 8};
    size_t from = data[0] == ' ' && size > 1, at;
    int kind = 0;
    for (at = from; at < size && (kind == 0 || at - from < most[kind]); at++) {
        uint8_t byte = data[at];
        int of = is_lower(byte) || (byte >= 0x80 && byte <= 0xF4)  ? 1
                 : byte >= '0' && byte <= '9'                      ? 2
                 : byte > ' ' && byte < 0x7F && !is_upper(byte)    ? 3
                                                                   : 0;
        if (of == 0 || (kind && of != kind)) {
            break;
        }
        kind = of;
    }
    return kind ? at : 1;
}

/* Merge the pair of lowest rank until none is left; gives how many tokens were written. */
static size_t merge(const px_vocabulary *vocabulary, const uint8_t *piece, size_t size, uint16_t *out)
{
    uint32_t parts[LONGEST], ranks[LONGEST];
    size_t at, best;
    for (at = 0; at < size; at++) {
        parts[at] = piece[at];
    }
    for (at = 0; at + 1 < size; at++) {
        ranks[at] = rank_of(vocabulary, parts[at], parts[at + 1]);
    }
    while (size > 1) {
        best = 0;
        for (at = 1; at + 1 < size; at++) {
            if (ranks[at] < ranks[best]) {
                best = at;
            }
        }
        if (ranks[best] == PX_TOKENS) {
            break;
        }
        parts[best] = ranks[best];
        size--;
        for (at = best + 1; at < size; at++) {
            parts[at] = parts[at + 1];
            ranks[at - 1] = ranks[at];
        }
        if (best > 0) {
            ranks[best - 1] = rank_of(vocabulary, parts[best - 1], parts[best]);
        }
        if (best + 1 < size) {
            ranks[best] = rank_of(vocabulary, parts[best], parts[best + 1]);
        }
    }
    for (at = 0; at < size; at++) {
        out[at] = vocabulary->numbers[parts[at]];
    }
    return size;
}

uint16_t *px_tokens(const px_vocabulary *vocabulary, const uint8_t *data, size_t size, size_t *count)
{
    size_t made, at = 0;
    uint8_t *text = folded(data, size, &made);
    uint16_t *tokens = text == NULL ? NULL : malloc((made + 1) * sizeof *tokens);
    *count = 0;
    if (tokens != NULL) {
        while (at < made) {
            size_t piece = piece_of(text + at, made - at);
            *count += merge(vocabulary, text + at, piece, tokens + *count);
            at += piece;
        }
        tokens[(*count)++] = vocabulary->end;
    }
    free(text);
    return tokens;
}

/* ---- Vocabulary ---- */

static void vocabulary_dealloc(PyObject *object)
{
    px_vocabulary *self = (px_vocabulary *)object;
    PyTypeObject *type = Py_TYPE(object);
    free(self->numbers);
    free(self->starts);
    free(self->text);
    free(self->pairs);
    free(self->ranks);
    Py_XDECREF(self->pieces);
    PyObject_Free(object);
    Py_DECREF(type);
}

/* Fill in the bytes of all tokens; 0 if a token is too long, a part is none yet, or numbers repeat. */
static int fill(px_vocabulary *self, const uint16_t *merges, uint32_t *rank_of_number, uint8_t *lengths)
{
    uint32_t rank, number, total = 0;
    for (rank = 0; rank < self->size; rank++) {
        uint32_t length = 1;
        if (rank >= PX_BYTES) {
            const uint16_t *pair = merges + 2 * (rank - PX_BYTES);
            if (pair[0] >= rank || pair[1] >= rank) {
                return 0;
            }
            length = (uint32_t)lengths[pair[0]] + lengths[pair[1]];
        }
        number = self->numbers[rank];
        if (length > PX_TOKEN_BYTES || number >= self->size || rank_of_number[number]) {
            return 0;
        }
        lengths[rank] = (uint8_t)length;
        rank_of_number[number] = rank + 1;
    }
    for (number = 0; number < self->size; number++) {
        self->starts[number] = total;
        total += lengths[rank_of_number[number] - 1];
    }
    self->starts[self->size] = total;
    for (rank = 0; rank < self->size; rank++) {
        uint8_t *text = self->text + self->starts[self->numbers[rank]];
        if (rank < PX_BYTES) {
            *text = (uint8_t)rank;
        } else {
            const uint16_t *pair = merges + 2 * (rank - PX_BYTES);
            uint32_t place = place_of(self, (uint32_t)pair[0] << 15 | pair[1]);
            self->pairs[place] = ((uint32_t)pair[0] << 15 | pair[1]) + 1;
            self->ranks[place] = (uint16_t)rank;
            memcpy(text, self->text + self->starts[self->numbers[pair[0]]], lengths[pair[0]]);
            memcpy(text + lengths[pair[0]], self->text + self->starts[self->numbers[pair[1]]], lengths[pair[1]]);
        }
    }
    self->end = self->numbers[END];
    return 1;
}

px_vocabulary *px_vocabulary_make(const uint16_t *merges, const uint16_t *numbers, uint32_t size)
{
    px_vocabulary *self;
    uint32_t *rank_of_number;
    uint8_t *lengths;
    uint32_t places = 2 * PX_BYTES;
    int valid = 0;
    if (size < PX_BYTES || size > PX_TOKENS) {
        PyErr_SetString(PyExc_ValueError, "a vocabulary has 256 to 32768 tokens");
        return NULL;
    }
    self = (px_vocabulary *)PyType_GenericAlloc(vocabulary_type, 0);
    if (self == NULL) {
        return NULL;
    }
    while (places < 4 * size) {
        places *= 2;
    }
    self->size = size;
    self->mask = places - 1;
    self->numbers = malloc(size * sizeof *self->numbers);
    self->starts = malloc((size + 1) * sizeof *self->starts);
    self->text = malloc((size_t)size * PX_TOKEN_BYTES);
    self->pairs = calloc(places, sizeof *self->pairs);
    self->ranks = malloc(places * sizeof *self->ranks);
    rank_of_number = calloc(size, sizeof *rank_of_number);
    lengths = malloc(size);
    if (self->numbers && self->starts && self->text && self->pairs && self->ranks && rank_of_number && lengths) {
        memcpy(self->numbers, numbers, size * sizeof *numbers);
        valid = fill(self, merges, rank_of_number, lengths);
        if (!valid) {
            PyErr_SetString(PyExc_ValueError, "the merges or numbers of a vocabulary are not valid");
        }
    } else {
        PyErr_NoMemory();
    }
    free(rank_of_number);
    free(lengths);
    if (!valid) {
        Py_DECREF(self);
        return NULL;
    }
    return self;
}

/* The numbers of a sequence, malloc'ed; NULL and an exception if they are no 16 bits each. */
static uint16_t *shorts_of(PyObject *sequence, Py_ssize_t *count)
{
    uint16_t *numbers;
    *count = PySequence_Size(sequence);
    if (*count < 0) {
        return NULL;
    }
    numbers = *count < PY_SSIZE_T_MAX / 2 ? malloc((size_t)(*count + 1) * sizeof *numbers) : NULL;
    if (numbers == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    for (Py_ssize_t at = 0; at < *count; at++) {
        PyObject *item = PySequence_GetItem(sequence, at);
        long number = item == NULL ? -1 : PyLong_AsLong(item);
        Py_XDECREF(item);
        if (number < 0 || number > UINT16_MAX) {
            if (!PyErr_Occurred()) {
                PyErr_SetString(PyExc_ValueError, "a token's number is not valid");
            }
            free(numbers);
            return NULL;
        }
        numbers[at] = (uint16_t)number;
    }
    return numbers;
}

static PyObject *vocabulary_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"merges", "numbers", NULL};
    PyObject *given_merges, *given_numbers, *self = NULL;
    Py_ssize_t twice, size;
    uint16_t *merges, *numbers;
    (void)type;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "OO", names, &given_merges, &given_numbers)) {
        return NULL;
    }
    merges = shorts_of(given_merges, &twice);
    if (merges == NULL) {
        return NULL;
    }
    numbers = shorts_of(given_numbers, &size);
    if (numbers != NULL) {
        if (size < PX_BYTES || size > PX_TOKENS || twice != 2 * (size - PX_BYTES)) {
            PyErr_SetString(PyExc_ValueError, "a vocabulary needs a number for each token, two for each merge");
        } else {
            self = (PyObject *)px_vocabulary_make(merges, numbers, (uint32_t)size);
        }
    }
    free(merges);
    free(numbers);
    return self;
}

static PyObject *vocabulary_encode(PyObject *self, PyObject *argument)
{
    char *data;
    Py_ssize_t size;
    size_t count;
    uint16_t *tokens;
    PyObject *module, *array = NULL;
    if (PyBytes_AsStringAndSize(argument, &data, &size) < 0) {
        return NULL;
    }
    tokens = px_tokens((px_vocabulary *)self, (const uint8_t *)data, (size_t)size, &count);
    if (tokens == NULL) {
        return PyErr_NoMemory();
    }
    module = PyImport_ImportModule("array");
    if (module != NULL) {
        array = PyObject_CallMethod(module, "array", "sy#", "H", (const char *)tokens,
                                    (Py_ssize_t)(count * sizeof *tokens));
        Py_DECREF(module);
    }
    free(tokens);
    return array;
}

static PyObject *get_pieces(PyObject *object, void *unused)
{
    px_vocabulary *self = (px_vocabulary *)object;
    (void)unused;
    if (self->pieces == NULL) {
        PyObject *pieces = PyList_New(self->size);
        for (uint32_t at = 0; pieces != NULL && at < self->size; at++) {
            PyObject *piece = PyBytes_FromStringAndSize((const char *)self->text + self->starts[at],
                                                        (Py_ssize_t)(self->starts[at + 1] - self->starts[at]));
            if (piece == NULL || PyList_SetItem(pieces, at, piece) < 0) {
                Py_DECREF(pieces);
                return NULL;
            }
        }
        self->pieces = pieces;
    }
    Py_XINCREF(self->pieces);
    return self->pieces;
}

static PyObject *get_size(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromUnsignedLong(((px_vocabulary *)self)->size);
}

static PyObject *get_end(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromLong(((px_vocabulary *)self)->end);
}

static PyObject *vocabulary_decode(PyObject *object, PyObject *tokens)
{
    px_vocabulary *self = (px_vocabulary *)object;
    Py_ssize_t count;
    size_t size = 0;
    uint8_t *text;
    PyObject *list = PySequence_List(tokens), *bytes = NULL;
    uint16_t *numbers = list == NULL ? NULL : shorts_of(list, &count);
    Py_XDECREF(list);
    if (numbers == NULL) {
        return NULL;
    }
    text = malloc((size_t)(count + 1) * PX_TOKEN_BYTES);
    if (text == NULL) {
        free(numbers);
        return PyErr_NoMemory();
    }
    for (Py_ssize_t at = 0; at < count; at++) {
        uint32_t token = numbers[at];
        if (token >= self->size) {
            PyErr_SetString(PyExc_IndexError, "there is no such token");
            break;
        }
        memcpy(text + size, self->text + self->starts[token], self->starts[token + 1] - self->starts[token]);
        size += self->starts[token + 1] - self->starts[token];
    }
    if (!PyErr_Occurred()) {
        bytes = px_unfolded(text, size);
    }
    free(numbers);
    free(text);
    return bytes;
}

/* ---- the module ---- */

static PyObject *fold(PyObject *module, PyObject *argument)
{
    char *data;
    Py_ssize_t size;
    size_t made;
    uint8_t *text;
    PyObject *bytes;
    (void)module;
    if (PyBytes_AsStringAndSize(argument, &data, &size) < 0) {
        return NULL;
    }
    text = folded((const uint8_t *)data, (size_t)size, &made);
    if (text == NULL) {
        return PyErr_NoMemory();
    }
    bytes = PyBytes_FromStringAndSize((const char *)text, (Py_ssize_t)made);
    free(text);
    return bytes;
}

static PyObject *unfold(PyObject *module, PyObject *argument)
{
    char *data;
    Py_ssize_t size;
    (void)module;
    if (PyBytes_AsStringAndSize(argument, &data, &size) < 0) {
        return NULL;
    }
    return px_unfolded((const uint8_t *)data, (size_t)size);
}

static PyMethodDef functions[] = {
    {"fold", fold, METH_O, NULL}, {"unfold", unfold, METH_O, NULL}, {NULL, NULL, 0, NULL}};
static PyMethodDef methods[] = {
    {"encode", vocabulary_encode, METH_O, NULL}, {"decode", vocabulary_decode, METH_O, NULL}, {NULL, NULL, 0, NULL}};
static PyGetSetDef members[] = {{"size", get_size, NULL, NULL, NULL},
                                {"end", get_end, NULL, NULL, NULL},
                                {"pieces", get_pieces, NULL, NULL, NULL},
                                {NULL, NULL, NULL, NULL, NULL}};

int px_add_vocabulary(PyObject *module)
{
    PyType_Slot slots[] = {{Py_tp_new, (void *)vocabulary_new},
                           {Py_tp_dealloc, (void *)vocabulary_dealloc},
                           {Py_tp_methods, methods},
                           {Py_tp_getset, members},
                           {0, NULL}};
    PyType_Spec spec = {"promptcodec._native.Vocabulary", sizeof(px_vocabulary), 0, Py_TPFLAGS_DEFAULT, slots};
    vocabulary_type = (PyTypeObject *)PyType_FromSpec(&spec);
    return vocabulary_type == NULL || PyModule_AddType(module, vocabulary_type) < 0
                   || PyModule_AddFunctions(module, functions) < 0
               ? -1
               : 0;
}
