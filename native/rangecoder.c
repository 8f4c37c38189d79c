/* The beginnings and ends of the range coder; its steps are in rangecoder.h. */

#include "rangecoder.h"

#include <stdlib.h>
#include <string.h>

void px_encoder_start(px_encoder *coder)
{
    memset(coder, 0, sizeof *coder);
    coder->range = PX_MASK;
}

void px_encoder_free(px_encoder *coder)
{
    free(coder->out);
    coder->out = NULL;
    coder->size = coder->room = 0;
}

int px_encoder_grow(px_encoder *coder)
{
    size_t room = coder->room ? 2 * coder->room : 64;
    uint8_t *out = coder->failed ? NULL : realloc(coder->out, room);
    if (out == NULL) {
        coder->failed = 1;
        return 0;
    }
    coder->out = out;
    coder->room = room;
    return 1;
}

/* The number in low .. low + size - 1 that ends in most zero bytes, the greatest of them. */
static int64_t shortest(int64_t low, int64_t size)
{
    int64_t high = low + size - 1;
    for (int bits = 56; bits > 0; bits -= 8) {
        /* The greatest multiple of 2**bits up to `high`, which may be negative. */
        int64_t value = high - (int64_t)((uint64_t)high & ((UINT64_C(1) << bits) - 1));
        if (value >= low) {
            return value;
        }
    }
    return high;
}

uint8_t *px_encoder_finish(const px_encoder *coder, size_t *size)
{
    px_encoder whole = *coder;
    size_t least;
    whole.room = whole.size + PX_STATE_BYTES;
    whole.out = malloc(whole.room);
    if (whole.out == NULL) {
        return NULL;
    }
    if (whole.size) {
        memcpy(whole.out, coder->out, whole.size);
    }
    whole.low = (uint64_t)shortest((int64_t)coder->low, (int64_t)coder->range);
    if (whole.low > PX_MASK) {
        px_carry(&whole);
    }
    for (int shift = 48; shift >= 0; shift -= 8) {
        whole.out[whole.size++] = (uint8_t)(whole.low >> shift);
    }
    least = whole.size > PX_ZEROS ? whole.size - PX_ZEROS : 0;
    while (whole.size > least && whole.out[whole.size - 1] == 0) {
        whole.size--;
    }
    *size = whole.size;
    return whole.out;
}

int px_decoder_start(px_decoder *coder, const uint8_t *data, size_t size)
{
    coder->data = data;
    coder->size = size;
    coder->at = PX_STATE_BYTES;
    coder->range = PX_MASK;
    coder->code = 0;
    coder->failed = 0;
    for (size_t at = 0; at < PX_STATE_BYTES; at++) {
        coder->code = coder->code << 8 | (at < size ? data[at] : 0);
    }
    return coder->code < coder->range;
}

int px_decoder_closes(const px_decoder *coder)
{
    uint64_t value = 0;
    int zeros = coder->size > 0 && coder->data[coder->size - 1] == 0 && coder->size + PX_ZEROS > coder->at;
    /* A code outside its range is of shares that were taken without a look at the target. */
    if (coder->failed || coder->size > coder->at || zeros || coder->code >= coder->range) {
        return 0;
    }
    for (size_t at = coder->at - PX_STATE_BYTES; at < coder->at; at++) {
        value = value << 8 | (at < coder->size ? coder->data[at] : 0);
    }
    return (int64_t)value == shortest((int64_t)value - (int64_t)coder->code, (int64_t)coder->range);
}
