"""Numbers of cards and bank accounts, by their check digits; social security numbers by their form."""

from __future__ import annotations

import re
from collections.abc import Iterator

from promptcodec.recipe.private.hits import Hit, covered

_CARD = re.compile(r"(?<![\w.-])(?:\d{4}([ -])\d{4}\1\d{4}\1\d{4}|3\d{3}([ -])\d{6}\2\d{5})(?![\w.-])")
_IBAN = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)")
_SOCIAL = re.compile(r"(?<![\w.-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w.-])")


def find_accounts(text: str) -> Iterator[Hit]:
    """Find numbers of cards, accounts (IBAN) and social security."""
    for pattern, is_valid in ((_CARD, _is_card), (_IBAN, _is_iban), (_SOCIAL, bool)):
        for match in pattern.finditer(text):
            if is_valid(match[0]):
                yield from covered(text, *match.span(), "secrets")


def _is_card(number: str) -> bool:
    digits = [int(sign) for sign in reversed(number) if sign.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _is_iban(number: str) -> bool:
    plain = number.replace(" ", "")
    return int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1
