"""Campaign contacts: who is contacted or held out when, and what becomes of it.

Here: rows of small codes for a block of customers and subscribers, with the true probabilities. Not here:
what a contact does to the buying (life.py), and files (contact_files.py).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from persona_pipeline.demo import identifiers
from persona_pipeline.demo.crm import TEST_EMAIL
from persona_pipeline.demo.life import ACTIVE, FADING, GONE, Life, contacted
from persona_pipeline.demo.people import NEWSLETTER_PERSON, People, Subscribers
from persona_pipeline.demo.personas import CHANNELS
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.population import BLOCK, Population
from persona_pipeline.demo.seeds import Stream, generator

NEVER = -1
ROW = np.dtype(
    [
        ("delivered", np.int16),
        ("version", np.int8),
        ("person", np.int64),
        ("campaign", np.int16),
        ("account", np.int32),  # -1 for subscribers
        ("subscriber", np.int32),  # -1 for customers
        ("email", np.int32),  # index of the address; -1 where the record shows none
        ("email_name", np.int32),
        ("contacted", np.int64),  # seconds since the start of the first day; outcomes likewise, or NEVER
        ("opened", np.int64),
        ("clicked", np.int64),
        ("responded", np.int64),
        ("is_contacted", np.bool_),
        ("outcome_follows", np.bool_),  # another version follows or this is one
        ("day", np.int16),
        ("state", np.int8),
        ("effect", np.float64),  # on the log intensity of buying, if contacted
        ("open_probability", np.float64),
        ("click_probability", np.float64),  # given that it is opened
        ("response_probability", np.float64),  # given that it is clicked
    ]
)
SPREAD = 3  # days over which a campaign sends
OPEN_BASE = {"email": -0.9, "sms": 0.1, "app": -0.6, "wechat": -0.2}
CLICK_BASE = -0.5
RESPONSE_BASE = 0.0
LIKING_ON_OPEN = 4.0  # of the channel, less a quarter
LIKING_ON_CLICK = 1.5
MESSAGE_ON_CLICK = 1.0  # of the message's effect on the buying
MESSAGE_ON_RESPONSE = 1.5
FATIGUE_ON_OPEN = -0.5  # for each earlier contact, fading with FATIGUE_DAYS
FATIGUE_DAYS = 45.0
STATE_ON_OPEN = {ACTIVE: 0.0, FADING: -0.7, GONE: -2.5}
STATE_ON_RESPONSE = {ACTIVE: 0.0, FADING: -0.8, GONE: -4.0}
ENGAGEMENT_ON_CLICK = 0.6
ENGAGEMENT_ON_RESPONSE = 0.3
RATE_ON_RESPONSE = 0.6  # of the own effect on the rate of buying
FIRST_OUTCOME_DAY, LAST_OUTCOME_DAY = 5, 9  # days after the contact on which its outcome is reported
DAY_SECONDS = 86_400
LATE_CONTACT = 0.01
LONGEST_LATENESS = 4  # days; less than FIRST_OUTCOME_DAY, so that the outcome never overtakes the contact
STATES = ("absent", "active", "fading", "gone")


def states(population: Population, life: Life, day: np.ndarray) -> np.ndarray:
    """State of each customer on a day; one day per customer."""
    faded = (population.starts_fading & (population.arrival < 0)) | ((life.faded >= 0) & (life.faded <= day))
    gone = (life.left >= 0) & (life.left <= day)
    return np.select([gone, faded], [GONE, FADING], ACTIVE)


def outcome_constants(channel: str) -> dict[str, float]:
    """What the log odds of opening, clicking and answering a contact of a channel are made of."""
    return {
        "open": OPEN_BASE[channel],
        "open_by_liking": LIKING_ON_OPEN,
        "open_by_fatigue": FATIGUE_ON_OPEN,
        "open_when_fading": STATE_ON_OPEN[FADING],
        "open_when_gone": STATE_ON_OPEN[GONE],
        "click_by_engagement": ENGAGEMENT_ON_CLICK,
        "response_by_engagement": ENGAGEMENT_ON_RESPONSE,
        "click": CLICK_BASE,
        "click_by_liking": LIKING_ON_CLICK,
        "click_by_message": MESSAGE_ON_CLICK,
        "response": RESPONSE_BASE,
        "response_by_message": MESSAGE_ON_RESPONSE,
        "response_by_rate": RATE_ON_RESPONSE,
        "response_when_fading": STATE_ON_RESPONSE[FADING],
        "response_when_gone": STATE_ON_RESPONSE[GONE],
    }


def _logistic(odds: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-odds))


def draw_contacts(
    plan: Plan, population: Population, people: People, subscribers: Subscribers, life: Life
) -> np.ndarray:
    """First versions of all contacts of a block, held-out persons included, with their truth and outcome.

    Contacts planned for days after the last one are there as well: the truth knows who was assigned.
    """
    rng = generator(plan.seed, Stream.CONTACT, int(population.number[0]) // BLOCK)
    is_contacted = contacted(plan, population)
    weariness = np.zeros(len(population))
    last_first = 0
    parts = [np.zeros(0, dtype=ROW)]
    for i, campaign in enumerate(plan.campaigns):
        if campaign.first >= plan.days:
            break
        u = rng.random((8, BLOCK))[:, : len(population)]
        here = np.flatnonzero(population.arrival < campaign.first)
        rows = _rows(plan, i, u[:, here])
        rows["person"], rows["account"] = population.number[here], population.account[here]
        rows["is_contacted"] = is_contacted[here, i]
        rows["effect"] = population.campaign_effect[here, i]
        if campaign.channel == "email":
            rows["email"] = np.where(people.test_email, TEST_EMAIL, people.email)[here]
            rows["email_name"] = people.name[here]
        rows["state"] = states(population, life, _whole(rows["day"], here, len(population)))[here]
        weariness *= np.exp(-(campaign.first - last_first) / FATIGUE_DAYS)
        last_first = campaign.first
        liking = people.channels[here, CHANNELS.index(campaign.channel)] - 0.25
        message = rows["effect"]
        _probabilities(
            rows,
            OPEN_BASE[campaign.channel]
            + LIKING_ON_OPEN * liking
            + FATIGUE_ON_OPEN * weariness[here]
            + people.engagement[here],
            CLICK_BASE
            + LIKING_ON_CLICK * liking
            + MESSAGE_ON_CLICK * message
            + ENGAGEMENT_ON_CLICK * people.engagement[here],
            RESPONSE_BASE
            + MESSAGE_ON_RESPONSE * message
            + ENGAGEMENT_ON_RESPONSE * people.engagement[here]
            + RATE_ON_RESPONSE * np.log(np.maximum(population.rate_effect[here], 0.05)),
        )
        weariness += is_contacted[:, i]
        parts.append(_with_outcome(rows, u[:, here]))
        if campaign.channel == "email":
            parts.append(_of_subscribers(plan, i, subscribers, rng))
    return np.concatenate(parts)


def _whole(day: np.ndarray, here: np.ndarray, size: int) -> np.ndarray:
    every = np.zeros(size, dtype=np.int64)
    every[here] = day
    return every


def _rows(plan: Plan, campaign: int, u: np.ndarray) -> np.ndarray:
    rows = np.zeros(u.shape[1], dtype=ROW)
    rows["version"] = 1
    rows["campaign"] = campaign
    rows["account"] = rows["subscriber"] = rows["email"] = -1
    rows["day"] = plan.campaigns[campaign].first + np.floor(u[0] * SPREAD)
    second = np.floor((9 + 11 * u[1]) * 3600)
    rows["contacted"] = rows["day"].astype(np.int64) * DAY_SECONDS + second.astype(np.int64)
    late = np.where(u[7] < LATE_CONTACT, 1 + np.floor(u[7] / LATE_CONTACT * LONGEST_LATENESS), 0)
    rows["delivered"] = np.minimum(rows["day"] + late, plan.days)
    return rows


def _of_subscribers(
    plan: Plan, campaign: int, subscribers: Subscribers, rng: np.random.Generator
) -> np.ndarray:
    here = np.flatnonzero(subscribers.signed_up < plan.campaigns[campaign].first)
    u = rng.random((8, subscribers.number.size))[:, here]
    rows = _rows(plan, campaign, u)
    rows["person"] = NEWSLETTER_PERSON + subscribers.number[here]
    rows["subscriber"] = subscribers.number[here]
    rows["email"], rows["email_name"] = subscribers.index[here], subscribers.name[here]
    rows["is_contacted"] = subscribers.assigned[here, campaign] < plan.campaigns[campaign].assignment
    rows["state"] = ACTIVE
    own = subscribers.engagement[here]
    # They never bought: they look, and seldom answer.
    _probabilities(
        rows,
        OPEN_BASE["email"] + own,
        CLICK_BASE + ENGAGEMENT_ON_CLICK * own,
        np.full(here.size, RESPONSE_BASE - 2.0),
    )
    return _with_outcome(rows, u)


def _probabilities(rows: np.ndarray, opens: np.ndarray, clicks: np.ndarray, responds: np.ndarray) -> None:
    on_open = np.array([STATE_ON_OPEN.get(state, 0.0) for state in range(len(STATES))])[rows["state"]]
    on_response = np.array([STATE_ON_RESPONSE.get(state, 0.0) for state in range(len(STATES))])[rows["state"]]
    rows["open_probability"] = _logistic(opens + on_open)
    rows["click_probability"] = _logistic(clicks)
    rows["response_probability"] = _logistic(responds + on_response)


def _with_outcome(rows: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Times of opening, clicking and answering, each after the one before it, within the first five days."""
    opens = rows["is_contacted"] & (u[2] < rows["open_probability"])
    clicks = opens & (u[3] < rows["click_probability"])
    responds = clicks & (u[4] < rows["response_probability"])
    opened = rows["contacted"] + 60 + np.floor(2.2 * DAY_SECONDS * u[5] ** 3).astype(np.int64)
    clicked = opened + 5 + np.floor(6 * 3600 * u[6] ** 4).astype(np.int64)
    # Which part of the hour somebody clicked has nothing to do with how long the answer takes.
    responded = clicked + 30 + np.floor(1.8 * DAY_SECONDS * (u[6] * 1000 % 1.0) ** 2).astype(np.int64)
    rows["opened"] = np.where(opens, opened, NEVER)
    rows["clicked"] = np.where(clicks, clicked, NEVER)
    rows["responded"] = np.where(responds, responded, NEVER)
    rows["outcome_follows"] = opens
    return rows


