"""From what a stream says to the prompt of each family of generators.

Hosted image models read thousands of characters and a grid of cells; diffusion models with a
T5 or language-model encoder read long prose; CLIP text encoders stop at 77 tokens, begin and
end included.
"""

from promptcodec.generators.wording.build import build
from promptcodec.generators.wording.hosted import hosted, prompt_text
from promptcodec.generators.wording.layout import Box, boxes
from promptcodec.generators.wording.prompt import Phrase, Prompt

__all__ = ["Box", "Phrase", "Prompt", "boxes", "build", "hosted", "prompt_text"]
