"""What the generator ``builtin`` draws with: a stream of words and a texture layer is drawn.

That layer is by the DCT and needs no restoring, so nothing is restored beside it. Of the other coder some
levels are drawn, and its tables are read.
"""

from contextlib import suppress

with suppress(Exception):
    from promptcodec.decoding import decode

    decode(
        bytes.fromhex(
            "ab5031604001077f03f38fc2d38b42bb5125c766448ee5124352035ea414ad1d2086cc2c1edc79af8dfd0bcaf0304b5907d64"
            "be19511d9da444ff0"
        )
    )

with suppress(Exception):
    import numpy as np

    from promptcodec.layers.texture.dct import restoration
    from promptcodec.layers.texture.dct.frequencies import extent
    from promptcodec.layers.texture.learned import model, synthesis

    across, down = extent(0)
    restoration.restore(np.zeros((3, down, across), np.float32), 0, 20)
    synthesis.draw(np.zeros((1, 1, model.LATENTS), np.int16), 0)
    model.kernel(model.tables())  # last: only the compiled core has one
