"""Pipelines of diffusers: loaded once a process, placed where they fit, their parts shared by all classes."""

from __future__ import annotations

import contextlib
import gc
import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from promptcodec.doctor import extras
from promptcodec.errors import GeneratorError, MissingError, UsageError
from promptcodec.generators.diffusion import store
from promptcodec.generators.diffusion.plan import Plan
from promptcodec.generators.diffusion.profiles import Control, Profile, Weights
from promptcodec.generators.watching import UNWATCHED, Progress, Watch

INSTALL = "pip install 'promptcodec[diffusers]'"
NO_GPU = "torch sees no GPU here: large models take minutes for each step"
HEADROOM = 1.25
"""Of a GPU's memory, what drawing takes beside the weights."""


@dataclass
class Loaded:
    """A profile's models in memory.

    Attributes:
        profile: whose models these are.
        base: the pipeline as its repository has it.
        device: where it runs.
        dtype: of its weights.
        whole: its parts may be on the device all at once.
    """

    profile: Profile
    base: Any
    device: str
    dtype: Any
    whole: bool
    _controls: dict[Weights, Any] = field(default_factory=dict)
    _current: tuple[object, Any] = (None, None)

    def pipeline(self, plan: Plan) -> Any:
        """Give the pipeline for a plan, its control models loaded, where it runs.

        Raises:
            MissingError: a control model is not here.
        """
        wanted = tuple(guide.control for guide in plan.guides)
        kind = plan.kind, wanted, self.whole
        if self._current[0] != kind:
            joined = _join(_class(self.profile.pipeline(plan.kind)), self.base, self._extra(wanted))
            self._current = (kind, place(joined, self.device, whole=self.whole))
        return self._current[1]

    def let_go(self) -> None:
        """Drop all models: whoever still holds this keeps none of them in memory."""
        self.base, self._current = None, (None, None)
        self._controls.clear()

    def _extra(self, wanted: tuple[Control, ...]) -> Mapping[str, Any]:
        models = [self._control(control) for control in wanted]
        if not models:
            return {}
        kind = _class(self.profile.pipeline("control") or self.profile.pipeline("image_control"))
        if "adapter" in inspect.signature(kind.__init__).parameters:
            return {"adapter": models if len(models) > 1 else models[0]}
        return {"controlnet": models[0]}

    def _control(self, control: Control) -> Any:
        # Edges and poses may be controls of one model.
        if control.weights not in self._controls:
            (folder,) = store.require(self.profile, [control.weights])
            self._controls[control.weights] = read(_class(control.model), folder, control.weights, self.dtype)
        return self._controls[control.weights]


_loaded: list[Loaded] = []


def load(profile: Profile, watch: Watch = UNWATCHED, *, whole: bool = True) -> Loaded:
    """Give a profile's models; those of another profile are let go.

    Args:
        profile: whose models.
        watch: is told where drawing will be slow.
        whole: where they are read anew, all parts may be on the device at once.

    Raises:
        MissingError: a model is not here.
        GeneratorError: its files cannot be read.
    """
    if not (_loaded and _loaded[0].profile == profile):
        (folder,) = store.require(profile, [profile.weights])
        forget()
        device = best_device()
        if device == "cpu":
            watch.report(Progress("loading", note=NO_GPU))
        dtype = dtype_on(profile.dtype, device)
        kind = profile.pipeline("text") or profile.pipeline("image")
        base = read(_class(kind), folder, profile.weights, dtype)
        if profile.scheduler:
            base.scheduler = _class(profile.scheduler).from_config(base.scheduler.config)
        if hasattr(getattr(base, "vae", None), "enable_slicing"):
            # Pictures of one call are decoded one after the other: that takes the most memory of all.
            base.vae.enable_slicing()
        _loaded.append(Loaded(profile, base, device, dtype, whole))
    return _loaded[0]


def forget() -> None:
    """Let the models go that are in memory, and give back what they took on a GPU."""
    import torch  # noqa: PLC0415 - heavy

    for each in _loaded:
        each.let_go()
    _loaded.clear()
    # What moves the parts of a pipeline, and the parts, refer to each other.
    gc.collect()
    torch.cuda.empty_cache()


def lacking() -> str:
    """Say which libraries that pipelines run on are not installed, or too old; ``""`` where none is."""
    return extras.words(extras.missing("diffusers"))


def require(profile: Profile, wanted: Iterable[Weights]) -> None:
    """Check that the models are here, and that what they run on is installed and can be imported.

    Raises:
        MissingError: something is not; names all of it.
    """
    libraries = f"{each}: {INSTALL}" if (each := lacking()) else ""
    if absent := "; ".join(filter(None, (libraries, store.missing(profile, wanted)))):
        raise MissingError(absent)
    try:
        import diffusers  # noqa: F401, PLC0415 - heavy
        import torch  # noqa: F401, PLC0415 - heavy
        import transformers  # noqa: F401, PLC0415 - heavy
    except (ImportError, OSError, RuntimeError) as error:
        raise MissingError(_broken(error)) from error


