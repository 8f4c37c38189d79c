"""Names of samplers and schedulers, in ComfyUI's list and in those of A1111 and its kin.

Sources: ComfyUI's ``comfy/samplers.py``; ``modules/sd_samplers_kdiffusion.py`` and ``sd_schedulers.py`` of
A1111's web UI 1.10 and of Forge, which adds the last rows.
"""

from __future__ import annotations

import re
from typing import NamedTuple

# ComfyUI's name: A1111's, and the schedule that A1111 means by Automatic.
_SAMPLERS = {
    "euler": ("Euler", "normal"),
    "euler_ancestral": ("Euler a", "normal"),
    "heun": ("Heun", "normal"),
    "lms": ("LMS", "normal"),
    "dpm_2": ("DPM2", "karras"),
    "dpm_2_ancestral": ("DPM2 a", "karras"),
    "dpm_fast": ("DPM fast", "normal"),
    "dpm_adaptive": ("DPM adaptive", "normal"),
    "dpmpp_2s_ancestral": ("DPM++ 2S a", "karras"),
    "dpmpp_sde": ("DPM++ SDE", "karras"),
    "dpmpp_2m": ("DPM++ 2M", "karras"),
    "dpmpp_2m_sde": ("DPM++ 2M SDE", "exponential"),
    "dpmpp_2m_sde_heun": ("DPM++ 2M SDE Heun", "exponential"),
    "dpmpp_3m_sde": ("DPM++ 3M SDE", "exponential"),
    "ddim": ("DDIM", "ddim_uniform"),
    "uni_pc": ("UniPC", "normal"),
    "lcm": ("LCM", "normal"),
    "ddpm": ("DDPM", "normal"),
    "deis": ("DEIS", "normal"),
    "heunpp2": ("HeunPP2", "normal"),
    "ipndm": ("IPNDM", "normal"),
    "ipndm_v": ("IPNDM_V", "normal"),
    "er_sde": ("ER SDE", "normal"),
    "res_multistep": ("Res Multistep", "normal"),
    "euler_cfg_pp": ("Euler CFG++", "normal"),
    "euler_ancestral_cfg_pp": ("Euler a CFG++", "normal"),
    "dpmpp_2s_ancestral_cfg_pp": ("DPM++ 2S a CFG++", "karras"),
    "dpmpp_2m_cfg_pp": ("DPM++ 2M CFG++", "karras"),
}
# Those that only ComfyUI has: the sampler may run there, and has no name elsewhere.
_COMFYUI_ONLY = {
    "exp_heun_2_x0", "exp_heun_2_x0_sde", "res_multistep_cfg_pp", "res_multistep_ancestral",
    "res_multistep_ancestral_cfg_pp", "gradient_estimation", "gradient_estimation_cfg_pp", "seeds_2",
    "seeds_3", "sa_solver", "sa_solver_pece",
}  # fmt: skip
# Those that differ from another only in where noise is drawn, or in a term that others have no name for.
_VARIANTS = {
    "dpmpp_sde_gpu": "dpmpp_sde", "dpmpp_2m_sde_gpu": "dpmpp_2m_sde", "dpmpp_3m_sde_gpu": "dpmpp_3m_sde",
    "dpmpp_2m_sde_heun_gpu": "dpmpp_2m_sde_heun", "uni_pc_bh2": "uni_pc",
}  # fmt: skip
_SCHEDULERS = {
    "normal": "Normal", "karras": "Karras", "exponential": "Exponential", "sgm_uniform": "SGM Uniform",
    "simple": "Simple", "ddim_uniform": "DDIM", "beta": "Beta", "kl_optimal": "KL Optimal",
}  # fmt: skip
_SCHEDULERS_COMFYUI_ONLY = {"linear_quadratic"}
# The same under another name. A1111's polyexponential has an exponent of 1, which is exponential.
_SCHEDULER_ALIASES = {
    "uniform": "normal", "native": "normal", "sgmuniform": "sgm_uniform", "polyexponential": "exponential",
}  # fmt: skip
_ALIASES = {
    "euler_a": "euler_ancestral", "eulerancestral": "euler_ancestral", "dpm2": "dpm_2", "kdpm_2": "dpm_2",
    "dpm2_a": "dpm_2_ancestral", "dpm_2_a": "dpm_2_ancestral", "kdpm_2_a": "dpm_2_ancestral",
    "dpmpp_2s_a": "dpmpp_2s_ancestral", "dpmpp_2s": "dpmpp_2s_ancestral", "unipc": "uni_pc",
    "dpm_ad": "dpm_adaptive", "dpmadaptative": "dpm_adaptive", "eulercfgpp": "euler_cfg_pp",
    "heunpp_2": "heunpp2", "unipc_bh2": "uni_pc", **_VARIANTS,
}  # fmt: skip
_BY_LABEL = {label.lower(): name for name, (label, _) in _SAMPLERS.items()}
_SCHEDULER_BY_LABEL = {label.lower(): name for name, label in _SCHEDULERS.items()} | _SCHEDULER_ALIASES
_ENDING = re.compile(r"[ _](karras|exponential|ka|k)$")
_PREFIX = re.compile(r"^(?:k_|sample_|sampler(?=[a-z]))")
_AUTOMATIC = {"automatic", "default", "auto"}


