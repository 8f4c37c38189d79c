"""Whether a profile would work now, seen without importing anything heavy."""

from __future__ import annotations

from collections.abc import Sequence

from promptcodec.generators.diffusion import pipelines, profiles, store
from promptcodec.generators.diffusion.profiles import Profile
from promptcodec.readiness import Readiness


def shipped() -> Sequence[Readiness]:
    """Look at every shipped profile, the default first."""
    return [row(profiles.read({"variant": name})) for name in profiles.shipped()]


def row(profile: Profile) -> Readiness:
    """Look at one profile: the libraries, and its models in the hub's folder."""
    missing = [weights for weights in profile.models if store.lacks(weights)]
    lacking = pipelines.lacking()
    ways = [f"{pipelines.INSTALL} ({lacking})"] if lacking else []
    if missing:
        size = sum(weights.size for weights in missing if not weights.path)
        ways.append(store.command(profile, missing) + (f" ({store.in_gigabytes(size)})" if size else ""))
    licence = " + ".join(dict.fromkeys(weights.licence for weights in profile.models if weights.licence))
    return Readiness(
        f"diffusers:{profile.name}",
        ok=not ways,
        why="; ".join(ways) or f"draws with {profile.weights.name}",
        licence=licence,
        size=sum(weights.size for weights in profile.models),
    )
