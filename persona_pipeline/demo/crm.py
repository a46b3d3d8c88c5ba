"""Customer records as the CRM would export them: names, contact data, age, gender, region, income band.

Here: attributes as small codes, and codes → text. Not here: anything latent; age, gender, region and income
lean on the persona only weakly.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from persona_pipeline.demo.personas import column
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.population import BLOCK, Population
from persona_pipeline.demo.seeds import Stream, generator

RECORD = np.dtype(
    [
        ("delivered", np.int16),
        ("account", np.int32),
        ("name", np.int32),
        ("phone", np.int64),
        ("gender", np.int8),
        ("birth", np.int32),  # days since 1970-01-01
        ("region", np.int8),
        ("income", np.int8),
        ("registered", np.int32),  # days since 1970-01-01
        ("version", np.int8),
        ("will_change", np.bool_),
    ]
)
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国志文宇轩梓涵浩然欣怡子墨雨桐思远佳琪"
SURNAMES_PINYIN = (
    "wang",
    "li",
    "zhang",
    "liu",
    "chen",
    "yang",
    "huang",
    "zhao",
    "wu",
    "zhou",
    "xu",
    "sun",
    "ma",
    "zhu",
    "hu",
    "guo",
    "he",
    "lin",
    "gao",
    "luo",
)
FIRST_NAMES = (
    "Emma",
    "Liam",
    "Olivia",
    "Noah",
    "Ava",
    "Lucas",
    "Mia",
    "Ethan",
    "Zoé",
    "Leo",
    "Nina",
    "Oscar",
    "Ruth",
    "Hugo",
    "Iris",
    "Max",
)
# Three surnames that careless readers take for a missing value.
LAST_NAMES = (
    "Smith",
    "Null",
    "Garcia",
    "NA",
    "Müller",
    "None",
    "O'Brien",
    "Rossi",
    "Novak",
    "Silva",
    "Kim",
    "Larsen",
    "Dubois",
    "Khan",
    "Walsh",
    "Ito",
)
REGIONS = ("北京", "上海", "广东", "浙江", "江苏", "四川", "湖北", "陕西", "山东", "福建", "辽宁", "云南")
GENDERS = ("female", "male", "other", "")
INCOMES = ("low", "middle", "high", "")
DOMAINS = ("example.com", "example.cn", "mail.example.org")
CHANGING = 0.10  # share of customers whose record changes once
MISSING_INCOME = 0.12
CHINESE = 0.85
EPOCH = np.datetime64("1970-01-01")
CHINESE_NAMES = len(SURNAMES) * len(GIVEN) * (len(GIVEN) + 1)
ENGLISH_NAMES = len(FIRST_NAMES) * len(LAST_NAMES)


def draw_records(plan: Plan, population: Population) -> np.ndarray:
    """First records and, for some customers, one later change with a new phone and region."""
    rng = generator(plan.seed, Stream.CRM, int(population.number[0]) // BLOCK)
    size = len(population)
    u = rng.random((12, BLOCK))[:, :size]
    normal = rng.normal(size=BLOCK)[:size]
    persona = population.persona
    start = (np.datetime64(plan.start) - EPOCH).astype(int)
    age = np.clip(column("age")[persona] + 9.0 * normal, 16, 85)
    income_cdf = np.cumsum(column("income"), axis=1)[persona]
    region_weight = np.array([1.4, 1.4, 1.6, 1.2, 1.2, 1, 0.9, 0.7, 1.1, 0.8, 0.6, 0.5])
    # Premium and hobby customers live a little more often in the first two regions.
    metropolitan = (np.isin(persona, (2, 5))) & (u[0] < 0.15)
    region = np.searchsorted(np.cumsum(region_weight / region_weight.sum())[:-1], u[1])

    records = np.zeros(size, dtype=RECORD)
    records["delivered"] = np.maximum(population.arrival, 0)
    records["account"] = population.account
    records["name"] = np.where(
        u[2] < CHINESE, np.floor(u[3] * CHINESE_NAMES), CHINESE_NAMES + np.floor(u[3] * ENGLISH_NAMES)
    )
    records["phone"] = 13_000_000_000 + np.floor(u[4] * 6_000_000_000).astype(np.int64)
    records["gender"] = np.select([u[5] < 0.05, u[5] < 0.06, u[6] < column("female")[persona]], [3, 2, 0], 1)
    records["birth"] = start - np.floor(age * 365.25)
    records["region"] = np.where(metropolitan, (u[1] < 0.5).astype(int), region)
    records["income"] = np.where(u[7] < MISSING_INCOME, 3, (income_cdf[:, :-1] < u[8, :, None]).sum(axis=1))
    records["registered"] = start + population.arrival

    first = records["delivered"].astype(np.int64)
    change_day = first + 1 + np.floor(u[9] * np.maximum(0, plan.days - 1 - first)).astype(np.int64)
    changes = (u[10] < CHANGING) & (change_day < plan.days)
    records["will_change"] = changes
    later = records[changes].copy()
    later["delivered"] = change_day[changes]
    later["version"] = 1
    later["will_change"] = False
    later["phone"] = 13_000_000_000 + (later["phone"] - 13_000_000_000 + 1_234_567_891) % 6_000_000_000
    later["region"] = (
        later["region"] + 1 + np.floor(u[11, changes] * (len(REGIONS) - 1)).astype(np.int8)
    ) % len(REGIONS)
    both = np.concatenate([records, later])
    return both[both["delivered"] < plan.days]


def _names(code: np.ndarray) -> tuple[pa.Array, pa.Array]:
    """Names, and the part of the e-mail before the number."""
    given = pa.array(list(GIVEN))
    second = pa.array(["", *GIVEN])
    chinese = np.minimum(code, CHINESE_NAMES - 1)
    surname = chinese % len(SURNAMES)
    rest = chinese // len(SURNAMES)
    chinese_name = pc.binary_join_element_wise(
        pa.array(list(SURNAMES)).take(pa.array(surname)),
        given.take(pa.array(rest % len(GIVEN))),
        second.take(pa.array(rest // len(GIVEN))),
        "",
    )
    english = np.maximum(code - CHINESE_NAMES, 0)
    first = pa.array(FIRST_NAMES).take(pa.array(english % len(FIRST_NAMES)))
    last = pa.array(LAST_NAMES).take(pa.array(english // len(FIRST_NAMES)))
    is_chinese = pa.array(code < CHINESE_NAMES)
    plain_first = pc.replace_substring(pc.utf8_lower(first), "é", "e")
    return (
        pc.if_else(is_chinese, chinese_name, pc.binary_join_element_wise(first, last, " ")),
        pc.if_else(is_chinese, pa.array(SURNAMES_PINYIN).take(pa.array(surname)), plain_first),
    )


def record_table(records: np.ndarray) -> pa.Table:
    """The CSV columns of customer records, all text or dates."""
    name, local = _names(records["name"].astype(np.int64))
    account = pc.utf8_lpad(pc.cast(pa.array(records["account"]), pa.string()), 8, "0")
    number = pc.cast(pa.array(records["account"].astype(np.int64) * 7 % 1_000_003), pa.string())
    domain = pa.array(DOMAINS).take(pa.array(records["account"] % len(DOMAINS)))
    address = pc.binary_join_element_wise(pc.binary_join_element_wise(local, number, "."), domain, "@")
    return pa.table(
        {
            "account_id": account,
            "name": name,
            "email": address,
            "phone": pc.cast(pa.array(records["phone"]), pa.string()),
            "gender": pa.array(GENDERS).take(pa.array(records["gender"])),
            "birth_date": pa.array(records["birth"].astype("datetime64[D]")),
            "region": pa.array(REGIONS).take(pa.array(records["region"])),
            "income_band": pa.array(INCOMES).take(pa.array(records["income"])),
            "registered_on": pa.array(records["registered"].astype("datetime64[D]")),
        }
    )
