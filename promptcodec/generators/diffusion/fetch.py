"""Fetch the models of profiles from the model hub: ``python -m`` this module, with the profiles' names.

Nothing else fetches any. Models that come only as pickles are written as safetensors beside them: pickles
run code where they are opened plainly, but torch's ``weights_only`` builds tensors and nothing else. Drawing
never opens one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from promptcodec.errors import MissingError, PromptcodecError
from promptcodec.generators.diffusion import profiles, store
from promptcodec.generators.diffusion.profiles import Weights

NAME = "diffusion_pytorch_model"


def fetch(weights: Weights) -> None:
    """Fetch the files of a model that are not here.

    Raises:
        MissingError: the hub cannot be reached, or does not give the model.
    """
    try:
        from huggingface_hub import snapshot_download  # noqa: PLC0415 - of the extra
        from huggingface_hub.errors import GatedRepoError  # noqa: PLC0415 - as above
    except ImportError as error:
        raise MissingError(
            f"the hub's client cannot be imported: {error}; pip install huggingface_hub"
        ) from None
    try:
        folder = snapshot_download(
            weights.repository,
            revision=weights.revision,
            cache_dir=store.hub(),
            allow_patterns=list(weights.files),
            ignore_patterns=list(weights.leave),
        )
        if weights.pickled:
            convert(Path(folder))
    except GatedRepoError as error:
        raise MissingError(
            f"the licence of {weights.repository} is to be accepted first, on its page, then: hf auth login"
        ) from error
    except Exception as error:
        # Its client raises errors of the libraries below it, which change.
        raise MissingError(f"{weights.repository} cannot be fetched: {error}") from error
    if missing := store.lacks(weights):
        raise MissingError(f"{weights.repository} was fetched, but {missing}")


def convert(folder: Path) -> Path:
    """Write the safetensors of a model beside its pickle.

    Args:
        folder: holds ``diffusion_pytorch_model.bin``.

    Returns:
        The file written.
    """
    import torch  # noqa: PLC0415 - heavy
    from safetensors.torch import save_file  # noqa: PLC0415 - as above

    tensors = torch.load(folder / f"{NAME}.bin", map_location="cpu", weights_only=True)
    written = folder / f"{NAME}.safetensors"
    save_file({name: tensor.contiguous().clone() for name, tensor in tensors.items()}, written)
    return written


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch what some profiles need and what is not here; say what, and under which licences."""
    parser = argparse.ArgumentParser("python -m promptcodec.generators.diffusion.fetch", description=__doc__)
    parser.add_argument("profile", nargs="+", help=f"{', '.join(profiles.shipped())} or one of your own")
    try:
        for name in parser.parse_args(arguments).profile:
            profile = profiles.read({"variant": name})
            store.require(profile, [weights for weights in profile.models if weights.path])
            # The small autoencoder shows pictures that are not finished.
            for weights in dict.fromkeys([*profile.models, profile.tiny]):
                if weights.repository and not weights.path and store.lacks(weights):
                    sys.stdout.write(f"{store.about(weights)}\n")
                    fetch(weights)
            store.require(profile, profile.models)
            sys.stdout.write(f"diffusers:{profile.name} has all its models\n")
    except PromptcodecError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
