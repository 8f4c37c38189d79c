"""Write the folder of a trained pipeline, or the table that is shipped, ``latent-1``.

    python -m training.latent.export --data DIR --to FOLDER [--run DIR]
    python -m training.latent.export --data DIR --ship [--run DIR]

Weights are the mean of the last steps, as bfloat16. Of TAESD there is the decoder, as it came. The folder is
what ``DiffusionPipeline.save_pretrained`` writes; the table is its files in a ZIP archive.
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
import zipfile
from pathlib import Path

import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from promptcodec.generators.diffusion.grid import GridPipeline
from training import tables
from training.generator.train import load
from training.latent import BUILD
from training.latent.autoencoder import decoder_only, taesd
from training.latent.network import Network
from training.texts import DATA

TABLE = "latent-1"


def trained(folder: Path) -> Network:
    """Give the network of a run, the mean of its last steps.

    Raises:
        SystemExit: there is no such run.
    """
    state = load(folder, "state")
    if state is None:
        raise SystemExit(f"no training in {folder}; run python -m training.latent.train first")
    network = Network([*state["words"]])
    network.load_state_dict(state["shown"])
    return network.eval()


def pipeline(network: Network, data: Path) -> GridPipeline:
    """Put a network and TAESD together."""
    return GridPipeline(
        unet=network.unet,
        words=network.words,
        vae=decoder_only(taesd(data)),
        scheduler=FlowMatchEulerDiscreteScheduler(),
    )


def write(drawing: GridPipeline, folder: Path) -> None:
    """Write a pipeline, weights half as large, into a folder of its own."""
    shutil.rmtree(folder, ignore_errors=True)
    drawing.to(dtype=torch.bfloat16).save_pretrained(folder, safe_serialization=True)


def packed(folder: Path) -> bytes:
    """Give the files of a folder as a ZIP archive, the same whenever it is made."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for file in sorted(each for each in folder.rglob("*") if each.is_file()):
            archive.writestr(zipfile.ZipInfo(file.relative_to(folder).as_posix()), file.read_bytes())
    return data.getvalue()


def main() -> None:
    """Export."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(DATA), help="folder with weights/taesd")
    parser.add_argument("--run", type=Path, default=BUILD / "run", help="folder of the run")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--to", type=Path, help="folder that is written, anew")
    where.add_argument("--ship", action="store_true", help="write the table and its line in the manifest")
    options = parser.parse_args()
    network = trained(options.run)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.to or Path(temporary) / TABLE
        write(pipeline(network, options.data), folder)
        data = packed(folder)
        weights = sum(each.numel() for each in network.unet.parameters())
        print(f"{len(data)} bytes; {weights} weights of the UNet")
        if options.ship:
            tables.write(TABLE, f"{TABLE}.zip", data, source="python -m training.latent.export --ship")


if __name__ == "__main__":
    main()
