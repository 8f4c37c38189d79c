"""What the captioner ``local`` looks with: a picture is described, and all networks are loaded.

There is one thread, so that workers can be forked.
"""

from contextlib import suppress

with suppress(Exception):
    import numpy as np
    from PIL import Image

    from promptcodec.captioners.local import LocalCaptioner
    from promptcodec.vision import faces, maps, poses, things
    from promptcodec.vision.runtime import session

    for _network in (maps, things, faces, poses):
        session(_network.TABLE)
    things.words()
    _coarse = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
    LocalCaptioner().describe(
        Image.fromarray(_coarse).resize((96, 64), Image.Resampling.BICUBIC), rows=2, cols=3
    )
