"""From a prompt to what a pipeline's text encoder is given; foreign words are never a prompt's syntax."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

from promptcodec.generators import Conditions
from promptcodec.generators.diffusion.plan import Plan
from promptcodec.generators.diffusion.profiles import Profile
from promptcodec.generators.wording import Phrase, Prompt, build


def arguments(
    profile: Profile, pipeline: Any, plans: Sequence[Plan], conditions: Sequence[Conditions]
) -> dict[str, Any]:
    """Give what the pipeline's call says of the words of some pictures."""
    tokenizers = [
        part
        for name, part in pipeline.components.items()
        if name.startswith("tokenizer") and part is not None
    ]
    prompts = [prompt_of(profile, *each, tokenizers) for each in zip(plans, conditions, strict=True)]
    accepted = inspect.signature(type(pipeline).__call__).parameters
    if profile.prompt == "clip":
        text = embeddings(pipeline, prompts, guided=profile.guidance > 1)
    else:
        text = {
            "prompt": [prompt.plain() for prompt in prompts],
            "negative_prompt": [prompt.negative for prompt in prompts],
        }
    return {key: value for key, value in text.items() if key in accepted}


def prompt_of(profile: Profile, plan: Plan, conditions: Conditions, tokenizers: Sequence[Any]) -> Prompt:
    """Write the prompt of one picture, with what is said of the pictures shown along."""
    about = " ".join(words for _, words in plan.references)
    count = counter(tokenizers)
    prompt = build(profile.prompt, conditions, count=count, most=profile.tokens - count(about))
    phrases = tuple(Phrase(inert(phrase.text, tokenizers), phrase.weight) for phrase in prompt.phrases)
    if about:
        phrases = (Phrase(" ".join([about, *(phrase.text for phrase in phrases)])),)
    return Prompt(phrases, inert(prompt.negative, tokenizers))


def counter(tokenizers: Sequence[Any]) -> Callable[[str], int]:
    """Give what counts a text's tokens, without begin and end, by the tokenizer that makes most of it."""

    def count(text: str) -> int:
        words = inert(text, tokenizers)
        return max(len(each(words, add_special_tokens=False).input_ids) for each in tokenizers)

    return count


def inert(text: str, tokenizers: Sequence[Any]) -> str:
    """Break what a tokenizer would read as its own marks, ``<|endoftext|>``, ``<|im_start|>`` or ``</s>``."""
    known = {mark for tokenizer in tokenizers for mark in tokenizer.get_added_vocab() if len(mark) > 1}
    if not known:
        return text
    either = "|".join(map(re.escape, sorted(known, key=len, reverse=True)))
    return re.sub(either, lambda match: f"{match[0][0]} {match[0][1:]}", text, flags=re.IGNORECASE)


def embeddings(pipeline: Any, prompts: Sequence[Prompt], *, guided: bool) -> dict[str, Any]:
    """Encode prompts whose phrases have weights, for pipelines with one or two CLIP encoders.

    Args:
        pipeline: of diffusers.
        prompts: one for each picture.
        guided: classifier-free guidance is used, and needs the negative prompts.

    Returns:
        arguments of the pipeline's call.
    """
    texts = [prompt.plain() for prompt in prompts]
    negatives = [prompt.negative for prompt in prompts]
    words: dict[str, Any] = {"num_images_per_prompt": 1, "do_classifier_free_guidance": guided}
    if any(negatives):
        # Where there is none pipelines know best what stands for nothing.
        words["negative_prompt"] = negatives
    encoded = pipeline.encode_prompt(prompt=texts, device=pipeline._execution_device, **words)  # noqa: SLF001 - theirs
    names = (
        "prompt_embeds",
        "negative_prompt_embeds",
        "pooled_prompt_embeds",
        "negative_pooled_prompt_embeds",
    )
    given = {name: value for name, value in zip(names, encoded, strict=False) if value is not None}
    return given | {"prompt_embeds": weighted(given["prompt_embeds"], prompts, pipeline.tokenizer)}


def weighted(embeds: Any, prompts: Sequence[Prompt], tokenizer: Any) -> Any:
    """Scale the embeddings of each phrase's tokens by its weight, and keep their mean magnitude.

    Interfaces that weight words do the same with the signed mean; that is near zero for some prompts, and
    what is divided by it then explodes.

    Args:
        embeds: (prompts, tokens, channels).
        prompts: what was encoded, as ``plain`` gives it.
        tokenizer: of the encoder.
    """
    import torch  # noqa: PLC0415 - heavy

    scales = [token_weights(prompt, counter([tokenizer]), embeds.shape[1]) for prompt in prompts]
    factors = torch.tensor(scales, dtype=embeds.dtype, device=embeds.device)[..., None]
    scaled = embeds * factors
    before, after = (each.float().abs().mean((1, 2), keepdim=True) for each in (embeds, scaled))
    return scaled * (before / after).to(embeds.dtype)


def token_weights(prompt: Prompt, count: Callable[[str], int], length: int) -> list[float]:
    """Give the weight of each place of an encoded prompt: 1 for begin, end and padding.

    Args:
        prompt: what is encoded, as ``plain`` gives it.
        count: counts the tokens of a text.
        length: places, begin and end included.
    """
    weights = [1.0] * length
    place = 1
    for number, phrase in enumerate(prompt.phrases, 1):
        end = 1 + count(Prompt(prompt.phrases[:number]).plain())
        weights[place:end] = [phrase.weight] * (min(end, length) - min(place, length))
        place = min(end, length)
    return weights[:length]
