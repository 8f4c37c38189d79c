"""The network of the small latent pipeline."""

from __future__ import annotations

import torch
from diffusers import UNet2DConditionModel

from promptcodec.generators.diffusion import grid_maps
from promptcodec.generators.diffusion.grid_words import WordTable

LATENTS = 4
WIDTHS = (80, 96, 112)
WORD_WIDTH, WORD_DEPTH, TIME_WIDTH, HEAD = 64, 24, 96, 28


class Network(torch.nn.Module):
    """A UNet, and the table of the words it reads."""

    def __init__(self, words: list[str]) -> None:
        super().__init__()
        self.words = WordTable(words=words, width=WORD_WIDTH, depth=WORD_DEPTH)
        self.unet = UNet2DConditionModel(
            in_channels=LATENTS + grid_maps.DEPTH + 2 * WORD_DEPTH,
            out_channels=LATENTS,
            block_out_channels=WIDTHS,
            layers_per_block=1,
            down_block_types=("DownBlock2D",) * len(WIDTHS),
            # Words are read where the picture is smallest only: what is where, the maps say.
            mid_block_type="UNetMidBlock2DCrossAttn",
            up_block_types=("UpBlock2D",) * len(WIDTHS),
            cross_attention_dim=WORD_WIDTH,
            attention_head_dim=WIDTHS[-1] // HEAD,
            norm_num_groups=16,
            class_embed_type="projection",
            projection_class_embeddings_input_dim=grid_maps.VECTOR,
            resnet_time_scale_shift="scale_shift",
            time_embedding_dim=TIME_WIDTH,
        )
        # It begins with a flow that is nowhere wrong by more than the picture.
        torch.nn.init.zeros_(self.unet.conv_out.weight)

    def forward(self, noisy: torch.Tensor, times: torch.Tensor, given: list[torch.Tensor]) -> torch.Tensor:
        """Give the flow, from the picture to the noise.

        Args:
            noisy: ``(n, LATENTS, height, width)``.
            times: ``(n,)``, 0 the picture .. 1 noise.
            given: of ``grid_maps.Given``, stacked.
        """
        maps, cells, things, down, across, tokens, vector = given
        spread, vectors = self.words(cells, things, down, across, tokens)
        stacked = torch.cat([noisy, maps, spread], 1).contiguous(memory_format=torch.channels_last)
        return self.unet(stacked, 1000 * times, vectors, class_labels=vector, return_dict=False)[0]
