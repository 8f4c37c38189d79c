/* The token PPM: promptcodec/entropy/ppm/coder.py is the reference and says how it works. */

#include "vocabulary.h"

#include <stdlib.h>
#include <string.h>

/* Ask for memory that is read soon, where the compiler can say so. */
#if defined(__GNUC__)
#define PX_SOON(address) __builtin_prefetch(address)
#else
#define PX_SOON(address) ((void)0)
#endif

/* As in promptcodec/entropy/ppm/model.py. */
enum { LEVELS = 3, INPUTS = 7, CACHES = 6, BANDS = 16 * CACHES, EXACT = 32, TOP = (1 << 17) - 1 };
enum { WIDE = 18 * 8, FIRST_BAND = 1 + EXACT * (EXACT + 1) / 2, LOGITS = FIRST_BAND + 12 * (2 * WIDE + 1) };
enum { FARTHEST = 3071, RECENT = 8 };

/* What is asked of a sequence of the trie at once; one more stands behind the last of a level. */
typedef struct {
    uint32_t sum;   /* the counts before it in its level */
    uint32_t first; /* where its children start in the level below */
} sequence;

typedef struct {
    uint32_t size;
    sequence *sequences; /* in order */
    uint16_t *last;      /* the last token of each; by itself, for this is searched */
} level;

typedef struct {
    PyObject_HEAD
    px_vocabulary *vocabulary;
    uint32_t root;
    uint16_t *left, *right; /* the split below each split, 0 for a token */
    int16_t *base;
    int16_t *logits; /* INPUTS - 1 rows of LOGITS */
    int32_t *weights; /* BANDS rows of INPUTS */
    sequence *tokens; /* as sequences of one, by number */
    level levels[LEVELS];
    int16_t logarithms[TOP + 1];
    uint16_t squash[2 * FARTHEST + 1];
} tables;

static PyTypeObject *tables_type;

/* ---- the text so far ---- */

/* What followed a context, the newest last. */
typedef struct {
    uint64_t context; /* 0: none yet */
    uint16_t recent[RECENT];
    uint16_t count;
} follower;

typedef struct {
    uint16_t *seen; /* the tokens, sorted */
    uint16_t *text; /* the tokens */
    size_t size, room;
    follower *followers; /* a hash table of 4 * room places */
} history;

