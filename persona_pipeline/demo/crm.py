"""Customer records as the CRM would export them: who somebody is, how to reach them, what they allowed.

Here: attributes as small codes: first records, later versions, second records of the same person, and people
of the newsletter. Not here: codes as text (crm_table.py), anything latent: age, gender, region and income
lean on the persona only weakly.
"""

from __future__ import annotations

import numpy as np

from persona_pipeline.demo import identifiers
from persona_pipeline.demo.people import (
    CHINESE_NAMES,
    CONSENTS,
    EMPTY,
    NEWSLETTER_PERSON,
    NO,
    SURNAMES,
    YES,
    People,
    Subscribers,
)
from persona_pipeline.demo.personas import column
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.population import BLOCK, Population
from persona_pipeline.demo.seeds import Stream, generator

RECORD = np.dtype(
    [
        ("delivered", np.int16),
        ("person", np.int64),
        ("crm", np.int32),  # index of the record number
        ("version", np.int8),  # counts from 1
        ("account", np.int32),  # -1 without
        ("name", np.int32),
        ("misspelt", np.bool_),
        ("email", np.int32),  # index of the address; -1 without
        ("email_name", np.int32),  # name code that the address was made from
        ("email_form", np.int8),
        ("phone", np.int32),  # index of the telephone; -1 without
        ("phone_form", np.int8),
        ("handle", np.int32),  # index of the handle; -1 without
        ("gender", np.int8),
        ("birth", np.int32),  # days since 1970-01-01; NO_BIRTH without
        ("region", np.int8),  # len(REGIONS) is empty
        ("income", np.int8),
        ("registered", np.int32),  # days since 1970-01-01
        ("consent", np.int8, (len(CONSENTS),)),
        ("will_change", np.bool_),
    ]
)
TEST_EMAIL = 99_999_999  # index that stands for the address everybody types
SHOP_PHONE = 99_999_999  # index that stands for the shop's own telephone
NO_BIRTH = np.iinfo(np.int32).min
REGIONS = ("北京", "上海", "广东", "浙江", "江苏", "四川", "湖北", "陕西", "山东", "福建", "辽宁", "云南", "")
REGION_WEIGHT = (1.4, 1.4, 1.6, 1.2, 1.2, 1, 0.9, 0.7, 1.1, 0.8, 0.6, 0.5)
GENDERS = ("female", "male", "other", "")
INCOMES = ("low", "middle", "high", "")
EMAIL_FORMS = ("as it is", "upper case", "blanks around", "full width", "capitals")
PHONE_FORMS = ("as it is", "blanks", "full width", "country code")
CHANGING = 0.12  # share of records that change once; a quarter of them changes again
WITHDRAWS = 0.35  # share of changes that withdraw the consent to marketing
NEW_PHONE = 0.3
LATE = 0.03  # share of new records that reach the export some days later
LONGEST_LATENESS = 10
SECOND_RECORD = 0.05
MISSING_INCOME = 0.12
EPOCH = np.datetime64("1970-01-01")
UNTIDY = 0.06  # share of records whose address is written in another form


