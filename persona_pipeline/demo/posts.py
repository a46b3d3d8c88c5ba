"""Posts and reviews: who writes when, about what, and in which mood.

Here: rows of small codes for a block of customers and the strangers that come with it, and the truth of them.
Not here: the words (texts.py) and the files (social_files.py).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from persona_pipeline.demo import plan as p
from persona_pipeline.demo.identifiers import STRANGER
from persona_pipeline.demo.life import Life
from persona_pipeline.demo.people import CHINESE, STRANGER_PERSON, People, stranger_numbers
from persona_pipeline.demo.personas import TIERS
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.population import BLOCK, Population
from persona_pipeline.demo.seeds import Stream, generator
from persona_pipeline.demo.texts import CATEGORY, DEFECT, GENERAL, LATE, PRODUCT, REVIEW

ROW = np.dtype(
    [
        ("delivered", np.int16),
        ("key", np.uint64),  # the number of the post, random
        ("version", np.int8),
        ("person", np.int64),
        ("type", np.int8),
        ("handle", np.int32),  # index; -1 without
        ("account", np.int32),  # -1 without
        ("day", np.int16),
        ("second", np.int32),
        ("rating", np.int8),  # 0 without
        ("product", np.int16),
        ("category", np.int8),
        ("names_product", np.bool_),  # the record carries the product number
        ("is_chinese", np.bool_),
        ("tone", np.int8),
        ("about", np.int8),
        ("text", np.uint64),  # what the words are picked by
        ("edited", np.bool_),  # another version follows or this is one
    ]
)
FADING_POSTS, GONE_POSTS = 0.6, 0.15  # how much of the posting is left while fading, after leaving
MOOD_ON_TONE = 1.3
TONE_NOISE = 0.45
TONE_SHIFT = 0.15
TONE_LIMIT = 0.3
COMPLAINS = 0.5  # probability of a post about a let-down, of those with a handle
BAD_REVIEW = 0.45
REVIEWS = 0.055  # of lines
WITHOUT_HANDLE, WITH_HANDLE = 0.5, 1.5  # factors on the number of reviews
ON_SITE = 0.28  # share of reviews by people with a handle that stand on the shop's own site
BOTH = 0.35  # share of those that show the handle as well
STRANGER_POSTS = 0.03  # posts per day of a person that the shop does not know
LATE_POST = 0.015
EDITED = 0.04
LONGEST_EDIT = 20
RATING_LIMITS = (-0.55, -0.25, 0.05, 0.55)


def draw_posts(
    plan: Plan, population: Population, people: People, life: Life, lines: np.ndarray
) -> np.ndarray:
    """Everything a block writes that reaches us within the days of the shop, edited reviews included."""
    rng = generator(plan.seed, Stream.SOCIAL, int(population.number[0]) // BLOCK)
    mood = _moods(plan, population, life)
    rows = [
        _ordinary(plan, population, people, life, mood, rng),
        *_about_orders(plan, population, people, life, lines, mood, rng),
        _of_strangers(plan, population, rng),
    ]
    posts = np.concatenate(rows)
    posts = posts[posts["day"] < plan.days]
    posts["key"] = rng.integers(1, 1 << 63, posts.size, dtype=np.uint64)
    posts["text"] = rng.integers(1, 1 << 63, posts.size, dtype=np.uint64)
    late = rng.random(posts.size) < LATE_POST
    posts["delivered"] = np.where(late, plan.late_day[posts["day"]], posts["day"])
    every = np.concatenate([posts, _edits(posts, rng)])
    return every[every["delivered"] < plan.days]


def let_downs(plan: Plan, population: Population, life: Life) -> pa.Table:
    """Late parcels and defects: who, by which order, and the day on which it shows."""
    bad = np.flatnonzero(life.is_late_parcel | life.is_defect)
    start = np.datetime64(plan.start)
    return pa.table(
        {
            "person": population.number[life.customer[bad]].astype(np.int64),
            "ordered_on": pa.array(start + life.day[bad].astype("timedelta64[D]")),
            "shown_on": pa.array(start + (life.day[bad] + p.REVEAL_DAYS).astype("timedelta64[D]")),
            "is_late_parcel": pa.array(life.is_late_parcel[bad]),
            "is_defect": pa.array(life.is_defect[bad]),
        }
    )


def _moods(plan: Plan, population: Population, life: Life) -> np.ndarray:
    """How let down each customer is on each day, shape (customer, day); the same recursion as in life.py."""
    mood = np.zeros((len(population), plan.days), dtype=np.float32)
    bad = life.is_late_parcel | life.is_defect
    shows = life.day + p.REVEAL_DAYS
    here = bad & (shows < plan.days)
    np.add.at(mood, (life.customer[here], shows[here]), 1.0)
    for day in range(1, plan.days):
        mood[:, day] += mood[:, day - 1] * p.MOOD_DECAY
    return mood


def _blank(size: int) -> np.ndarray:
    rows = np.zeros(size, dtype=ROW)
    rows["version"] = 1
    rows["handle"] = rows["account"] = -1
    return rows


def _seconds(size: int, rng: np.random.Generator) -> np.ndarray:
    """Mostly in the evening."""
    hour = np.clip(rng.normal(19.5, 3.5, size), 0.2, 23.9)
    return np.floor(hour * 3600).astype(np.int64)


def _tones(score: np.ndarray) -> np.ndarray:
    return 1 + (score > TONE_LIMIT).astype(np.int8) - (score < -TONE_LIMIT).astype(np.int8)


def _ordinary(
    plan: Plan, population: Population, people: People, life: Life, mood: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Posts of the day of people with a handle."""
    begin = np.minimum(np.maximum(population.arrival, 0), plan.days)
    left = np.where(life.left >= 0, life.left, plan.days)
    born_fading = population.starts_fading & (population.arrival < 0)
    faded = np.where(life.faded >= 0, life.faded, np.where(born_fading, begin, plan.days))
    ends = np.column_stack([np.minimum(faded, left), left, np.full(left.size, plan.days)])
    ends = np.maximum(ends, begin[:, None])
    lengths = np.diff(ends, axis=1, prepend=begin[:, None])
    weight = np.cumsum(lengths * np.array([1.0, FADING_POSTS, GONE_POSTS]), axis=1)
    expected = people.posts_per_day * weight[:, -1] * people.has_handle
    who = np.repeat(np.arange(len(population)), rng.poisson(expected))
    at = rng.random(who.size) * weight[who, -1]
    phase = (weight[who, :-1] <= at[:, None]).sum(axis=1)
    done = np.where(phase > 0, weight[who, np.maximum(phase - 1, 0)], 0.0)
    since = np.where(phase > 0, ends[who, np.maximum(phase - 1, 0)], begin[who])
    speed = np.array([1.0, FADING_POSTS, GONE_POSTS])[phase]
    day = np.minimum(np.floor(since + (at - done) / speed).astype(np.int64), plan.days - 1)
    rows = _blank(who.size)
    rows["person"], rows["handle"] = population.number[who], population.number[who]
    rows["day"], rows["second"] = day, _seconds(who.size, rng)
    rows["is_chinese"] = people.is_chinese[who]
    _subjects(plan, rows, population.affinity[who], population.tiers[who], rng)
    score = TONE_SHIFT + 1.2 * people.sentiment[who] - MOOD_ON_TONE * mood[who, day]
    rows["tone"] = _tones(score + rng.normal(0.0, TONE_NOISE, who.size))
    return rows


