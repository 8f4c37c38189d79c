"""E-mail addresses, phone numbers and network addresses; what in an address (URL) is private."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from promptcodec.recipe.private.hits import Hit, covered
from promptcodec.recipe.private.names import kind_of
from promptcodec.recipe.private.randomness import is_random, is_secret

_MAIL = re.compile(
    r"(?<![\w.+-])(?:[\w.+-]{1,64}|\"[^\"\s@]{1,64}\")(?:@|\uff20| ?[\[(](?:at|@)[\])] ?)[\w-]{1,63}"
    r"(?:(?:\.| ?[\[(](?:dot|\.)[\])] ?)[\w-]{1,63}){0,5}(?!\w)"
)
_SPELLED = re.compile(
    r"(?<![\w.])[\w.+-]{1,64} (?:AT|_at_|at) [\w-]{1,63}(?: (?:DOT|_dot_|dot) [\w-]{1,63}){1,4}(?!\w)"
)
_LOOSE = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64} ?(?: @ ?|[{<]at[}>]) ?[\w-]{1,63}(?:\.[\w-]{1,63}){0,4}\."
    r"(?:com|net|org|de|io|dev|ai|co|uk|fr|it|es|nl|pl|ru|cn|jp|kr|in|br|eu|ch|at|us|ca|au|edu|gov|me|info|xyz|"
    r"app)(?!\w)"
    r"|(?<!\w)\"[^\"@\n]{1,64}\"@[\w.-]{3,100}|(?<![\w.+-])[\w.+-]{1,64}@\[[\w.:]{3,60}\]"
    r"|(?<![\w@])@[\w.-]{1,64}:[\w-]{1,63}\.[\w.-]{2,100}|(?<!\w)at://[\w.:-]{3,200}",
    re.IGNORECASE,
)
_REMOTE = re.compile(r"(?<![\w.+-])[\w.-]{1,64}@[\w.-]{1,253}:(?!\d+(?:/|\b))[\w~./-]{1,200}")
_PHONES = (
    re.compile(r"(?<![\w.])[+\uff0b]\d{1,3}(?:[ ./()-]{0,3}\d){6,14}(?!\d)"),
    re.compile(r"(?<![\w.-])(?:\(\d{3}\) ?|\d{3}[-.])\d{3}[-.]\d{4}(?![\w.-])"),
    re.compile(r"(?<![\w.,:-])00[1-9]\d{0,2}(?:[ ./()-]{1,3}\d{1,8}){2,6}(?!\d)"),
    re.compile(r"(?<![\w.,:-])0\d(?:[ .-]\d\d){4}(?![\w.-])"),
    re.compile(r"(?<![\w.,:-])0\d{2,4}[ /-]\d{3,4}(?:[ -]?\d{2,4}){1,2}(?![\w.-])"),
)
_SPOKEN_PHONE = re.compile(
    r"(?:(?<![A-Za-z])(?:call(?: me)?|phone|tel|telefon|telephone|mobile?|cell|fax|handy|whatsapp|sms|signal|"
    r"viber|ring|wa\.me)|电话|手机|電話|微信|전화)(?:\s?(?:no|nr|number|nummer|at|is)\b\.?)?[\s:./=]{0,3}"
    r"(\+?\(?\d(?:[ ()/.-]{0,2}\d){5,14})(?!\d)",
    re.IGNORECASE,
)
_EXTENSION = re.compile(r"(?<![\w.-])\d{3}-\d{4}(?= ?(?:ext|x)\b)[^\n,;]{3,10}")
_BRAZIL = re.compile(r"(?<![\w.-])\(\d\d\) ?9?\d{4}-\d{4}(?![\w.-])")
_IP4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
# Of private networks, also where they stand inside of a name.
_IP4_INSIDE = re.compile(
    r"(?<![\d.-])(?:192([.-])168\1|172([.-])(?:1[6-9]|2\d|3[01])\2|169([.-])254\3|(?<![vV])10(\.)\d{1,3}\.)"
    r"\d{1,3}[.-]\d{1,3}(?![\d-]|\.\d)"
    r"|(?<![A-Za-z0-9])(?:ip|ec2|host)-\d{1,3}(?:-\d{1,3}){3}(?!\d)|(?<![\d.-])\d{1,3}(?:[.-]\d{1,3}){3}(?=\.(?:nip|sslip)\.io)"
)
_IP6 = re.compile(r"(?<![\w:.])(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}(?:%\w{1,20})?(?![\w:])")
_MAC = re.compile(
    r"(?<![\w:-])(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}(?![\w:-])"
    r"|(?<![\w.])(?=[\d.]{0,13}[a-fA-F])[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}(?![\w.])"
    r"|(?<![A-Za-z])(?i:mac|ether|hwaddr)(?i: address)?[ :=]{1,3}[0-9a-fA-F]{12}(?!\w)"
)
_LOCAL = re.compile(
    r"(?<![\w@/.-])[A-Za-z0-9][\w-]{1,62}(?:\.[\w-]{1,62}){0,3}\."
    r"(?:local|lan|localdomain|internal|intranet|corp|home\.arpa|fritz\.box|speedport\.ip|ts\.net|onion|home|private)"
    r"(?![\w-])(?:\:\d{2,5})?"
)
_PRIVATE_HOST = re.compile(
    r"(?:^|\.)(?:local|lan|localdomain|internal|intranet|intra|corp|home|private|priv|onion)(?:\.|$)"
    r"|(?:\.fritz\.box|\.speedport\.ip|\.ts\.net|\.home\.arpa|\.(?:nip|sslip)\.io|\.compute(?:-1)?\.amazonaws\.com)$",
    re.IGNORECASE,
)
# A name and the port that an image tool's server has.
_SERVED = re.compile(
    r"(?<![\w./:@-])(?!localhost)[A-Za-z](?=[\w-]{0,40}[\d-])[\w-]{2,40}:(?:786\d|818[89]|9090|11434|7801|8080|8000|8888|8443|2222)(?![\w.])"
)
_MACHINE = re.compile(
    r"(?<![\w-])(?:(?:DESKTOP|LAPTOP|WIN|PC)-(?=[A-Z]{0,10}\d)[A-Z0-9]{6,11}"
    r"|\w{1,40}['\u2019]s (?:MacBook|iMac|Mac mini|Mac Studio|iPhone|iPad)(?: (?:Pro|Air|Max))?"
    r"|\w{1,40}s-(?:MacBook|iMac|Mac|iPhone|iPad|PC|Laptop)(?:-[\w-]{1,40})?)(?![\w-])"
)
_STORE = re.compile(
    r"(?<!\w)(?:s3a?|gs|gcs|az|abfss?|wasbs?|hdfs|oss|cos|hf|r2|b2|dbfs)://([^\s/\"'<>?#]{1,253})"
)
_PUBLIC_SHARES = re.compile(
    r"(?:\.gradio\.live|\.ngrok(?:-free)?\.(?:app|io|dev)|\.trycloudflare\.com|\.proxy\.runpod\.net)$"
)
_URL = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9+.-]{1,20}:/{2}"
    r"(?:([^\s/@:\"'<>]{0,256})(?::([^\s/@\"'<>]{0,512}))?@)?(\[[\w:.%]{2,60}\]|[^\s/?#\"'<>@:,)\]}]{0,253})(:\d{1,5})?"
)
_QUERY = re.compile(r"[?&#;]([\w.%\[\]-]{1,60})=([^&\s\"'<>#;]{1,2000})")
_WEB = ("http", "ws", "ftp", "sftp", "ssh", "smb", "nfs", "rtsp", "tcp", "grpc")
_IN_PATH = re.compile(
    r"/(?:token|api[_-]?key|apikey|key|secret|auth|password|passwd|access[_-]?token|s|share|invite|ping|h)/([^\s/?#\"'<>]{6,400})",
    re.IGNORECASE,
)
_HOOKS = re.compile(
    r"(?<=://)(?:hooks\.slack\.com/(?:services|workflows|triggers)"
    r"|(?:\w{1,20}\.)?discord(?:app)?\.com/api(?:/v\d{1,2})?/webhooks"
    r"|api\.telegram\.org/(?:file/)?bot|[\w.-]{1,80}\.webhook\.office\.com|outlook\.office\.com/webhook|chat\.googleapis\.com/v1/spaces"
    r"|hooks\.zapier\.com/hooks|maker\.ifttt\.com|hook\.[\w.]{0,20}make\.com|ntfy\.sh|hc-ping\.com|[\w.-]{1,40}\.m\.pipedream\.net|drive\.google\.com/file/d|webhook\.site|open\.feishu\.cn/open-apis/bot"
    r"|discord\.gg|t\.me/(?:joinchat/|\+)|chat\.whatsapp\.com)(/?[^\s\"'<>,)]{4,400})"
)
_SIGNED = re.compile(
    r"(?:x-(?:amz|goog|oss|cos)-(?:signature|credential|security-token)|sig|signature|sign|sas|hmac|policy|key-pair-id|"
    r"code|state|access|auth|ticket|nonce|k|key|api|s|t|tk|pass|pw|pwd|hash|h|verify|otp)",
    re.IGNORECASE,
)


def find_mail(text: str) -> Iterator[Hit]:
    """Find e-mail addresses, written out or with (at) and (dot); also of hosts without a domain."""
    for pattern in (_REMOTE, _SPELLED, _LOOSE):
        for match in pattern.finditer(text):
            yield from covered(text, *match.span(), "e-mail addresses")
    for match in _MAIL.finditer(text):
        if any(sign.isalpha() for sign in match[0]):
            yield from covered(text, *match.span(), "e-mail addresses")


def find_phones(text: str) -> Iterator[Hit]:
    """Find phone numbers: international ones, and those that are grouped as phone numbers are."""
    for pattern in (*_PHONES, _EXTENSION, _BRAZIL):
        for match in pattern.finditer(text):
            yield from covered(text, *match.span(), "phone numbers")
    for match in _SPOKEN_PHONE.finditer(text):
        yield from covered(text, *match.span(1), "phone numbers")


def find_addresses(text: str) -> Iterator[Hit]:
    """Find network addresses: IP and MAC addresses, and hosts of private networks."""
    for match in _IP4_INSIDE.finditer(text):
        yield from covered(text, *match.span(), "network addresses")
    for pattern in (_IP4, _IP6):
        for match in pattern.finditer(text):
            if _is_telling(match[0]):
                yield from covered(text, *match.span(), "network addresses")
    for pattern in (_MAC, _LOCAL, _MACHINE, _SERVED):
        for match in pattern.finditer(text):
            yield from covered(text, *match.span(), "network addresses")


def _is_telling(address: str) -> bool:
    """Say whether a text is an address that is not the machine's own or none (127.0.0.1, 0.0.0.0, ::)."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    is_version = parsed.version == 4 and parsed.packed[0] < 10  # 1.10.1.0: of a program
    return not (parsed.is_loopback or parsed.is_unspecified or is_version)