def draw_records(plan: Plan, population: Population, people: People, subscribers: Subscribers) -> np.ndarray:
    """All versions of all records of a block, those of the newsletter included."""
    rng = generator(plan.seed, Stream.CRM, int(population.number[0]) // BLOCK)
    first = _first(plan, population, people, rng)
    later = _changes(plan, first, rng.random((8, BLOCK))[:, : first.size])
    second = _second(plan, first, people, rng.random((9, BLOCK))[:, : first.size])
    newsletter = _newsletter(plan, subscribers, rng)
    every = np.concatenate([first, *later, second, newsletter])
    return every[every["delivered"] < plan.days]


def _first(plan: Plan, population: Population, people: People, rng: np.random.Generator) -> np.ndarray:
    size = len(population)
    u = rng.random((11, BLOCK))[:, :size]
    normal = rng.normal(size=BLOCK)[:size]
    persona = population.persona
    start = (np.datetime64(plan.start) - EPOCH).astype(int)
    age = np.clip(column("age")[persona] + 9.0 * normal, 16, 85)
    # Members of a family are not twins.
    age = np.where(people.family & (age > 50), age - 25.0, np.where(people.family, age + 25.0, age))
    income_cdf = np.cumsum(column("income"), axis=1)[persona]
    weight = np.array(REGION_WEIGHT)
    # Premium and hobby customers live a little more often in the first two regions.
    metropolitan = (np.isin(persona, (2, 5))) & (u[0] < 0.15)
    region = np.searchsorted(np.cumsum(weight / weight.sum())[:-1], u[1])
    late = np.where(
        (u[9] < LATE) & (population.arrival >= 0), 1 + np.floor(u[10] * LONGEST_LATENESS), 0
    ).astype(np.int64)

    records = np.zeros(size, dtype=RECORD)
    # One past the end stands for "never", so that the small type holds it.
    records["delivered"] = np.minimum(np.maximum(population.arrival, 0) + late, plan.days)
    records["person"] = population.number
    records["crm"] = population.number
    records["version"] = 1
    records["account"] = population.account
    records["name"] = records["email_name"] = people.name
    records["email"] = np.where(people.test_email, TEST_EMAIL, people.email)
    records["email_form"] = np.where(u[2] < UNTIDY, 1 + np.floor(u[3] * 4), 0)
    records["phone"] = np.where(people.shop_phone, SHOP_PHONE, people.phone)
    records["phone_form"] = np.where(u[4] < UNTIDY, 1 + np.floor(u[5] * 2), 0)
    records["handle"] = np.where(people.has_handle & people.declares_handle, population.number, -1)
    records["gender"] = np.select([u[6] < 0.05, u[6] < 0.06, u[7] < column("female")[persona]], [3, 2, 0], 1)
    records["birth"] = start - np.floor(age * 365.25)
    records["region"] = np.where(metropolitan, (u[1] < 0.5).astype(int), region)
    income_draw = rng.random((2, BLOCK))[:, :size]
    records["income"] = np.where(
        u[8] < MISSING_INCOME, 3, (income_cdf[:, :-1] < income_draw[0, :, None]).sum(axis=1)
    )
    records["registered"] = start + population.arrival
    records["consent"] = people.consent
    return records


def _changes(plan: Plan, first: np.ndarray, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Versions 2 and 3: another region, sometimes another telephone, or consent withdrawn."""
    once = _changed(plan, first, u[:4], u[4] < CHANGING)
    happened = once["version"] == 2
    twice = _changed(plan, once, 1.0 - u[:4], happened & (u[5] < 0.25))
    first["will_change"] = happened
    once["will_change"] = twice["version"] == 3
    return once[happened], twice[twice["version"] == 3]


def _changed(plan: Plan, records: np.ndarray, u: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    later = records.copy()
    before = records["delivered"].astype(np.int64)
    day = before + 1 + np.floor(u[0] * np.maximum(0, plan.days - 1 - before)).astype(np.int64)
    here = wanted & (day < plan.days)
    withdraws = here & (u[1] < WITHDRAWS) & (records["consent"][:, 0] == YES)
    moves = here & ~withdraws
    later["delivered"] = np.where(here, day, before)
    later["version"] = records["version"] + here
    later["consent"][withdraws, 0] = NO
    regions = len(REGIONS) - 1
    later["region"] = np.where(
        moves,
        (records["region"] + 1 + np.floor(u[2] * (regions - 1)).astype(np.int64)) % regions,
        records["region"],
    )
    own = (records["phone"] == records["person"]) & moves & (u[3] < NEW_PHONE)
    later["phone"] = np.where(own, identifiers.SECOND + records["person"], records["phone"])
    return later


def _second(plan: Plan, first: np.ndarray, people: People, u: np.ndarray) -> np.ndarray:
    """Further records of the same persons: another number, a misspelt name, no account, one key in common."""
    before = first["delivered"].astype(np.int64)
    day = before + 1 + np.floor(u[0] * np.maximum(0, plan.days - 1 - before)).astype(np.int64)
    shared = people.shop_phone | people.test_email | people.family
    here = (u[1] < SECOND_RECORD) & ~shared & (day < plan.days)
    by_email, by_phone = u[2] < 0.6, u[2] > 0.4
    second = first.copy()
    second["delivered"] = day
    second["crm"] = identifiers.SECOND + first["person"]
    second["version"] = 1
    second["account"] = -1
    chinese = first["name"] < CHINESE_NAMES
    # Another second character of the same surname; Latin names are misspelt letter by letter.
    other = (first["name"] + len(SURNAMES) * (1 + np.floor(u[3] * 30).astype(np.int64))) % CHINESE_NAMES
    second["name"] = np.where(chinese, other, first["name"])
    second["misspelt"] = ~chinese
    second["email"] = np.where(
        by_email, first["email"], np.where(u[4] < 0.5, identifiers.SECOND + first["person"], -1)
    )
    second["email_form"] = np.where(u[5] < 0.6, 1 + np.floor(u[5] / 0.6 * 4), 0)
    second["phone"] = np.where(by_phone, first["phone"], -1)
    second["phone_form"] = np.where(u[6] < 0.6, 1 + np.floor(u[6] / 0.6 * 3), 0)
    second["handle"] = -1
    second["income"] = np.where(u[7] < 0.5, 3, first["income"])
    second["registered"] = (np.datetime64(plan.start) - EPOCH).astype(int) + day
    second["consent"] = np.where(u[8, :, None] < 0.5, EMPTY, first["consent"])
    second["will_change"] = False
    return second[here]


def _newsletter(plan: Plan, subscribers: Subscribers, rng: np.random.Generator) -> np.ndarray:
    size = subscribers.number.size
    records = np.zeros(size, dtype=RECORD)
    start = (np.datetime64(plan.start) - EPOCH).astype(int)
    records["delivered"] = subscribers.signed_up
    records["person"] = NEWSLETTER_PERSON + subscribers.number
    records["crm"] = records["email"] = subscribers.index
    records["version"] = 1
    records["account"] = records["phone"] = records["handle"] = -1
    records["name"] = records["email_name"] = subscribers.name
    records["gender"], records["income"], records["birth"] = 3, 3, NO_BIRTH
    records["region"] = len(REGIONS) - 1
    records["registered"] = (
        start
        + subscribers.signed_up
        - np.where(subscribers.signed_up == 0, np.floor(rng.random(size) * 400), 0)
    )
    records["consent"] = (YES, EMPTY, EMPTY)
    return records