class Names(NamedTuple):
    """A sampler and its scheduler; None where it is not given, or has no name in the list asked for."""

    sampler: str | None
    scheduler: str | None


def comfyui_names(sampler: str | None, scheduler: str | None) -> Names:
    """Name both as ComfyUI does, from the names of any tool.

    A1111's old names end in the schedule, such as ``DPM++ 2M Karras``. Its ``Automatic`` is the sampler's
    own. Where it writes a name of its own and no schedule, that was the plain one, ComfyUI's ``normal``.
    """
    base, ending = _parse(sampler)
    name = sampler if sampler in _VARIANTS else base
    asked = (scheduler or "").strip().lower()
    if asked in _AUTOMATIC:
        return Names(name, ending or (_SAMPLERS[base][1] if base in _SAMPLERS else None))
    if not asked:
        plain = "normal" if sampler and sampler.strip().lower() in _BY_LABEL else None
        plain = _SAMPLERS["ddim"][1] if plain and name == "ddim" else plain
        return Names(name, ending or (plain if sampler != name else None))
    if asked in _SCHEDULERS or asked in _SCHEDULERS_COMFYUI_ONLY:
        return Names(name, asked)
    return Names(name, _SCHEDULER_BY_LABEL.get(asked))


def a1111_names(sampler: str | None, scheduler: str | None) -> Names:
    """Name both as A1111 1.9 and later do, from the names of any tool; ``Automatic`` stays."""
    name, ending = _parse(sampler)
    label = _SAMPLERS[name][0] if name in _SAMPLERS else None
    asked = (scheduler or ending or "").strip().lower()
    if asked in _AUTOMATIC:
        return Names(label, "Automatic")
    return Names(label, _SCHEDULERS.get(_SCHEDULER_BY_LABEL.get(asked, asked)))


def _parse(sampler: str | None) -> Names:
    """Give ComfyUI's name of a sampler, and the scheduler that its name ends in."""
    name = (sampler or "").strip().lower()
    ending = _ENDING.search(name)
    for stem in (name, name[: ending.start()] if ending else name):
        plain = _PREFIX.sub("", stem)
        plain = plain.replace("++", "pp").replace(" ", "_")
        plain = _BY_LABEL.get(stem) or _ALIASES.get(plain, plain)
        if plain in _SAMPLERS or plain in _COMFYUI_ONLY:
            scheduler = None
            if ending and stem != name:
                scheduler = "exponential" if ending[1] == "exponential" else "karras"
            return Names(plain, scheduler)
    return Names(None, None)