def find_in_urls(text: str) -> Iterator[Hit]:
    """Find what is private in addresses: user and password, secret queries, private hosts, webhooks."""
    for pattern, kind in ((_HOOKS, "keys"), (_STORE, "network addresses")):
        for match in pattern.finditer(text):
            yield from covered(text, *match.span(1), kind)
    for match in _URL.finditer(text):
        for group, kind in ((1, "user names"), (2, "secrets")):
            if match[group]:
                yield from covered(text, *match.span(group), kind)
        if _is_private_host(match):
            yield from covered(text, *match.span(3), "network addresses")
    yield from _find_in_names(text)


def _find_in_names(text: str) -> Iterator[Hit]:
    """Find what stands behind a name in a path or a query."""
    for match in _IN_PATH.finditer(text):
        if is_secret(match[1]):
            yield from covered(text, *match.span(1), "keys")
    for match in _QUERY.finditer(text):
        if _SIGNED.fullmatch(match[1]) or kind_of(match[1]) or (len(match[2]) >= 16 and is_random(match[2])):
            yield from covered(text, *match.span(2), kind_of(match[1]) or "keys")


def _is_private_host(match: re.Match[str]) -> bool:
    host = match[3].lower()
    is_alone = "." not in host and ":" not in host and host not in ("localhost", "")
    known = _PRIVATE_HOST.search(host) or _PUBLIC_SHARES.search(host)
    return bool(known or (is_alone and match[0].lower().startswith(_WEB)))
