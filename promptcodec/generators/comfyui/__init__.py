"""The generator ``comfyui``: a ComfyUI server draws from words and layers, or runs a recipe's own graph."""

from promptcodec.generators.comfyui.generator import ComfyUI, create

__all__ = ["ComfyUI", "create"]