def _subjects(
    plan: Plan, rows: np.ndarray, affinity: np.ndarray, tiers: np.ndarray, rng: np.random.Generator
) -> None:
    """What a post is about: own categories, own price tier, popular products first."""
    u = rng.random((5, rows.size))
    category = (np.cumsum(affinity, axis=1)[:, :-1] < u[0, :, None]).sum(axis=1)
    tier = (np.cumsum(tiers, axis=1)[:, :-1] < u[1, :, None]).sum(axis=1)
    place = np.searchsorted(plan.catalogue.group_cdf, category * len(TIERS) + tier + u[2], side="right")
    rows["product"] = plan.catalogue.group_products[np.minimum(place, plan.catalogue.group_products.size - 1)]
    rows["category"] = category
    rows["about"] = np.select([u[3] < 0.4, u[3] < 0.8], [CATEGORY, PRODUCT], GENERAL)
    rows["names_product"] = (rows["about"] == PRODUCT) & (u[4] < 0.25)


def _about_orders(
    plan: Plan,
    population: Population,
    people: People,
    life: Life,
    lines: np.ndarray,
    mood: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Reviews of what was bought, reviews after a let-down, and complaints on the social network."""
    usual = ~lines["is_refund"] & (lines["account"] >= 0) & ~np.isin(lines["product"], plan.catalogue.staples)
    sales = lines[usual]
    of_life = population.number[life.customer].astype(np.int64) * plan.days + life.day
    by_order = np.argsort(of_life)
    order = by_order[np.searchsorted(of_life[by_order], sales["order"])]
    bad = (life.is_late_parcel | life.is_defect)[order]
    first = np.concatenate([[True], sales["order"][1:] != sales["order"][:-1]]) if sales.size else bad
    who = life.customer[order]
    keen = np.where(people.has_handle, WITH_HANDLE, WITHOUT_HANDLE)[who]
    often = np.sqrt(np.minimum(people.posts_per_day / 0.03, 4.0))[who]
    u = rng.random((2, sales.size))
    reviews = np.flatnonzero(~bad & (u[0] < REVIEWS * keen * often))
    bad_reviews = np.flatnonzero(bad & first & (u[0] < BAD_REVIEW * np.minimum(keen, 1.0)))
    complaints = np.flatnonzero(bad & first & people.has_handle[who] & (u[1] < COMPLAINS))

    def rows_of(chosen: np.ndarray, wait: np.ndarray) -> np.ndarray:
        rows = _blank(chosen.size)
        rows["person"] = population.number[who[chosen]]
        # Past the end nobody sees it; the small type has no room for later days.
        rows["day"] = np.minimum(sales["day"][chosen].astype(np.int64) + wait, plan.days)
        rows["second"] = _seconds(chosen.size, rng)
        rows["product"] = sales["product"][chosen]
        rows["category"] = plan.catalogue.category[sales["product"][chosen]]
        rows["about"], rows["names_product"] = PRODUCT, True
        rows["is_chinese"] = people.is_chinese[who[chosen]]
        return rows

    good = rows_of(reviews, 2 + np.minimum(rng.geometric(0.25, reviews.size), 14))
    score = (
        0.4
        + 0.6 * people.sentiment[who[reviews]]
        - mood[who[reviews], np.minimum(good["day"], plan.days - 1)]
        + rng.normal(0.0, 0.45, reviews.size)
    )
    good["rating"] = 1 + np.searchsorted(np.array(RATING_LIMITS), score)
    good["tone"] = np.select([good["rating"] <= 2, good["rating"] == 3], [0, 1], 2)

    after = rows_of(bad_reviews, p.REVEAL_DAYS + rng.integers(0, 6, bad_reviews.size))
    after["rating"] = np.searchsorted(np.array([0.66, 0.95]), rng.random(bad_reviews.size)) + 1
    after["tone"] = np.where(life.is_defect[order[bad_reviews]], DEFECT, LATE)
    for rows, chosen in ((good, reviews), (after, bad_reviews)):
        rows["type"] = REVIEW
        _signed(rows, population, people, who[chosen], rng)

    angry = rows_of(complaints, p.REVEAL_DAYS + rng.integers(0, 4, complaints.size))
    angry["handle"] = population.number[who[complaints]]
    angry["tone"] = np.where(life.is_defect[order[complaints]], DEFECT, LATE)
    angry["names_product"] = rng.random(complaints.size) < 0.25
    return good, after, angry


def _signed(
    rows: np.ndarray, population: Population, people: People, who: np.ndarray, rng: np.random.Generator
) -> None:
    """A review on the own site shows the account; elsewhere it shows the handle."""
    u = rng.random((2, rows.size))
    has_handle = people.has_handle[who]
    on_site = ~has_handle | (u[0] < ON_SITE)
    rows["account"] = np.where(on_site, population.account[who], -1)
    shows_handle = has_handle & (~on_site | (u[1] < BOTH))
    rows["handle"] = np.where(shows_handle, population.number[who], -1)


def _of_strangers(plan: Plan, population: Population, rng: np.random.Generator) -> np.ndarray:
    numbers = stranger_numbers(population)
    chinese = rng.random(numbers.size) < CHINESE
    feeling = rng.normal(0.1, 0.4, numbers.size)
    who = np.repeat(np.arange(numbers.size), rng.poisson(STRANGER_POSTS * plan.days, numbers.size))
    rows = _blank(who.size)
    rows["person"] = STRANGER_PERSON + numbers[who]
    rows["handle"] = STRANGER + numbers[who]
    rows["day"], rows["second"] = rng.integers(0, plan.days, who.size), _seconds(who.size, rng)
    rows["is_chinese"] = chinese[who]
    even = np.full((who.size, population.affinity.shape[1]), 1.0 / population.affinity.shape[1])
    _subjects(plan, rows, even, np.full((who.size, len(TIERS)), 1.0 / len(TIERS)), rng)
    rows["tone"] = _tones(TONE_SHIFT + feeling[who] + rng.normal(0.0, TONE_NOISE, who.size))
    return rows


def _edits(posts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Second versions of some reviews: another rating, another text, a later day."""
    fits = (posts["type"] == REVIEW) & (posts["delivered"] == posts["day"])
    chosen = np.flatnonzero(fits & (rng.random(posts.size) < EDITED))
    posts["edited"][chosen] = True
    later = posts[chosen].copy()
    later["version"] = 2
    later["delivered"] += rng.integers(1, LONGEST_EDIT + 1, chosen.size).astype(np.int16)
    later["text"] = rng.integers(1, 1 << 63, chosen.size, dtype=np.uint64)
    # People calm down: an edited rating is better by one, the best becomes one less.
    better = np.where(later["rating"] == 5, 4, later["rating"] + 1)
    later["rating"] = better
    later["tone"] = np.select([better <= 2, better == 3], [0, 1], 2)
    return later
