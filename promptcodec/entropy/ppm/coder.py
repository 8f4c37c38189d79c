"""The token PPM: text as tokens, each token as a walk down a tree of binary choices.

The tokens stand in an order in which like tokens are neighbours, and a binary tree splits it;
a token is the path to its leaf. At each split every model that knows something says how often
tokens left and right of it followed: the trained counts after the last 1, 2 and 3 tokens, and
the text so far after the last 0, 1 and 2. Two counts are looked up as a logit, the logits are
summed with weights that depend on how much the longest contexts know, and the sum is the
chance of going right. Escapes are not needed: a model that never saw what follows falls silent
on the way down and the others go on.

All of it is integers: logits in 1/256, weights in 1/65536, chances in 1/65536. Logits and weights
were fitted in ``training``, and are tables.

Sources: Cleary and Witten, "Data compression using adaptive coding and partial string
matching", 1984; Mahoney, "Adaptive weighing of context models for lossless data
compression", 2005 (the mixing).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Sequence

from promptcodec.entropy.bitio import BitReader, BitWriter
from promptcodec.entropy.ppm.model import BANDS, CACHES, EXACT, TOP, TRI, Model
from promptcodec.errors import EntropyError

RECENT = 8  # followers of a context in the text so far that are remembered
_NONE: list[int] = []


def encode(data: bytes, model: Model) -> bytes:
    """Code UTF-8 text in bits; ``decode`` with the same model gives it back."""
    writer = BitWriter()
    put_text(writer, data, model)
    return writer.finish()


def put_text(writer: BitWriter, data: bytes, model: Model) -> None:
    """Code text in bits among others."""
    if model.native:
        model.native.put(writer, data)
    else:
        walk(model, model.vocabulary.encode(data), put=lambda bit, one: writer.bit(one, bit))


def decode(data: bytes, model: Model, limit: int) -> bytes:
    """Undo ``encode``.

    Args:
        data: untrusted.
        model: the one it was coded with.
        limit: the most bytes to give. A token takes 30 to 60 microseconds without the compiled core, and
            one that gives no bytes is an error, so this bounds the time as well.

    Raises:
        EntropyError: damaged, truncated or longer than ``limit``.
    """
    reader = BitReader(data)
    text = get_text(reader, model, limit)
    reader.close()
    return text


def get_text(reader: BitReader, model: Model, limit: int) -> bytes:
    """Undo ``put_text``; raises as ``decode``."""
    if model.native:
        return model.native.get(reader, limit)
    text = model.vocabulary.decode(walk(model, get=reader.bit, limit=limit))
    if len(text) > limit:
        raise EntropyError(f"the ppm text is longer than {limit} bytes")
    return text


def walk(  # noqa: C901, PLR0912, PLR0915 - one loop in one function: this is what the time goes into
    model: Model,
    given: Sequence[int] = (),
    *,
    put: Callable[[int, int], None] | None = None,
    get: Callable[[int], int] | None = None,
    limit: int = 0,
    trace: list[int] | None = None,
) -> list[int]:
    """Code the given tokens with ``put``, or get tokens up to the end token with ``get``.

    Args:
        model: tables.
        given: the tokens to code, the end token last.
        put: takes a bit and the chance in 1/65536 that it is 1.
        get: takes the chance, gives the bit.
        limit: the most bytes the tokens may have in all, with ``get``.
        trace: gets what the mixing sees, NODE numbers for each split; for training.

    Returns:
        the tokens without the end token.
    """
    lists = model.lists
    left, right, base = lists.left, lists.right, lists.base
    last2, sum2, first2 = lists.last[0], lists.sums[0], lists.first[0]
    last3, sum3, first3 = lists.last[1], lists.sums[1], lists.first[1]
    last4, sum4, first4 = lists.last[2], lists.sums[2], lists.first[2]
    f1, f2, f3, g0, g1, g2 = lists.logits
    sets, squash = lists.weights, lists.squash
    pieces, end = model.vocabulary.pieces, model.vocabulary.end
    tri, log, bands = TRI, lists.log, BANDS
    out: list[int] = []
    seen: list[int] = []  # the text so far, sorted
    after1: dict[int, list[int]] = {}
    after2: dict[int, list[int]] = {}
    t1 = end  # the last token; level 1 of the trie is the tokens themselves
    t2 = -1  # where the last two stand in level 2, or -1
    t3 = -1  # where the last three stand in level 3, or -1
    pair = end << 16
    run = 0  # tokens in a row that were what last followed the two before them
    room = 2 * limit + 2  # each byte may have a marker before it; and the space before the text
    at = 0
    while True:
        token = given[at] if put or trace is not None else -1
        at += 1
        l1, h1 = first2[t1], first2[t1 + 1]
        a1, b1 = sum2[l1], sum2[h1]
        l2 = h2 = a2 = b2 = l3 = h3 = a3 = b3 = 0
        if t2 >= 0:
            l2, h2 = first3[t2], first3[t2 + 1]
            a2, b2 = sum3[l2], sum3[h2]
            if t3 >= 0:
                l3, h3 = first4[t3], first4[t3 + 1]
                a3, b3 = sum4[l3], sum4[h3]
        l0, h0 = 0, len(seen)
        near1 = after1.get(t1, _NONE)
        near2 = after2.get(pair, _NONE)
        guess = near2[-1] if near2 else -1
        steady = 1 if not run else 2 if run < 4 else 3 if run < 16 else 4
        mid = lists.root
        while True:
            # One block for each model: the count n of what is left of it, r of n to the right.
            i1 = i2 = i3 = j0 = j1 = j2 = 0
            band = 0
            n = b1 - a1
            if n:
                m1 = bisect_left(last2, mid, l1, h1)
                s1 = sum2[m1]
                r = b1 - s1
                i1 = (
                    tri[n] + r
                    if n < EXACT
                    else bands[min(n, TOP).bit_length()] + log[min(r, TOP)] - log[min(n - r, TOP)]
                )
                band = n.bit_length()
                band = min(band, 5)
                n = b2 - a2
                if n:
                    m2 = bisect_left(last3, mid, l2, h2)
                    s2 = sum3[m2]
                    r = b2 - s2
                    i2 = (
                        tri[n] + r
                        if n < EXACT
                        else bands[min(n, TOP).bit_length()] + log[min(r, TOP)] - log[min(n - r, TOP)]
                    )
                    band = n.bit_length()
                    band = band + 5 if band < 5 else 10
                    n = b3 - a3
                    if n:
                        m3 = bisect_left(last4, mid, l3, h3)
                        s3 = sum4[m3]
                        r = b3 - s3
                        i3 = (
                            tri[n] + r
                            if n < EXACT
                            else bands[min(n, TOP).bit_length()] + log[min(r, TOP)] - log[min(n - r, TOP)]
                        )
                        band = n.bit_length()
                        band = band + 10 if band < 5 else 15
            band *= CACHES
            n = h0 - l0
            if n:
                m0 = bisect_left(seen, mid, l0, h0)
                r = h0 - m0
                j0 = (
                    tri[n] + r
                    if n < EXACT
                    else bands[min(n, TOP).bit_length()] + log[min(r, TOP)] - log[min(n - r, TOP)]
                )
                if near1:
                    up1 = [other for other in near1 if other >= mid]
                    j1 = tri[len(near1)] + len(up1)
                    band += 1
                    if near2:
                        up2 = [other for other in near2 if other >= mid]
                        j2 = tri[len(near2)] + len(up2)
                        band += steady
            w0, w1, w2, w3, w4, w5, w6 = sets[band]
            dot = (
                w0 * base[mid]
                + w1 * f1[i1]
                + w2 * f2[i2]
                + w3 * f3[i3]
                + w4 * g0[j0]
                + w5 * g1[j1]
                + w6 * g2[j2]
            ) >> 16
            p = squash[(dot if dot > -3071 else -3071) if dot < 3071 else 3071]  # noqa: FURB136 - faster
            if get:
                bit = get(p)
            else:
                bit = token >= mid
                if put:
                    put(bit, p)
                elif trace is not None:
                    trace.extend((band, mid, i1, i2, i3, j0, j1, j2, bit))
            if bit:
                if i1:
                    l1, a1 = m1, s1
                    if i2:
                        l2, a2 = m2, s2
                        if i3:
                            l3, a3 = m3, s3
                if j0:
                    l0 = m0
                    if j1:
                        near1 = up1
                        if j2:
                            near2 = up2
                child = right[mid]
                if not child:
                    token = mid
                    break
            else:
                if i1:
                    h1, b1 = m1, s1
                    if i2:
                        h2, b2 = m2, s2
                        if i3:
                            h3, b3 = m3, s3
                if j0:
                    h0 = m0
                    if j1:
                        near1 = [other for other in near1 if other < mid]
                        if j2:
                            near2 = [other for other in near2 if other < mid]
                child = left[mid]
                if not child:
                    token = mid - 1
                    break
            mid = child
        if token == end:
            return out
        out.append(token)
        if get:
            room -= len(pieces[token])
            if room < 0:
                raise EntropyError(f"the ppm text is longer than {limit} bytes")
        run = run + 1 if token == guess else 0
        insort(seen, token)
        recent = after1.setdefault(t1, [])
        recent.append(token)
        if len(recent) > RECENT:
            del recent[0]
        recent = after2.setdefault(pair, [])
        recent.append(token)
        if len(recent) > RECENT:
            del recent[0]
        t3 = l2 if a2 < b2 else -1
        t2 = l1 if a1 < b1 else -1
        pair = t1 << 16 | token
        t1 = token
