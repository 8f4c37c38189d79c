"""The words of the small latent pipeline: a table of vectors, laid out over the picture and as tokens."""

from __future__ import annotations

import functools

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config

from promptcodec.generators.diffusion.grid_maps import NOTHING


class WordTable(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """Vectors of a vocabulary.

    Args:
        words: the vocabulary; the first word has number 1.
        width: numbers in a word's vector.
        depth: maps that the words of the cells become, and as many those of the things.
    """

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(self, words: list[str], width: int = 64, depth: int = 24) -> None:
        super().__init__()
        self.vectors = torch.nn.Embedding(len(words) + 1, width)
        self.cells = torch.nn.Linear(width, depth, bias=False)
        self.things = torch.nn.Linear(width, depth, bias=False)

    @functools.cached_property
    def numbers(self) -> dict[str, int]:
        """Give the number of each word."""
        return {word: number for number, word in enumerate(self.config["words"], 1)}

    def forward(
        self,
        cells: torch.Tensor,
        things: torch.Tensor,
        down: torch.Tensor,
        across: torch.Tensor,
        tokens: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Lay words out.

        Args:
            cells: numbers of the words of each cell, as ``grid_maps.Given`` has them, one picture a row.
            things: of the things that cover it.
            down: how much each row of cells is worth in each row of the maps.
            across: the same for columns.
            tokens: numbers of the words of the whole picture.

        Returns:
            Maps ``(n, 2 * depth, height, width)`` and vectors ``(n, tokens, width)``.
        """
        both = torch.cat([self.cells(self._mean(cells)), self.things(self._mean(things))], dim=-1)
        maps = torch.einsum("nyr,nrcd,nxc->ndyx", down, both, across)
        return maps, self.vectors(tokens)

    def _mean(self, numbers: torch.Tensor) -> torch.Tensor:
        """Give the sum of the words' vectors, at about the length of one."""
        known = (numbers != NOTHING).unsqueeze(-1)
        total = (self.vectors(numbers) * known).sum(-2)
        return total / known.sum(-2).clamp(min=1).sqrt()
