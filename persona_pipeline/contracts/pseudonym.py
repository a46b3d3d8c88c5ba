"""Keyed pseudonyms: HMAC-SHA-256 of a normalised identifier. The key never enters SQL, logs or files.

Here: the two pure functions and the normal form. Not here: where the key comes from (settings).
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata


def normal_form(value: str) -> str:
    """The declared normal form of an identity key: NFKC, outer blanks removed. Case counts."""
    return unicodedata.normalize("NFKC", value).strip()


def pseudonym(key: bytes, kind: str, value: str) -> str:
    """The pseudonym of an identifier: 32 hexadecimal digits, equal for equal normal forms.

    Args:
        key: the project's secret.
        kind: kind of identifier, for example `account`; the same value of another kind gets another
            pseudonym.
        value: the identifier in clear.
    """
    message = f"{kind}|{normal_form(value)}".encode()
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:32]


def customer_pseudonym(key: bytes, id_kind: str, identifier: str) -> str:
    """The customer_id of the component whose first member is (id_kind, identifier).

    `identifier` is a pseudonym.
    """
    message = f"customer|{id_kind}|{identifier}".encode()
    return "c_" + hmac.new(key, message, hashlib.sha256).hexdigest()[:24]
