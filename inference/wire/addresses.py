r"""Find e-mail addresses and phone numbers in what people write, and put marks there.

    call (415) 555-2671 or 15123456789      call <phone> or <phone>

Pure. It errs on the side of replacing too much, as the finder of names does; dates, network
addresses and ids that are too long for a phone stay.
"""

import re
import unicodedata
from itertools import pairwise

MIN_PHONE_DIGITS = 9  # 01.02.2024 has eight, and so have many counts
MAX_GROUP_DIGITS = 15  # of a number with its country, by ITU-T E.164; ids of chats have 17 and more

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")

_YEAR, _MONTH, _DAY = r"(?:19|20)\d\d", r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
_ORDERS = ((_YEAR, _MONTH, _DAY), (_DAY, _MONTH, _YEAR), (_MONTH, _DAY, _YEAR))
_ONE_DATE = "|".join(mark.join(order) for mark in (r"\.", "-", "/") for order in _ORDERS)
_DATES = rf"(?:{_ONE_DATE})(?: ?[-/\u2013] ?(?:{_ONE_DATE}))?(?![-./]?\d)"
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_KEPT = "|".join(
    (
        _DATES,
        rf"{_OCTET}(?:\.{_OCTET}){{3}}(?!\.?\d)",  # 192.168.100.200
        rf"{_YEAR}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])[-_]?(?:[01]\d|2[0-3])(?:[0-5]\d){{1,2}}(?!\d)",
        r"1\d{12}(?!\d)",  # milliseconds since 1970; no number with its country begins so
        r"\d\.\d{6,}(?!\.?\d)",  # a fraction
        r"<t:\d+(?::\w)?>",  # Discord's mark of a time
        r"[\da-fA-F]{8}(?:-[\da-fA-F]{4}){3}-[\da-fA-F]{12}",  # a UUID
    )
)

# Letters of scripts that put no space between words may stand right beside a number: only Latin
# ones and digits make it part of something else.
_BEGIN, _END = r"(?<![A-Za-z\d])(?=[\d(+<a-fA-F])", r"(?![A-Za-z\d])"
_PLUS = r"\(?\+ ?\(?"
_NO_PLUS = r"(?<![/-])(?<!\d\.)\(?"  # not in a path, in a name with dashes or in a version
_GROUP = rf"\d{{1,{MAX_GROUP_DIGITS}}}(?!\d)"
_GAP = r"[ \u00a0\u202f()/.\u2010-\u2013-]{1,4}"
_EXTENSION = r"(?: ?(?:x|ext\.?) ?\d{1,6})?"
_NUMBER = re.compile(
    rf"{_BEGIN}(?:{_KEPT}|(?P<phone>(?:{_PLUS}|{_NO_PLUS}|(?<=wa\.me/))"
    rf"{_GROUP}(?:{_GAP}(?!{_DATES}){_GROUP})*{_EXTENSION}){_END})"
)


def without_addresses(text: str) -> str:
    """Replace e-mail addresses by `<email>`, and what is written like a phone number by `<phone>`."""
    return _NUMBER.sub(_shown, _EMAIL.sub("<email>", unicodedata.normalize("NFC", text)))


def _shown(number: re.Match[str]) -> str:
    phone = number["phone"]
    if phone is None or not _is_phone(phone):
        return number[0]
    return "(<phone>" if phone.count("(") > phone.count(")") else "<phone>"


def _is_phone(written: str) -> bool:
    """Tell a phone number from a small number, a round one, and a row that counts up."""
    groups = re.findall(r"\d+", written)
    digits = "".join(groups)
    is_round = digits.endswith("000000") and digits[0] != "0" and "+" not in written
    is_counting = len(groups) > 2 and all(int(b) - int(a) == 1 for a, b in pairwise(groups))
    return len(digits) >= MIN_PHONE_DIGITS and not is_round and not is_counting
