"""What a texture layer is coded with: the fewest bytes of one are made, and both coders' networks loaded."""

from contextlib import suppress

with suppress(Exception):
    from PIL import Image

    from promptcodec.layers.texture import MINIMUM_BYTES, encode
    from promptcodec.layers.texture.dct import restoration
    from promptcodec.layers.texture.learned import synthesis

    encode(Image.radial_gradient("L").resize((48, 32)).convert("RGB"), MINIMUM_BYTES)
    restoration.forward()
    synthesis.forward()