def deliveries(plan: Plan, rows: np.ndarray) -> np.ndarray:
    """What reaches us within the days of the shop: the contact, and later the contact with its outcome."""
    first = rows.copy()
    for name in ("opened", "clicked", "responded"):
        first[name] = NEVER
    second = rows[rows["outcome_follows"]].copy()
    second["version"] = 2
    # The five possible days are spread by the minute of the contact, which says nothing of the person.
    spread = LAST_OUTCOME_DAY - FIRST_OUTCOME_DAY + 1
    second["delivered"] = (
        second["day"] + FIRST_OUTCOME_DAY + (second["contacted"] // 60 % spread).astype(np.int16)
    )
    every = np.concatenate([first, second])
    return every[every["delivered"] < plan.days]


def contact_ids(rows: np.ndarray) -> pa.Array:
    """K, the number of the campaign, and the account, or N and the number of the subscriber."""
    campaign = identifiers.digits(rows["campaign"].astype(np.int64) + 1, 3)
    account = identifiers.digits(np.maximum(rows["account"], 0).astype(np.int64))
    subscriber = identifiers.digits(np.maximum(rows["subscriber"], 0).astype(np.int64), 7)
    of_subscriber = pc.binary_join_element_wise("N", subscriber, "")
    who = pc.if_else(pa.array(rows["account"] < 0), of_subscriber, account)
    return pc.binary_join_element_wise("K", campaign, who, "")


def contact_truth(plan: Plan, rows: np.ndarray) -> pa.Table:
    """Who was in each campaign, contacted or held out, the true effect and probabilities, and what happened.

    `click_probability` and `response_probability` are of the step alone; the answer of a contacted person has
    the product of the three. All are zero for those held out.
    """
    names = pa.array([campaign.campaign_id for campaign in plan.campaigns])
    account = identifiers.digits(np.maximum(rows["account"], 0).astype(np.int64))
    no_account = pa.array(rows["account"] < 0)
    columns: dict[str, pa.Array | np.ndarray] = {
        "account_id": pc.if_else(no_account, pa.scalar(None, pa.string()), account),
        "campaign_id": names.take(pa.array(rows["campaign"].astype(np.int64))),
        "is_contacted": pa.array(rows["is_contacted"]),
        "effect": rows["effect"],
        "person": rows["person"],
        "contact_id": contact_ids(rows),
        "contacted_on": pa.array(np.datetime64(plan.start) + rows["day"].astype("timedelta64[D]")),
        "state": pa.array(STATES).take(pa.array(rows["state"].astype(np.int64))),
    }
    for name in ("open_probability", "click_probability", "response_probability"):
        columns[name] = np.where(rows["is_contacted"], rows[name], 0.0)
    for name in ("opened", "clicked", "responded"):
        columns[f"is_{name}"] = pa.array(rows[name] != NEVER)
    return pa.table(columns)
