/* The range coder of promptcodec/entropy/rangecoder.py, which is the reference and says how it works.

   A kernel codes straight into a px_encoder or out of a px_decoder; nothing here needs Python.
   Errors stick: a kernel looks at `failed` when it likes, at the latest before it answers. What a
   failed coder gives until then is defined, and means nothing. */

#ifndef PX_RANGECODER_H
#define PX_RANGECODER_H

#include <stddef.h>
#include <stdint.h>

#define PX_STATE_BYTES 7
#define PX_TOP (UINT64_C(1) << 56)
#define PX_MASK (PX_TOP - 1)
#define PX_BOTTOM (UINT64_C(1) << 48)
#define PX_MAX_TOTAL (UINT64_C(1) << 32)
#define PX_ZEROS 24
#define PX_BIT_ONE 65536u
#define PX_HALF 32768u

typedef struct {
    uint64_t low;   /* below 2**56, but for a carry between two symbols */
    uint64_t range; /* PX_BOTTOM or more between two symbols */
    uint8_t *out;
    size_t size;
    size_t room;
    int failed; /* out of memory */
} px_encoder;

typedef struct {
    const uint8_t *data; /* borrowed */
    size_t size;
    size_t at; /* bytes taken, those behind the end included */
    uint64_t range;
    uint64_t code;
    int failed; /* symbols without end: an EntropyError */
} px_decoder;

/* A chance that learns: `one` in 1..65535 of 65536, `seen` in 0..15. */
typedef struct {
    int32_t one;
    int32_t seen;
} px_chance;

void px_encoder_start(px_encoder *coder);
void px_encoder_free(px_encoder *coder);
/* The bytes of a coder as `finish` gives them, malloc'ed; NULL without memory. The coder stays as it is. */
uint8_t *px_encoder_finish(const px_encoder *coder, size_t *size);
/* Make room for one byte more; 0 without memory. */
int px_encoder_grow(px_encoder *coder);

/* Start to decode; 0 if no coder's bytes start so. */
int px_decoder_start(px_decoder *coder, const uint8_t *data, size_t size);
/* Whether the data are the very bytes that the encoder writes for the symbols taken. */
int px_decoder_closes(const px_decoder *coder);

/* ---- encoding ---- */

static inline void px_carry(px_encoder *coder)
{
    size_t at = coder->size;
    coder->low &= PX_MASK;
    while (at > 0 && ++coder->out[--at] == 0) {
    }
}

static inline void px_encoder_normalise(px_encoder *coder)
{
    if (coder->low > PX_MASK) {
        px_carry(coder);
    }
    while (coder->range < PX_BOTTOM) {
        if (coder->size < coder->room || px_encoder_grow(coder)) {
            coder->out[coder->size++] = (uint8_t)(coder->low >> 48);
        }
        coder->low = (coder->low << 8) & PX_MASK;
        coder->range <<= 8;
    }
}

/* Code the symbol that owns start .. start + size - 1 of total; 1 <= size, start + size <= total <= 2**32. */
static inline void px_encode(px_encoder *coder, uint64_t start, uint64_t size, uint64_t total)
{
    uint64_t step = coder->range / total;
    uint64_t offset = step * start;
    coder->low += offset;
    coder->range = start + size == total ? coder->range - offset : step * size;
    px_encoder_normalise(coder);
}

/* Code a bit whose chance of being 1 is one of 65536, 0 < one < 65536. */
static inline void px_encode_bit(px_encoder *coder, int bit, uint32_t one)
{
    uint64_t split = (coder->range >> 16) * one;
    if (bit) {
        coder->range = split;
    } else {
        coder->low += split;
        coder->range -= split;
    }
    px_encoder_normalise(coder);
}

/* Code the lowest `count` bits of a number, each as likely 0 as 1, high bit first; count <= 64. */
static inline void px_encode_bypass(px_encoder *coder, int count, uint64_t value)
{
    while (count-- > 0) {
        px_encode_bit(coder, (int)(value >> count & 1), PX_HALF);
    }
}

/* ---- decoding ---- */

static inline void px_decoder_normalise(px_decoder *coder)
{
    while (coder->range < PX_BOTTOM) {
        uint64_t byte = 0;
        if (coder->at < coder->size) {
            byte = coder->data[coder->at];
        } else if (coder->at - coder->size >= PX_ZEROS) {
            /* A state in which every further step is defined. */
            coder->failed = 1;
            coder->range = PX_MASK;
            coder->code = 0;
            return;
        }
        coder->code = coder->code << 8 | byte;
        coder->range <<= 8;
        coder->at++;
    }
}

/* A number below total, at most 2**32, that lies inside the next symbol's share; px_take must follow. */
static inline uint64_t px_target(const px_decoder *coder, uint64_t total)
{
    uint64_t target = coder->code / (coder->range / total);
    return target < total ? target : total - 1;
}

/* Remove the symbol that owns start .. start + size - 1 of total. */
static inline void px_take(px_decoder *coder, uint64_t start, uint64_t size, uint64_t total)
{
    uint64_t step = coder->range / total;
    uint64_t offset = step * start;
    coder->code -= offset;
    coder->range = start + size == total ? coder->range - offset : step * size;
    px_decoder_normalise(coder);
}

/* A bit whose chance of being 1 is one of 65536, 0 < one < 65536. */
static inline int px_decode_bit(px_decoder *coder, uint32_t one)
{
    uint64_t split = (coder->range >> 16) * one;
    int bit = coder->code < split;
    if (bit) {
        coder->range = split;
    } else {
        coder->code -= split;
        coder->range -= split;
    }
    px_decoder_normalise(coder);
    return bit;
}

/* A number below 2**count; count <= 64. */
static inline uint64_t px_decode_bypass(px_decoder *coder, int count)
{
    uint64_t value = 0;
    while (count-- > 0) {
        value = value << 1 | (uint64_t)px_decode_bit(coder, PX_HALF);
    }
    return value;
}

/* ---- chances that learn ---- */

static inline void px_learn(px_chance *chance, int bit)
{
    static const uint8_t rates[16] = {2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 22, 24};
    const int32_t least = 64;
    /* Division rounds towards zero on both sides. */
    chance->one += ((bit ? (int32_t)PX_BIT_ONE - least : least) - chance->one) / rates[chance->seen];
    if (chance->seen < 15) {
        chance->seen++;
    }
}

static inline void px_encode_adaptive(px_encoder *coder, px_chance *chance, int bit)
{
    px_encode_bit(coder, bit, (uint32_t)chance->one);
    px_learn(chance, bit);
}

static inline int px_decode_adaptive(px_decoder *coder, px_chance *chance)
{
    int bit = px_decode_bit(coder, (uint32_t)chance->one);
    px_learn(chance, bit);
    return bit;
}

#endif