static follower *followers_of(const history *so_far, uint64_t context)
{
    size_t mask = 4 * so_far->room - 1;
    size_t place = (size_t)((context * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & mask;
    while (so_far->followers[place].context != context && so_far->followers[place].context) {
        place = (place + 1) & mask;
    }
    return &so_far->followers[place];
}

static void follow(const history *so_far, uint64_t context, uint16_t token)
{
    follower *of = followers_of(so_far, context);
    of->context = context;
    if (of->count == RECENT) {
        memmove(of->recent, of->recent + 1, (RECENT - 1) * sizeof *of->recent);
        of->count--;
    }
    of->recent[of->count++] = token;
}

static void history_free(history *so_far)
{
    free(so_far->seen);
    free(so_far->text);
    free(so_far->followers);
}

/* Make room for `room` tokens, a power of two; 0 without memory. */
static int history_room(history *so_far, size_t room)
{
    history more = {malloc(room * sizeof *more.seen), malloc(room * sizeof *more.text), so_far->size, room,
                    calloc(4 * room, sizeof *more.followers)};
    if (more.seen == NULL || more.text == NULL || more.followers == NULL) {
        history_free(&more);
        return 0;
    }
    if (so_far->size) {
        memcpy(more.seen, so_far->seen, so_far->size * sizeof *more.seen);
        memcpy(more.text, so_far->text, so_far->size * sizeof *more.text);
    }
    for (size_t place = 0; place < 4 * so_far->room; place++) {
        if (so_far->followers[place].context) {
            *followers_of(&more, so_far->followers[place].context) = so_far->followers[place];
        }
    }
    history_free(so_far);
    *so_far = more;
    return 1;
}

static int history_grow(history *so_far)
{
    return history_room(so_far, so_far->room ? 2 * so_far->room : 64);
}

/* The first of tokens[low .. high - 1], which are sorted, that is not below `token`. */
static uint32_t bisect(const uint16_t *tokens, uint32_t low, uint32_t high, uint32_t token)
{
    uint32_t size = high - low;
    while (size > 1) {
        uint32_t half = size / 2;
        /* A branch, not a sum: the machine guesses it, and so has the next token on its way. */
        if (tokens[low + half - 1] < token) {
            low += half;
        }
        size -= half;
    }
    return low + (size && tokens[low] < token);
}

static void insert(history *so_far, uint16_t token)
{
    size_t at = bisect(so_far->seen, 0, (uint32_t)so_far->size, token);
    memmove(so_far->seen + at + 1, so_far->seen + at, (so_far->size - at) * sizeof token);
    so_far->seen[at] = token;
    so_far->text[so_far->size++] = token;
}

/* ---- the walk ---- */

static uint32_t length_of(uint32_t number)
{
    uint32_t length = 0;
    for (uint32_t step = 16; step; step /= 2) {
        if (number >> step) {
            number >>= step;
            length += step;
        }
    }
    return length + (number != 0);
}

/* The index of the logit of two counts: `right` of `count` to the right. */
static uint32_t logit_of(const tables *model, uint32_t count, uint32_t right)
{
    uint32_t left = count - right, length;
    if (count < EXACT) {
        return 1 + count * (count + 1) / 2 + right;
    }
    length = length_of(count < TOP ? count : TOP);
    return (uint32_t)((int)(FIRST_BAND + WIDE + (length > 6 ? length - 6 : 0) * (2 * WIDE + 1))
                      + model->logarithms[right < TOP ? right : TOP] - model->logarithms[left < TOP ? left : TOP]);
}

/* What one trained context knows of the tokens that are still possible: those in low .. high - 1 of its
   level, with the counts before `from` and before `to`. */
typedef struct {
    uint32_t low, high, from, to;
    uint32_t middle, sum; /* where the split divides them */
} known;

/* Keep what of a few tokens is on one side of a split. */
static uint16_t keep(uint16_t *few, uint16_t count, uint32_t split, int right)
{
    uint16_t kept = 0;
    for (uint16_t at = 0; at < count; at++) {
        if ((few[at] >= split) == right) {
            few[kept++] = few[at];
        }
    }
    return kept;
}

static uint16_t right_of(const uint16_t *few, uint16_t count, uint32_t split)
{
    uint16_t right = 0;
    for (uint16_t at = 0; at < count; at++) {
        right = (uint16_t)(right + (few[at] >= split));
    }
    return right;
}

/* Code the given tokens, the end token last, or get tokens up to the end token, into so_far->text.
   One of `encoder` and `decoder` is NULL; `room` is the most bytes of the tokens of a decoder.
   Gives 1, 0 without memory, or -1 if there is more than `room`. What a coder says has failed comes first. */
static int walk(const tables *model, const uint16_t *given, px_encoder *encoder, px_decoder *decoder,
                int64_t room, history *so_far)
{
    const px_vocabulary *vocabulary = model->vocabulary;
    const int16_t *logits = model->logits;
    uint32_t token, last = vocabulary->end; /* the last token */
    /* The last token, two and three as sequences of the trie, NULL from the first that is none. */
    const sequence *context[LEVELS] = {model->tokens + last, NULL, NULL};
    uint32_t pair = last << 16;
    uint32_t run = 0; /* tokens in a row that were what last followed the two before them */
    for (size_t at = 0;; at++) {
        known trained[LEVELS];
        uint16_t near1[RECENT], near2[RECENT], count1, count2;
        uint32_t low = 0, high, steady, split = model->root;
        int32_t guess;
        const follower *after;
        if (so_far->size == so_far->room && !history_grow(so_far)) {
            return 0;
        }
        high = (uint32_t)so_far->size;
        memset(trained, 0, sizeof trained);
        for (int k = 0; k < LEVELS && context[k] != NULL; k++) {
            trained[k].low = context[k][0].first;
            trained[k].high = context[k][1].first;
            trained[k].from = model->levels[k].sequences[trained[k].low].sum;
            trained[k].to = model->levels[k].sequences[trained[k].high].sum;
            PX_SOON(model->levels[k].last + trained[k].low);
            PX_SOON(model->levels[k].last + (trained[k].low + trained[k].high) / 2);
        }
        after = followers_of(so_far, UINT64_C(1) << 32 | last);
        count1 = after->count;
        memcpy(near1, after->recent, sizeof near1);
        after = followers_of(so_far, UINT64_C(2) << 32 | pair);
        count2 = after->count;
        memcpy(near2, after->recent, sizeof near2);
        guess = count2 ? near2[count2 - 1] : -1;
        steady = run == 0 ? 1 : run < 4 ? 2 : run < 16 ? 3 : 4;
        for (;;) {
            uint32_t index[INPUTS - 1] = {0}, band = 0, middle = 0, child, one;
            const int32_t *weights;
            int64_t dot;
            int bit, knowing = 0;
            for (; knowing < LEVELS; knowing++) {
                known *of = &trained[knowing];
                uint32_t count = of->to - of->from;
                if (count == 0) {
                    break;
                }
                of->middle = bisect(model->levels[knowing].last, of->low, of->high, split);
                of->sum = model->levels[knowing].sequences[of->middle].sum;
                index[knowing] = logit_of(model, count, of->to - of->sum);
                band = 5 * (uint32_t)knowing + (count < 16 ? length_of(count) : 5);
            }
            band *= CACHES;
            if (high > low) {
                middle = bisect(so_far->seen, low, high, split);
                index[3] = logit_of(model, high - low, high - middle);
                if (count1) {
                    index[4] = logit_of(model, count1, right_of(near1, count1, split));
                    band += 1;
                    if (count2) {
                        index[5] = logit_of(model, count2, right_of(near2, count2, split));
                        band += steady;
                    }
                }
            }
            weights = model->weights + band * INPUTS;
            dot = (int64_t)weights[0] * model->base[split];
            for (int k = 0; k < INPUTS - 1; k++) {
                dot += (int64_t)weights[k + 1] * logits[k * LOGITS + (int)index[k]];
            }
            dot >>= 16; /* downwards, as every compiler does it */
            dot = dot < -FARTHEST ? -FARTHEST : dot > FARTHEST ? FARTHEST : dot;
            one = model->squash[dot + FARTHEST];
            if (encoder != NULL) {
                bit = given[at] >= split;
                px_encode_bit(encoder, bit, one);
            } else {
                bit = px_decode_bit(decoder, one);
            }
            for (int k = 0; k < knowing; k++) {
                if (bit) {
                    trained[k].low = trained[k].middle;
                    trained[k].from = trained[k].sum;
                } else {
                    trained[k].high = trained[k].middle;
                    trained[k].to = trained[k].sum;
                }
            }
            if (high > low) {
                if (count1) {
                    if (count2) {
                        count2 = keep(near2, count2, split, bit);
                    }
                    count1 = keep(near1, count1, split, bit);
                }
                if (bit) {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            child = bit ? model->right[split] : model->left[split];
            if (child == 0) {
                token = bit ? split : split - 1;
                break;
            }
            split = child;
        }
        if (encoder != NULL ? encoder->failed : decoder->failed) {
            return 1;
        }
        if (token == vocabulary->end) {
            return 1;
        }
        if (decoder != NULL) {
            room -= vocabulary->starts[token + 1] - vocabulary->starts[token];
            if (room < 0) {
                return -1;
            }
        }
        run = (int32_t)token == guess ? run + 1 : 0;
        insert(so_far, (uint16_t)token);
        follow(so_far, UINT64_C(1) << 32 | last, (uint16_t)token);
        follow(so_far, UINT64_C(2) << 32 | pair, (uint16_t)token);
        for (int k = 0; k < LEVELS - 1; k++) {
            context[k + 1] = trained[k].from < trained[k].to
                                 ? model->levels[k].sequences + trained[k].low
                                 : NULL;
        }
        context[0] = model->tokens + token;
        pair = last << 16 | token;
        last = token;
    }
}

/* ---- the tables ---- */

static void tables_dealloc(PyObject *object)
{
    tables *self = (tables *)object;
    PyTypeObject *type = Py_TYPE(object);
    free(self->left);
    free(self->right);
    free(self->base);
    free(self->logits);
    free(self->weights);
    free(self->tokens);
    for (int k = 0; k < LEVELS; k++) {
        free(self->levels[k].sequences);
        free(self->levels[k].last);
    }
    Py_XDECREF((PyObject *)self->vocabulary);
    PyObject_Free(object);
    Py_DECREF(type);
}

/* Bytes that are taken from the front; `failed` if there are too few, or no memory. */
typedef struct {
    const uint8_t *data;
    uint64_t left;
    int failed, no_memory;
} bytes;

static const uint8_t *take(bytes *from, uint64_t size)
{
    const uint8_t *data = from->data;
    if (from->failed || from->left < size) {
        from->failed = 1;
        return NULL;
    }
    from->data += size;
    from->left -= size;
    return data;
}

static void *allocated(bytes *from, uint64_t size)
{
    void *memory = from->failed ? NULL : malloc((size_t)size + 1);
    if (memory == NULL && !from->failed) {
        from->failed = from->no_memory = 1;
    }
    return memory;
}

static uint32_t word_at(const uint8_t *data)
{
    return data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
}

static uint16_t *shorts(bytes *from, uint64_t count)
{
    const uint8_t *data = take(from, 2 * count);
    uint16_t *numbers = allocated(from, 2 * count);
    for (uint64_t at = 0; numbers != NULL && at < count; at++) {
        numbers[at] = (uint16_t)(data[2 * at] | data[2 * at + 1] << 8);
    }
    return numbers;
}

/* Read a level below the sequences of another, one more than `count`. */
static void read_level(bytes *from, level *of, sequence *parents, uint64_t count, const uint32_t *steps)
{
    uint64_t size = of->size, sum = 0;
    const uint8_t *low = take(from, size), *high = take(from, size);
    const uint8_t *low_children = take(from, count), *high_children = take(from, count);
    const uint8_t *counts = take(from, size);
    uint16_t last = 0;
    of->sequences = allocated(from, (size + 1) * sizeof *of->sequences);
    of->last = allocated(from, size * sizeof *of->last);
    if (from->failed) {
        return;
    }
    for (uint64_t at = 0; at < size; at++) {
        last = (uint16_t)(last + (low[at] | high[at] << 8));
        of->last[at] = last;
        of->sequences[at].sum = (uint32_t)sum;
        of->sequences[at].first = 0;
        sum += steps[counts[at]];
        from->failed |= steps[counts[at]] == 0;
    }
    of->sequences[size].sum = (uint32_t)sum;
    of->sequences[size].first = 0;
    from->failed |= sum > UINT32_MAX;
    sum = 0;
    for (uint64_t at = 0; at < count; at++) {
        parents[at].first = (uint32_t)sum;
        sum += (uint32_t)(low_children[at] | high_children[at] << 8);
    }
    parents[count].first = (uint32_t)sum;
    from->failed |= sum != size;
}

/* Whether the splits are a tree whose leaves are all tokens in order, so that a walk ends at the token sought. */
static int is_tree(const tables *self, uint32_t size)
{
    /* A split that is to come, and the tokens that it divides: low .. high - 1. */
    typedef struct {
        uint32_t split, low, high;
    } part;
    part *open = malloc(size * sizeof *open);
    uint32_t count = 0;
    int valid = open != NULL;
    if (valid) {
        open[count++] = (part){self->root, 0, size};
    } else {
        PyErr_NoMemory();
    }
    while (valid && count) {
        part of = open[--count];
        valid = of.low < of.split && of.split < of.high;
        if (valid) {
            uint32_t left = self->left[of.split], right = self->right[of.split];
            /* No split is below one that divides a token from its neighbour; there is one below any other. */
            valid = (left == 0) == (of.split - of.low == 1) && (right == 0) == (of.high - of.split == 1);
            if (left) {
                open[count++] = (part){left, of.low, of.split};
            }
            if (right) {
                open[count++] = (part){right, of.split, of.high};
            }
        }
    }
    free(open);
    return valid;
}

/* Read the content of a table file; 0, perhaps with an exception, if it is none. */
static int tables_read(tables *self, bytes *from, const uint32_t *steps)
{
    const uint8_t *head = take(from, 20), *data;
    uint32_t size, count;
    sequence *parents;
    uint16_t *merges, *numbers;
    if (head == NULL) {
        return 0;
    }
    size = word_at(head);
    self->root = word_at(head + 4);
    if (size < PX_BYTES || size > PX_TOKENS) {
        return 0;
    }
    merges = shorts(from, 2 * ((uint64_t)size - PX_BYTES));
    numbers = shorts(from, size);
    self->left = shorts(from, size);
    self->right = shorts(from, size);
    self->base = (int16_t *)shorts(from, size);
    self->logits = (int16_t *)shorts(from, (INPUTS - 1) * LOGITS);
    data = take(from, BANDS * INPUTS * 4);
    self->weights = allocated(from, BANDS * INPUTS * sizeof *self->weights);
    for (int at = 0; self->weights != NULL && at < BANDS * INPUTS; at++) {
        self->weights[at] = (int32_t)word_at(data + 4 * at);
    }
    self->tokens = allocated(from, ((uint64_t)size + 1) * sizeof *self->tokens);
    parents = self->tokens;
    count = size;
    for (int k = 0; k < LEVELS; k++) {
        self->levels[k].size = word_at(head + 8 + 4 * k);
        read_level(from, &self->levels[k], parents, count, steps);
        parents = self->levels[k].sequences;
        count = self->levels[k].size;
    }
    if (!from->failed) {
        self->vocabulary = px_vocabulary_make(merges, numbers, size);
    }
    free(merges);
    free(numbers);
    return !from->failed && self->vocabulary != NULL && is_tree(self, size);
}

static int is_size(const Py_buffer *view, size_t size)
{
    if ((size_t)view->len != size) {
        PyErr_SetString(PyExc_ValueError, "a table of constants has another size");
        return 0;
    }
    return 1;
}

/* Take the constants, which are in the machine's own order of bytes; 0 and ValueError if they are none. */
static int take_constants(tables *self, const Py_buffer *logarithms, const Py_buffer *squash)
{
    int valid = 1;
    if (!is_size(logarithms, sizeof self->logarithms) || !is_size(squash, sizeof self->squash)) {
        return 0;
    }
    memcpy(self->logarithms, logarithms->buf, sizeof self->logarithms);
    memcpy(self->squash, squash->buf, sizeof self->squash);
    for (int at = 0; at <= TOP; at++) {
        /* So that a difference of two is at most WIDE. */
        valid &= self->logarithms[at] >= -8 && self->logarithms[at] <= WIDE - 8;
    }
    for (int at = 0; at <= 2 * FARTHEST; at++) {
        valid &= self->squash[at] > 0;
    }
    if (!valid) {
        PyErr_SetString(PyExc_ValueError, "a constant is out of bounds");
    }
    return valid;
}

static PyObject *tables_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"content", "logarithms", "squash", "steps", NULL};
    Py_buffer content, logarithms, squash, steps;
    uint32_t counts[256] = {0};
    tables *self;
    int valid = 0;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "y*y*y*y*", names, &content, &logarithms, &squash, &steps)) {
        return NULL;
    }
    self = (tables *)PyType_GenericAlloc(type, 0);
    if (steps.len > (Py_ssize_t)sizeof counts) {
        PyErr_SetString(PyExc_ValueError, "a table of constants has another size");
    } else if (self != NULL && take_constants(self, &logarithms, &squash)) {
        bytes from = {content.buf, (uint64_t)content.len, 0, 0};
        memcpy(counts, steps.buf, (size_t)steps.len);
        valid = tables_read(self, &from, counts);
        if (from.no_memory) {
            PyErr_NoMemory();
        } else if (!valid && !PyErr_Occurred()) {
            PyErr_SetString(PyExc_ValueError, "the tables are damaged");
        }
    }
    PyBuffer_Release(&content);
    PyBuffer_Release(&logarithms);
    PyBuffer_Release(&squash);
    PyBuffer_Release(&steps);
    if (self != NULL && !valid) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

/* ---- texts ---- */

static PyObject *put(PyObject *object, PyObject *args)
{
    tables *self = (tables *)object;
    PyObject *writer;
    px_encoder *encoder;
    const char *data;
    Py_ssize_t size;
    size_t count;
    history so_far = {NULL, NULL, 0, 0, NULL};
    uint16_t *tokens;
    int done;
    if (!PyArg_ParseTuple(args, "Oy#", &writer, &data, &size)) {
        return NULL;
    }
    encoder = px_encoder_of(writer);
    if (encoder == NULL) {
        PyErr_SetString(PyExc_TypeError, "expected a BitWriter");
        return NULL;
    }
    tokens = px_tokens(self->vocabulary, (const uint8_t *)data, (size_t)size, &count);
    done = tokens != NULL && walk(self, tokens, encoder, NULL, 0, &so_far);
    free(tokens);
    history_free(&so_far);
    if (!done) {
        return PyErr_NoMemory();
    }
    if (px_encoder_check(encoder) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

/* The text of tokens; NULL and an exception if they are of none. */
static PyObject *text_of(const px_vocabulary *vocabulary, const history *tokens)
{
    size_t size = 0;
    uint8_t *text = malloc(tokens->size * PX_TOKEN_BYTES + 1);
    PyObject *unfolded;
    if (text == NULL) {
        return PyErr_NoMemory();
    }
    for (size_t at = 0; at < tokens->size; at++) {
        uint32_t start = vocabulary->starts[tokens->text[at]];
        uint32_t length = vocabulary->starts[tokens->text[at] + 1] - start;
        memcpy(text + size, vocabulary->text + start, length);
        size += length;
    }
    unfolded = px_unfolded(text, size);
    free(text);
    return unfolded;
}

static PyObject *get(PyObject *object, PyObject *args)
{
    tables *self = (tables *)object;
    PyObject *reader, *text = NULL;
    px_decoder *decoder;
    Py_ssize_t limit;
    history so_far = {NULL, NULL, 0, 0, NULL};
    int done;
    if (!PyArg_ParseTuple(args, "On", &reader, &limit)) {
        return NULL;
    }
    decoder = px_decoder_of(reader);
    if (decoder == NULL) {
        PyErr_SetString(PyExc_TypeError, "expected a BitReader");
        return NULL;
    }
    if (limit < 0 || limit > INT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "that limit is negative or too large");
        return NULL;
    }
    /* Each byte may have a marker before it; and the space before the text. */
    done = walk(self, NULL, NULL, decoder, 2 * (int64_t)limit + 2, &so_far);
    if (done == 0) {
        PyErr_NoMemory();
    } else if (px_decoder_check(decoder) == 0) {
        if (done > 0) {
            text = text_of(self->vocabulary, &so_far);
        }
        if (done < 0 || (text != NULL && PyBytes_Size(text) > limit)) {
            char message[64];
            PyOS_snprintf(message, sizeof message, "the ppm text is longer than %ld bytes", (long)limit);
            Py_XDECREF(text);
            text = px_entropy_error(message);
        }
    }
    history_free(&so_far);
    return text;
}

static PyObject *get_vocabulary(PyObject *self, void *unused)
{
    PyObject *vocabulary = (PyObject *)((tables *)self)->vocabulary;
    (void)unused;
    Py_INCREF(vocabulary);
    return vocabulary;
}

static PyMethodDef methods[] = {
    {"put", put, METH_VARARGS, NULL}, {"get", get, METH_VARARGS, NULL}, {NULL, NULL, 0, NULL}};
static PyGetSetDef members[] = {{"vocabulary", get_vocabulary, NULL, NULL, NULL}, {NULL, NULL, NULL, NULL, NULL}};

int px_add_ppm(PyObject *module)
{
    PyType_Slot slots[] = {{Py_tp_new, (void *)tables_new},
                           {Py_tp_dealloc, (void *)tables_dealloc},
                           {Py_tp_methods, methods},
                           {Py_tp_getset, members},
                           {0, NULL}};
    PyType_Spec spec = {"promptcodec._native.PpmTables", sizeof(tables), 0, Py_TPFLAGS_DEFAULT, slots};
    tables_type = (PyTypeObject *)PyType_FromSpec(&spec);
    return tables_type == NULL ? -1 : PyModule_AddType(module, tables_type);
}
