"""Customer records as text: columns of the CRM export, and their identifiers as the truth writes them.

Here: codes → text, also of addresses that other sources show. Not here: who has which record (crm.py).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from persona_pipeline.demo import identifiers
from persona_pipeline.demo.crm import GENDERS, INCOMES, NO_BIRTH, REGIONS, SHOP_PHONE, TEST_EMAIL
from persona_pipeline.demo.people import (
    CHINESE_NAMES,
    CONSENTS,
    FIRST_NAMES,
    GIVEN,
    LAST_NAMES,
    SURNAMES,
)

SURNAMES_PINYIN = (
    "wang", "li", "zhang", "liu", "chen", "yang", "huang", "zhao", "wu", "zhou",
    "xu", "sun", "ma", "zhu", "hu", "guo", "he", "lin", "gao", "luo",
)  # fmt: skip
CONSENT_WORDS = ("yes", "no", "")
# The last two letters change places, as hurried fingers have it.
MISSPELT = tuple(name[:-2] + name[-1] + name[-2] for name in FIRST_NAMES)
ASCII = "".join(chr(code) for code in range(0x21, 0x7F))
FULL_WIDTH = str.maketrans({letter: chr(ord(letter) + 0xFEE0) for letter in ASCII})


def _names(code: np.ndarray, misspelt: np.ndarray) -> pa.Array:
    given = pa.array(list(GIVEN))
    second = pa.array(["", *GIVEN])
    chinese = np.minimum(code, CHINESE_NAMES - 1)
    rest = chinese // len(SURNAMES)
    chinese_name = pc.binary_join_element_wise(
        pa.array(list(SURNAMES)).take(pa.array(chinese % len(SURNAMES))),
        given.take(pa.array(rest % len(GIVEN))),
        second.take(pa.array(rest // len(GIVEN))),
        "",
    )
    english = np.maximum(code - CHINESE_NAMES, 0)
    first = pa.array([*FIRST_NAMES, *MISSPELT]).take(
        pa.array(english % len(FIRST_NAMES) + len(FIRST_NAMES) * misspelt)
    )
    last = pa.array(LAST_NAMES).take(pa.array(english // len(FIRST_NAMES)))
    return pc.if_else(
        pa.array(code < CHINESE_NAMES), chinese_name, pc.binary_join_element_wise(first, last, " ")
    )


def plain_emails(seed: int, email: np.ndarray, name: np.ndarray) -> pa.Array:
    """Addresses in lower case; empty without one."""
    if not (email >= 0).any():
        return pa.repeat("", email.size)
    chinese = name < CHINESE_NAMES
    surname = pa.array(SURNAMES_PINYIN).take(pa.array(np.where(chinese, name, 0) % len(SURNAMES)))
    latin = pa.array([first.lower().replace("é", "e") for first in FIRST_NAMES]).take(
        pa.array(np.where(chinese, 0, name - CHINESE_NAMES) % len(FIRST_NAMES))
    )
    address = identifiers.emails(seed, pc.if_else(pa.array(chinese), surname, latin), np.maximum(email, 0))
    address = pc.if_else(pa.array(email == TEST_EMAIL), identifiers.SHARED_EMAIL, address)
    return pc.if_else(pa.array(email < 0), "", address)


def plain_phones(seed: int, phone: np.ndarray) -> pa.Array:
    """Telephones as eleven digits, the shop's own as ten; empty without one."""
    number = identifiers.phones(seed, np.maximum(phone, 0))
    number = pc.if_else(pa.array(phone == SHOP_PHONE), identifiers.SHOP_PHONE, number)
    return pc.if_else(pa.array(phone < 0), "", number)


def plain_handles(seed: int, handle: np.ndarray) -> pa.Array:
    """Handles in lower case; empty without one."""
    return pc.if_else(pa.array(handle < 0), "", identifiers.handles(seed, np.maximum(handle, 0)))


def _written(plain: pa.Array, form: np.ndarray, ways: dict[int, list[str]]) -> pa.Array:
    """Another way of writing where `form` says so; the few are replaced, the rest is untouched."""
    for code, texts in ways.items():
        plain = pc.replace_with_mask(plain, pa.array(form == code), pa.array(texts, pa.string()))
    return plain


def _some(plain: pa.Array, form: np.ndarray, code: int) -> list[str]:
    return plain.filter(pa.array(form == code)).to_pylist()


def _emails_written(plain: pa.Array, form: np.ndarray) -> pa.Array:
    return _written(
        plain,
        form,
        {
            1: [text.upper() for text in _some(plain, form, 1)],
            2: [f" {text} " if text else "" for text in _some(plain, form, 2)],
            3: [text.translate(FULL_WIDTH) for text in _some(plain, form, 3)],
            4: [text.capitalize() for text in _some(plain, form, 4)],
        },
    )


def _phones_written(plain: pa.Array, form: np.ndarray) -> pa.Array:
    return _written(
        plain,
        form,
        {
            1: [f"{text[:3]} {text[3:7]} {text[7:]}" if text else "" for text in _some(plain, form, 1)],
            2: [text.translate(FULL_WIDTH) for text in _some(plain, form, 2)],
            3: [f"+86 {text}" if text else "" for text in _some(plain, form, 3)],
        },
    )


def account_text(account: np.ndarray) -> pa.Array:
    """Eight digits; empty without an account."""
    return pc.if_else(pa.array(account < 0), "", identifiers.digits(account))


def record_table(seed: int, records: np.ndarray) -> pa.Table:
    """The CSV columns of customer records, all text."""
    email = plain_emails(seed, records["email"].astype(np.int64), records["email_name"].astype(np.int64))
    phone = plain_phones(seed, records["phone"].astype(np.int64))
    unborn = records["birth"] == NO_BIRTH
    birth = pa.array(np.where(unborn, 0, records["birth"]).astype("datetime64[D]"))
    columns = {
        "crm_id": identifiers.crm_ids(seed, records["crm"]),
        "version": pc.cast(pa.array(records["version"]), pa.string()),
        "account_id": account_text(records["account"].astype(np.int64)),
        "name": _names(records["name"].astype(np.int64), records["misspelt"]),
        "email": _emails_written(email, records["email_form"]),
        "phone": _phones_written(phone, records["phone_form"]),
        "handle": plain_handles(seed, records["handle"].astype(np.int64)),
        "gender": pa.array(GENDERS).take(pa.array(records["gender"])),
        "birth_date": pc.if_else(pa.array(unborn), "", pc.cast(birth, pa.string())),
        "region": pa.array(REGIONS).take(pa.array(records["region"])),
        "income_band": pa.array(INCOMES).take(pa.array(records["income"])),
        "registered_on": pc.cast(pa.array(records["registered"].astype("datetime64[D]")), pa.string()),
    }
    words = pa.array(CONSENT_WORDS)
    for place, purpose in enumerate(CONSENTS):
        columns[f"consent_{purpose}"] = words.take(pa.array(records["consent"][:, place]))
    return pa.table(columns)
