"""What a texture layer is coded with: the fewest bytes of one are made; restoring them has a network."""

from contextlib import suppress

with suppress(Exception):
    from PIL import Image

    from promptcodec.layers.texture import MINIMUM_BYTES, encode
    from promptcodec.layers.texture.dct import restoration

    encode(Image.radial_gradient("L").resize((48, 32)).convert("RGB"), MINIMUM_BYTES)
    restoration.forward()
