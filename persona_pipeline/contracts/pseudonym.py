"""Keyed pseudonyms: HMAC-SHA-256 of a normalised identifier. The key never enters SQL, logs or files.

Here: the two pure functions and the normal form. Not here: where the key comes from (settings).
"""

from __future__ import annotations

import functools
import hashlib
import re
import unicodedata
from typing import Any

_NOT_PHONE = re.compile(r"[^0-9+]")
_BLOCK = 64  # bytes that SHA-256 takes at once
FOLDED = ("email", "handle")


def normal_form(kind: str, value: str, phone_country: str | None = None) -> str:
    """The declared normal form of an identity key; empty where nothing of it is left.

    NFKC without outer blanks for every kind (full-width digits become ASCII, the Kelvin sign a K). E-mails
    and handles are casefolded too and lose invisible characters; a handle loses the @ before it. Phones are
    digits only, a leading + stays; with `phone_country` (its calling code, 86) every written form becomes
    the international one: 138…, 0138…, 0086 138… and +86 138… are one number. Without it nothing is
    assumed of 00.

    Args:
        kind: kind of identifier.
        value: the identifier as written.
        phone_country: calling code of the country whose phones are written without one.

    Source: Unicode Standard Annex 15 (NFKC) and Technical Report 31, section 5 (NFKC with casefolding).
    """
    form = (
        value if value.isascii() else unicodedata.normalize("NFKC", value)
    ).strip()  # ASCII is its own NFKC
    if kind in FOLDED:
        form = unicodedata.normalize("NFKC", form.casefold())
        form = "".join(sign for sign in form if unicodedata.category(sign) != "Cf").strip()
        return form.removeprefix("@") if kind == "handle" else form
    if kind == "phone":
        marks = _NOT_PHONE.sub("", form)
        digits = marks.replace("+", "")
        if not digits or marks.startswith("+"):
            return f"+{digits}" if digits else ""
        if phone_country is None:
            return digits
        return f"+{digits[2:]}" if digits.startswith("00") else f"+{phone_country}{digits.removeprefix('0')}"
    return form


def pseudonym(key: bytes, kind: str, value: str, phone_country: str | None = None) -> str:
    """The pseudonym of an identifier: 32 hexadecimal digits, equal for equal normal forms.

    Args:
        key: the project's secret.
        kind: kind of identifier, for example `account`; the same value of another kind gets another
            pseudonym.
        value: the identifier in clear.
        phone_country: see `normal_form`.
    """
    message = f"{kind}|{normal_form(kind, value, phone_country)}".encode()
    return _hmac(key, message)[:32]


def customer_pseudonym(key: bytes, id_kind: str, identifier: str) -> str:
    """The customer_id of the component whose first member is (id_kind, identifier).

    `identifier` is a pseudonym.
    """
    message = f"customer|{id_kind}|{identifier}".encode()
    return "c_" + _hmac(key, message)[:24]


def _hmac(key: bytes, message: bytes) -> str:
    """HMAC-SHA-256 in hexadecimal; half the time of `hmac.digest`, which begins with the key each time."""
    inner, outer = _keyed(key)
    within = inner.copy()
    within.update(message)
    whole = outer.copy()
    whole.update(within.digest())
    return whole.hexdigest()


@functools.lru_cache(maxsize=8)
def _keyed(key: bytes) -> tuple[Any, Any]:  # hashlib's type has no public name
    """The inner and the outer hash after the key. Source: RFC 2104, section 2."""
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    return hashlib.sha256(bytes(byte ^ 0x36 for byte in block)), hashlib.sha256(
        bytes(byte ^ 0x5C for byte in block)
    )
