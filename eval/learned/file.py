"""Code a picture into a file, and decode it in another process.

    python -m eval.learned.file encode PICTURE FILE --model out/learned/small/model.pt --rate 3 --text WORDS
    python -m eval.learned.file decode FILE PICTURE --model out/learned/small/model.pt

Both run on the processor, on one thread. The words are in the file: the decoder needs the file and the
checkpoint alone. Without ``--text`` the words are those of a .txt beside the picture, or of its metadata; ""
leaves them out.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import pickle
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from eval.learned import entropy
from eval.learned.data import prompt_beside
from eval.learned.network import GRAIN, Codec, restore
from eval.learned.stream import ID_BYTES, RATES, Stream, unpack
from promptcodec.errors import BitstreamError, EntropyError, PromptcodecError, UsageError
from promptcodec.vision.load import load_image


@dataclass(frozen=True)
class Model:
    """A trained codec.

    Attributes:
        codec: its networks.
        id: the start of its checkpoint's SHA-256, which its files name.
        others: prompts of pictures that it was not trained on.
    """

    codec: Codec
    id: bytes
    others: tuple[str, ...]


def load(path: Path) -> Model:
    """Read a checkpoint.

    Raises:
        UsageError: there is none, or it is none of this codec.
    """
    try:
        data = path.read_bytes()
        kept = torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")
        codec = restore(kept)
    except OSError as error:
        raise UsageError(
            f"{path}: {error.strerror}; python -m eval.learned.train makes a checkpoint"
        ) from error
    except (RuntimeError, pickle.UnpicklingError, KeyError, TypeError, EOFError, ValueError) as error:
        raise UsageError(f"{path} is no checkpoint of the learned codec, or damaged: {error}") from error
    return Model(codec, hashlib.sha256(data).digest()[:ID_BYTES], tuple(kept["others"]))


def encode(model: Model, image: Image.Image, text: str, rate: int) -> bytes:
    """Code an RGB picture of any size at a rate, an index into LAMBDAS."""
    stream = Stream(model.id, rate, image.size, text, 0, b"")
    pixels = torch.from_numpy(np.asarray(image, np.float32).transpose(2, 0, 1)[None] / 255)
    with entropy.alone():
        words = model.codec.text([text])
        levels, checksum = entropy.encode(
            model.codec, entropy.padded(pixels), words, rate, zlib.crc32(stream.head())
        )
    return Stream(model.id, rate, image.size, text, checksum, levels).pack()


def decode(model: Model, data: bytes) -> Image.Image:
    """Decode what ``encode`` gave.

    Raises:
        BitstreamError: it is no such file, of another checkpoint, damaged, or of a machine that computes
            other floats.
    """
    stream = unpack(data)
    if stream.model != model.id:
        raise BitstreamError(
            f"coded with the checkpoint {stream.model.hex()}, not with {model.id.hex()}; give the one it was "
            "coded with"
        )
    width, height = stream.size
    sides = (height + -height % GRAIN, width + -width % GRAIN)
    try:
        with entropy.alone():
            words = model.codec.text([stream.text])
            pixels, checksum = entropy.decode(
                model.codec, stream.levels, words, stream.rate, sides, zlib.crc32(stream.head())
            )
    except EntropyError as error:
        raise EntropyError(f"the file is damaged, or was coded on another machine: {error}") from error
    if checksum != stream.checksum:
        raise EntropyError("the file is damaged, or was coded on another machine: its checksum does not hold")
    shown = pixels[0, :, :height, :width].clamp(0, 1).permute(1, 2, 0).numpy()
    return Image.fromarray(np.rint(shown * 255).astype(np.uint8))


def main(words: Sequence[str] | None = None) -> int:
    """Encode or decode; give the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("task", choices=("encode", "decode"))
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--model", type=Path, required=True, help="a checkpoint, model.pt")
    parser.add_argument("--rate", type=int, choices=range(1, RATES + 1), default=3, help="1 the fewest bits")
    parser.add_argument("--text", help="words of the picture")
    options = parser.parse_args(words)
    try:
        model = load(options.model)
        if options.task == "encode":
            data = options.source.read_bytes()
            text = prompt_beside(options.source) if options.text is None else options.text
            options.target.write_bytes(encode(model, load_image(data), text, options.rate - 1))
        else:
            decode(model, options.source.read_bytes()).save(options.target)
    except (PromptcodecError, OSError) as error:
        print(f"{options.source}: {error}", file=sys.stderr)
        return error.exit_code if isinstance(error, PromptcodecError) else 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
