"""Plain words to a sketch: what ``builtin`` can draw of a prompt.

``builtin`` was trained to draw what the layers of a stream show; it knows no words. So the words that a
small list knows are laid out as a sketch, a band for each stretch of land and a simple shape for each thing,
which is encoded like any picture.
"""

from promptcodec.server.openai.scenes.layout import read
from promptcodec.server.openai.scenes.scene import Scene, description_of
from promptcodec.server.openai.scenes.sketch import sketch

__all__ = ["Scene", "description_of", "read", "sketch"]
