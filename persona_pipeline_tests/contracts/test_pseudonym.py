"""One normal form for each kind of identity key: what is written differently is the same person."""

from __future__ import annotations

import unicodedata

import pytest

from persona_pipeline.contracts.pseudonym import normal_form, pseudonym

KEY = b"k"
OPENSSL = "acd2495a586ebdfc61f7342b1c1c375499a332de9c088071c0361bd354a3c579"
NFD = unicodedata.normalize("NFD", "zoë@example.org")


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("email", "Ann.Li@Example.ORG", " ann.li@example.org\t"),
        ("email", "\u212aelvin@example.org", "kelvin@example.org"),  # the Kelvin sign
        ("email", "ｊｉｍ＠example.org", "jim@example.org"),  # full width
        ("email", NFD, "zoë@example.org"),
        ("email", "strasse@example.org", "STRAßE@example.org"),
        ("email", "ann\u200b@example.org", "ann@example.org"),  # zero width
        ("handle", "@Ann_Li", "ann_li"),
        ("handle", "＠王伟", "王伟"),
        ("phone", "138 0013-8000", "13800138000"),
        ("phone", "１３８００１３８０００", "13800138000"),
        ("phone", "+86 138 0013 8000", "13800138000"),
        ("phone", "0086-138-0013-8000", "+86(138)00138000"),
        ("phone", "010 6552 9988", "+86 10 6552 9988"),
        ("account", " 007 ", "007"),
        ("account", "Ａ７", "A7"),
    ],
)
def test_equal(kind: str, one: str, other: str) -> None:
    assert one != other
    assert pseudonym(KEY, kind, one, "86") == pseudonym(KEY, kind, other, "86")


@pytest.mark.parametrize(
    ("kind", "one", "other", "country"),
    [
        ("account", "a7", "A7", "86"),  # case counts
        ("account", "7", "007", "86"),
        ("email", "ann.li@example.org", "annli@example.org", "86"),  # no rule of one provider
        ("email", "аnn@example.org", "ann@example.org", "86"),  # a Cyrillic letter is another letter
        ("phone", "+1 800 555 0100", "1 800 555 0100", "86"),
        ("phone", "0086 138 0013 8000", "+86 138 0013 8000", None),  # nothing is assumed without a country
    ],
)
def test_not_equal(kind: str, one: str, other: str, country: str | None) -> None:
    assert pseudonym(KEY, kind, one, country) != pseudonym(KEY, kind, other, country)


def test_the_form_itself() -> None:
    assert normal_form("phone", "tel. 0086 138-0013", "86") == "+86138" + "0013"
    assert (
        normal_form("phone", "n/a", "86")
        == normal_form("handle", " @ ")
        == normal_form("email", "\u200b")
        == ""
    )
    assert normal_form("contact", " ab  CD ") == "ab  CD"


def test_the_kind_and_the_key_are_part_of_a_pseudonym() -> None:
    made = {pseudonym(key, kind, "7") for key in (b"k", b"l") for kind in ("account", "crm", "handle")}
    assert len(made) == 6
    assert all(len(each) == 32 for each in made)
    # HMAC-SHA-256 of `account|7`, by another tool: printf 'account|7' | openssl dgst -sha256 -hmac k
    assert pseudonym(KEY, "account", "7") == OPENSSL[:32]
    # a key longer than a block: openssl dgst -sha256 -mac HMAC -macopt hexkey:6b6b... (100 bytes)
    assert pseudonym(KEY * 100, "account", "7") == "52c5b72bb814bcce00c7dc49c7496e69"