def _broken(error: Exception) -> str:
    return (
        f"torch, diffusers or transformers is installed, but cannot be imported: {error}. "
        f"{INSTALL.replace('install', 'install --force-reinstall')}, with the torch that is for your GPU"
    )


def best_device() -> str:
    """Name the device that pipelines run on."""
    import torch  # noqa: PLC0415 - heavy

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def dtype_on(name: str, device: str) -> Any:
    """Give torch's dtype; processors have no half precision worth the name."""
    import torch  # noqa: PLC0415 - heavy

    dtype = getattr(torch, name, None)
    if not isinstance(dtype, torch.dtype):
        raise UsageError(f"torch has no dtype {name!r}; float16, bfloat16 and float32 are usual")
    return torch.float32 if device == "cpu" and dtype == torch.float16 else dtype


def fits(model: int, memory: int | None) -> bool:
    """Say whether a model is held whole on a GPU, or moved there part by part.

    Args:
        model: bytes of its weights.
        memory: bytes that are free on the GPU; None where there is none.
    """
    return memory is None or model * HEADROOM <= memory


def place(pipeline: Any, device: str, *, whole: bool = True) -> Any:
    """Move a pipeline to where it runs, or let its parts be moved there one by one.

    Args:
        pipeline: of diffusers.
        device: where it runs.
        whole: all of it may be there at once, if it fits.
    """
    import torch  # noqa: PLC0415 - heavy

    pipeline.set_progress_bar_config(disable=True)
    # What moved its parts for a pipeline of another class.
    pipeline.remove_all_hooks()
    models = [part for part in pipeline.components.values() if isinstance(part, torch.nn.Module)]
    size = sum(weight.numel() * weight.element_size() for model in models for weight in model.parameters())
    on_device = sum(
        weight.numel() * weight.element_size()
        for model in models
        for weight in model.parameters()
        if weight.device.type == device
    )
    # What torch keeps of pictures drawn before is free as well.
    torch.cuda.empty_cache()
    memory = torch.cuda.mem_get_info()[0] + on_device if device == "cuda" else None
    if whole and fits(size, memory):
        return pipeline.to(device)
    pipeline.enable_model_cpu_offload(device=device)
    return pipeline


def _join(kind: Any, base: Any, extra: Mapping[str, Any]) -> Any:
    """Make a pipeline of another class from the parts of one."""
    if type(base) is kind and not extra:
        return base
    parts = {**base.config, **base.components, **extra}
    names = [name for name in inspect.signature(kind.__init__).parameters if name in parts]
    return kind(**{name: parts[name] for name in names})


def _class(name: str) -> Any:
    import diffusers  # noqa: PLC0415 - heavy

    try:
        with quiet():
            kind = getattr(diffusers, name, None)
    except (ImportError, OSError, RuntimeError) as error:
        # Its parts are imported as they are asked for.
        raise MissingError(_broken(error)) from error
    if not (inspect.isclass(kind) and hasattr(kind, "from_pretrained")):
        raise UsageError(f"diffusers {diffusers.__version__} has no class {name!r}")
    return kind


def read(kind: Any, folder: Path, weights: Weights, dtype: Any) -> Any:
    """Read a model or a pipeline from its folder; nothing is fetched, no pickle is opened, no code is run.

    Raises:
        GeneratorError: its files are damaged, or of another class.
    """
    from safetensors import SafetensorError  # noqa: PLC0415 - of the extra

    options = {"variant": weights.file_variant} if weights.file_variant else {}
    try:
        with quiet():
            return kind.from_pretrained(
                folder, dtype=dtype, local_files_only=True, use_safetensors=True, **options
            )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
        raise GeneratorError(
            f"{kind.__name__} cannot be read from {folder}: {first_line(error)}; fetch its files again"
        ) from error


def first_line(error: Exception) -> str:
    """Give what an error says, without the pages that libraries write."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:300]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep bars and chatter of the libraries off the terminal."""
    from diffusers.utils import logging as ours  # noqa: PLC0415 - heavy
    from transformers.utils import logging as theirs  # noqa: PLC0415 - heavy

    levels = [(each, each.get_verbosity(), each.is_progress_bar_enabled()) for each in (ours, theirs)]
    for each, _, _ in levels:
        each.set_verbosity_error()
        each.disable_progress_bar()
    try:
        yield
    finally:
        for each, level, bars in levels:
            each.set_verbosity(level)
            if bars:
                each.enable_progress_bar()
