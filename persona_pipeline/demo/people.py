"""What is true of the persons behind the CRM, posts and campaign contacts, beyond what their orders need.

Here: language, names, identifiers, consent, feelings, liking of channels; and people without an account.
Not here: what they do with it (posts.py, contacts.py), and which record says what (crm.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from persona_pipeline.demo import identifiers
from persona_pipeline.demo.personas import CHANNELS
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.population import BLOCK, Population, later_source_traits
from persona_pipeline.demo.seeds import Stream, generator

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国志文宇轩梓涵浩然欣怡子墨雨桐思远佳琪"
FIRST_NAMES = (
    "Emma", "Liam", "Olivia", "Noah", "Ava", "Lucas", "Mia", "Ethan",
    "Zoé", "Leo", "Nina", "Oscar", "Ruth", "Hugo", "Iris", "Max",
)  # fmt: skip
# Three surnames that careless readers take for a missing value.
LAST_NAMES = (
    "Smith", "Null", "Garcia", "NA", "Müller", "None", "O'Brien", "Rossi",
    "Novak", "Silva", "Kim", "Larsen", "Dubois", "Khan", "Walsh", "Ito",
)  # fmt: skip
CHINESE_NAMES = len(SURNAMES) * len(GIVEN) * (len(GIVEN) + 1)
ENGLISH_NAMES = len(FIRST_NAMES) * len(LAST_NAMES)
CHINESE = 0.82  # share of persons who write Chinese
CHINESE_NAME = (0.25, 0.97)  # share with a Chinese name among those who write English, Chinese
DECLARES_HANDLE = 0.75
ENGAGEMENT_SIGMA = 1.2
NEWSLETTER_PERCENT = 6
STRANGER_PERCENT = 2
CONSENTS = ("marketing", "profiling", "sharing")
CONSENT_NO = (0.10, 0.15, 0.30)
CONSENT_EMPTY = 0.12
YES, NO, EMPTY = 0, 1, 2
# The first number of persons who are no customers, in the truth.
NEWSLETTER_PERSON = 1_000_000_000
STRANGER_PERSON = 2_000_000_000


@dataclass(frozen=True, slots=True)
class People:
    """Traits of the customers of one block; every array has the customer along its first axis."""

    is_chinese: np.ndarray  # writes Chinese, otherwise English
    name: np.ndarray  # code, see crm.py
    has_handle: np.ndarray
    declares_handle: np.ndarray
    sentiment: np.ndarray  # -1 … 1 in a good mood
    posts_per_day: np.ndarray
    channels: np.ndarray  # (customer, channel) liking, summing to one
    engagement: np.ndarray  # own effect on the log odds of opening; less so of the rest
    consent: np.ndarray  # (customer, purpose) at first: YES, NO or EMPTY
    shop_phone: np.ndarray  # the shop's own telephone stands in the record
    test_email: np.ndarray
    family: np.ndarray  # shares the telephone of the customer before
    email: np.ndarray  # index of the address
    phone: np.ndarray  # index of the telephone

    def truth(self) -> dict[str, np.ndarray]:
        """Columns of truth/customers.parquet beyond those of `later_source_traits`."""
        return {
            "language": np.where(self.is_chinese, "zh", "en").astype(object),
            "engagement": self.engagement,
            "declares_handle": self.declares_handle & self.has_handle,
        }


def draw_people(plan: Plan, population: Population) -> People:
    """The persons of a block of customers."""
    rng = generator(plan.seed, Stream.PEOPLE, int(population.number[0]) // BLOCK)
    size = len(population)
    u = rng.random((9, BLOCK))[:, :size]
    consent_draw = rng.random((2, BLOCK, len(CONSENTS)))[:, :size]
    normal = rng.normal(size=BLOCK)[:size]
    known = later_source_traits(plan, population)
    is_chinese = u[0] < CHINESE
    name_is_chinese = u[1] < np.array(CHINESE_NAME)[is_chinese.astype(np.int64)]
    family = (population.number % 2 == 1) & (u[4] < 0.012)
    shared_by_next = np.append(family[1:], False)
    index = population.number.astype(np.int64)
    return People(
        is_chinese=is_chinese,
        name=np.where(
            name_is_chinese, np.floor(u[2] * CHINESE_NAMES), CHINESE_NAMES + np.floor(u[2] * ENGLISH_NAMES)
        ).astype(np.int64),
        has_handle=known["has_social_handle"],
        declares_handle=u[3] < DECLARES_HANDLE,
        sentiment=known["sentiment"],
        posts_per_day=known["posts_per_day"],
        channels=np.column_stack([known[f"channel_{name}"] for name in CHANNELS]),
        engagement=ENGAGEMENT_SIGMA * normal,
        consent=np.select(
            [consent_draw[0] < CONSENT_EMPTY, consent_draw[1] < np.array(CONSENT_NO)], [EMPTY, NO], YES
        ),
        shop_phone=(u[5] < 0.01) & ~family & ~shared_by_next,
        test_email=u[6] < 0.004,
        family=family,
        email=index,
        phone=index - family,
    )


@dataclass(frozen=True, slots=True)
class Subscribers:
    """Persons of a block who only ever signed up for the newsletter."""

    number: np.ndarray  # position among all such persons
    signed_up: np.ndarray  # day number
    name: np.ndarray
    engagement: np.ndarray
    assigned: np.ndarray  # (person, campaign) uniform; below the assignment probability is contacted

    @property
    def index(self) -> np.ndarray:
        """Index of their identifiers."""
        return identifiers.NEWSLETTER + self.number


def _numbers(population: Population, percent: int) -> np.ndarray:
    first = int(population.number[0])
    return np.arange(first * percent // 100, (first + len(population)) * percent // 100)


def draw_subscribers(plan: Plan, population: Population) -> Subscribers:
    """The newsletter-only persons that come with a block of customers."""
    rng = generator(plan.seed, Stream.PEOPLE, int(population.number[0]) // BLOCK, 1)
    number = _numbers(population, NEWSLETTER_PERCENT)
    whole = BLOCK * NEWSLETTER_PERCENT // 100
    u = rng.random((4, whole))[:, : number.size]
    normal = rng.normal(size=whole)[: number.size]
    assigned = rng.random((whole, len(plan.campaigns)))[: number.size]
    return Subscribers(
        number=number,
        signed_up=np.where(u[0] < 0.4, 0, np.floor(u[1] * plan.days)).astype(np.int64),
        name=np.where(
            u[2] < CHINESE, np.floor(u[3] * CHINESE_NAMES), CHINESE_NAMES + np.floor(u[3] * ENGLISH_NAMES)
        ).astype(np.int64),
        engagement=ENGAGEMENT_SIGMA * normal,
        assigned=assigned,
    )


def stranger_numbers(population: Population) -> np.ndarray:
    """Persons who post about the shop and whom it does not know, by their position among them."""
    return _numbers(population, STRANGER_PERCENT)
