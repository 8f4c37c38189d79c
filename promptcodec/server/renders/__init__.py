"""Pictures drawn on demand: a cache, jobs with single flight, workers for each generator."""

from promptcodec.server.renders.drawn import Drawn
from promptcodec.server.renders.job import Job
from promptcodec.server.renders.renders import Renders
from promptcodec.server.renders.wanted import Wanted, wanted_of

__all__ = ["Drawn", "Job", "Renders", "Wanted", "wanted_of"]
