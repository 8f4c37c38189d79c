"""Numbers that name a person, a machine or an account, by the words before them or their form."""

from __future__ import annotations

import re
from collections.abc import Iterator

from promptcodec.recipe.private.hits import Hit, covered
from promptcodec.recipe.private.randomness import UUID

_SIGN = r"(?:\s?(?:no|nr|number|nummer|num|id|code|#)\b\.?)?\s{0,2}[:=#]?\s{0,3}"
_NAMED = re.compile(
    r"(?<![A-Za-z])(?:passport|reisepass|passeport|driver'?s licen[cs]e|licen[cs]e key|"
    r"imei|imsi|iccid|vin|ssn|"
    r"social security|tax(?:payer)? id|tin|ust-?id(?:nr)?|vat|steuer-?(?:id|nummer|nr)|aadhaar|身份证|护照|"
    r"account|konto|kunden|customer|client|member(?:ship)?|employee|personal|patient|insurance|policy|order|invoice|"
    r"serial|s/n|kundennummer|kontonummer|ausweis|matrikel|national id|id card|dni|nif|cpf|pesel)"
    + _SIGN
    + r"((?=[A-Z0-9 -]{0,24}\d[A-Z0-9 -]{0,3}\d)[A-Z0-9]{2,24}(?:[ -]?[A-Z0-9]{2,12}){0,4})(?![\w.])",
    re.IGNORECASE,
)
_CARD = re.compile(
    r"(?<![A-Za-z])(?:card|karte|visa|mastercard|amex|debit|credit)"
    r"[^\n\d]{0,24}(\d[\d -]{11,22}\d)",
    re.IGNORECASE,
)
_BORN = re.compile(
    r"(?<![A-Za-z])(?:born|birthday|dob|geboren|geb\.|date of birth)\W{1,4}(?:on |am )?"
    r"(?:\d{4}-\d\d?-\d\d?|\d\d?[./]\d\d?[./]\d{2,4})",
    re.IGNORECASE,
)
_FORMS = (
    (re.compile(r"(?<![\w-])S-1-5-21(?:-\d{4,10}){2,4}(?:-\d{1,6})?(?![\w-])"), "user names"),  # of Windows
    (re.compile(r"(?<![A-Z0-9-])(?:[A-Z0-9]{5}-){4}[A-Z0-9]{5}(?![A-Z0-9-])"), "keys"),  # products
    (re.compile(r"(?<!\w)arn:aws[\w-]{0,12}:[\w-]{0,40}:[\w-]{0,20}:\d{12}:[^\s\"'<>]{1,200}"), "user names"),
    (re.compile(r"<[@#]&?!?\d{16,20}>"), "user names"),  # Discord
    (re.compile(r"(?<!\d)7656119\d{10}(?!\d)"), "user names"),  # Steam
    (re.compile(r"(?<!\w)WIFI:[^\s\"]{4,200}"), "secrets"),  # its code in a picture
    (re.compile(rf"(?<![A-Za-z0-9-])(?!UUID|UID|GUID|ID)[A-Z][A-Z0-9]{{2,7}}-{UUID.pattern}"), "keys"),
    (_BORN, "user names"),
)  # fmt: skip


def find_ids(text: str) -> Iterator[Hit]:
    """Find them."""
    for match in _NAMED.finditer(text):
        if sum(sign.isdigit() for sign in match[1]) > 4:
            yield from covered(text, *match.span(1), "user names")
    for match in _CARD.finditer(text):
        yield from covered(text, *match.span(1), "secrets")
    for pattern, kind in _FORMS:
        for match in pattern.finditer(text):
            yield from covered(text, *match.span(), kind)
