"""Values that people type when they do not want to give one: they identify nobody.

Here: the defaults and their pseudonyms. Not here: what the graph does with them (components.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from persona_pipeline.contracts.pseudonym import pseudonym

_PLACEHOLDERS = ("null", "none", "nil", "nan", "n/a", "na", "unknown", "undefined", "-", "test", "无", "未知")
_NAMES = ("test", "none", "no", "noreply", "no-reply", "nobody", "unknown", "email", "a", "abc", "info")
_DOMAINS = ("test.com", "example.com", "example.org", "none.com", "email.com", "noemail.com")
_PHONE_LENGTHS = range(5, 16)
_SAME_DIGITS = tuple(digit * length for digit in "0123456789" for length in _PHONE_LENGTHS)
_ZEROS = tuple("0" * length for length in range(1, 37))

DEFAULT_DENY: Mapping[str, tuple[str, ...]] = {
    "account": (*_PLACEHOLDERS, *_ZEROS),
    "crm": (*_PLACEHOLDERS, *_ZEROS),
    "email": (*_PLACEHOLDERS, *(f"{name}@{domain}" for name in _NAMES for domain in _DOMAINS)),
    "phone": (
        *_SAME_DIGITS,
        *(prefix + same for prefix in ("+", "86", "+86") for same in _SAME_DIGITS),
        *("1234567890123"[:length] for length in range(5, 14)),
        *("0123456789"[:length] for length in range(5, 11)),
    ),
    "handle": (*_PLACEHOLDERS, "anonymous", "匿名", "guest", "user", "admin"),
    "visitor": (*_PLACEHOLDERS, *_ZEROS, "f" * 32, "00000000-0000-0000-0000-000000000000"),
}


def denied_ids(key: bytes, deny: Mapping[str, Iterable[str]]) -> frozenset[tuple[str, str]]:
    """The deny-list as (kind, pseudonym): the defaults and the configured values in clear.

    Args:
        key: the project's secret for pseudonyms.
        deny: kind of identifier -> values in clear, as `[identity] deny` of persona.toml holds them.
    """
    return frozenset(
        (kind, pseudonym(key, kind, value))
        for values in (DEFAULT_DENY, deny)
        for kind, each in values.items()
        for value in each
    )
