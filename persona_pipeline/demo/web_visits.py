"""When customers visit the web site, and what is known of a visit before its pages: one row per session.

Here: visits by the hidden state of each day, sessions that end in an order, clicks on campaigns, cookies.
Not here: visitors who are no customers (web_strangers.py), the pages of a session (web_hits.py).

A visit depends on the state at the end of its day and on draws of its own, never on anything later. So the
true probabilities, which are conditioned on that state, stay exact: visits only say something about it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from persona_pipeline.demo.contacts import NEVER as NO_CLICK
from persona_pipeline.demo.counter_random import exponential, integers, mixed, poisson, uniform
from persona_pipeline.demo.life import Life, State, rhythm
from persona_pipeline.demo.personas import CATEGORIES, TIERS
from persona_pipeline.demo.plan import Plan
from persona_pipeline.demo.population import Population
from persona_pipeline.demo.web_habits import (
    NO_COOKIE,
    TABLET_AGENT,
    TABLET_VISITS,
    WebHabits,
    address_of,
    agent_of,
    cookie_of,
    draw_habits,
    secret,
    tablet_key,
)

SESSION = np.dtype(
    [
        ("delivered", np.int16),
        ("day", np.int16),
        ("second", np.int32),  # of the first hit
        ("key", np.uint64),
        ("number", np.int32),  # person as in truth/who_is_who, -1 for a stranger, -2 for a robot
        ("account", np.int32),  # -1 without
        ("login", np.uint8),  # position of the hit from which the account shows, NEVER if it does not
        ("cookie", np.uint64),  # 0 without one
        ("address", np.uint64),
        ("agent", np.int16),
        ("channel", np.uint8),
        ("campaign", np.int16),  # of a clicked contact, or -1
        ("hits", np.uint8),
        ("kind", np.uint8),
        ("category", np.uint8, 2),
        ("tier", np.uint8, 2),
        ("product", np.int16, 2),  # of the order; -1 without
        ("order", np.int64),  # -1 without
    ]
)
NEVER = 255
BROWSE, ORDER, CLICK, STRANGER, ROBOT = range(5)
DIRECT, SEARCH, SOCIAL, ADVERTISING, CAMPAIGN = range(5)
CHANNEL_SHARES = (0.46, 0.28, 0.14, 0.12)  # of sessions that no campaign brought
FADING_VISITS, GONE_VISITS = 0.35, 0.03  # visits of the fading and the gone, as a share of the active
MOOD_ON_VISITS = 0.5  # a let-down keeps customers away
NEED_ON_VISITS = 0.75  # share of visits that a fresh purchase makes needless
LATE_SESSIONS = 0.01  # share of sessions in the log of a machine that delivers late
MOST_PAGES = 30
ORDER_TAIL = 5  # last pages of a session with an order: two additions, cart, checkout, confirmation
TABLET_LOGIN = 0
DAY_SECONDS = 86_400

(
    _COUNT, _VISIT, _HITS, _DEVICE, _LOGIN, _WHEN, _HOUR, _CHANNEL, _CATEGORY, _TIER, _LATE, _COOKIE, _TABLET,
    _ORDER, _GAP, _WHERE, _SUBSCRIBER,
) = range(100, 117)  # fmt: skip


def gaps(key: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Seconds between a hit and the one before; 0 for the first. Never near the 30 minutes of a session."""
    wait = 2 + np.minimum(exponential(38.0, key, position, _GAP).astype(np.int64), 500)
    return np.where(position == 0, 0, wait)


@dataclass(slots=True)
class Visits:
    """Collects the sessions of one block while it lives: hand `at_day` to `live`, then ask for `sessions`."""

    plan: Plan
    population: Population
    habits: WebHabits = field(init=False)
    _who: list[np.ndarray] = field(default_factory=list)
    _rows: list[np.ndarray] = field(default_factory=list)  # (day, nth of the day)

    def __post_init__(self) -> None:
        """Draws the habits."""
        self.habits = draw_habits(self.plan, self.population)

    def at_day(self, state: State) -> None:
        """Visits of one day that end without an order."""
        day, habits = state.day, self.habits
        alive = np.array([0.0, 1.0, FADING_VISITS, GONE_VISITS])[state.life]
        mood = np.exp(-MOOD_ON_VISITS * state.mood)
        need = 1.0 - NEED_ON_VISITS * state.satisfied
        mean = habits.visit_rate * alive * mood * need * (0.4 + 0.6 * rhythm(self.plan, self.population, day))
        count = poisson(mean, habits.key, day, _COUNT)
        who = np.repeat(np.arange(count.size), count)
        nth = np.arange(who.size) - np.repeat(np.cumsum(count) - count, count)
        self._who.append(who)
        self._rows.append(np.column_stack([np.full(who.size, day), nth]))

    def sessions(self, life: Life, lines: np.ndarray, contacts: np.ndarray) -> np.ndarray:
        """All sessions of the block as rows of `SESSION`.

        Args:
            life: orders; some have a session, which ends with the confirmation.
            lines: order lines of the block.
            contacts: campaign contacts of the block, rows of contacts.ROW; each click begins a session.
        """
        plan, population, habits = self.plan, self.population, self.habits
        ordered, at = self._orders(life, lines)
        clicks = contacts[(contacts["clicked"] != NO_CLICK) & (contacts["clicked"] < plan.days * DAY_SECONDS)]
        foreign = clicks[clicks["account"] < 0]
        clicks = clicks[clicks["account"] >= 0]
        rows = np.concatenate(self._rows)
        clicker = (clicks["person"] - population.number[0]).astype(np.int64)
        who = np.concatenate([*self._who, life.customer[ordered], clicker])
        day = np.concatenate([rows[:, 0], life.day[ordered], clicks["clicked"] // DAY_SECONDS])
        nth = np.concatenate(
            [rows[:, 1], np.full(ordered.size, 49), 50 + clicks["campaign"].astype(np.int64)]
        )
        table = empty_sessions(who.size)
        visits = slice(0, rows.shape[0])
        buying = slice(visits.stop, visits.stop + ordered.size)
        clicking = slice(buying.stop, who.size)
        table["kind"][buying], table["kind"][clicking] = ORDER, CLICK
        table["campaign"][clicking] = clicks["campaign"]
        lines_of, second_line = lines[at], lines[np.minimum(at + 1, lines.size - 1)] if at.size else lines[at]
        table["product"][buying, 0] = lines_of["product"]
        has_more = (second_line["line"] == 2) & (second_line["order"] == lines_of["order"])
        table["product"][buying, 1] = np.where(has_more, second_line["product"], -1)
        table["order"][buying] = lines_of["order"]
        table["day"] = day
        table["number"] = population.number[who]
        table["account"] = population.account[who]
        key = mixed(habits.key[who], day, nth, _VISIT)
        table["key"] = key
        self._devices(table, who)
        fill_interest(table, population.affinity[who], population.tiers[who])
        pages = 1 + exponential(habits.pages[who], key, _HITS).astype(np.int64)
        is_order = table["kind"] == ORDER
        table["hits"] = np.minimum(np.where(is_order, pages + 1 + ORDER_TAIL, pages), MOST_PAGES)
        self._logins(table, who, is_order)
        fill_channel(table)
        table["second"] = day_seconds(key, population.night[who])
        table["second"][buying] = lines_of["second"] + 1 - _durations(table[buying])
        table["second"][clicking] = clicks["clicked"] % DAY_SECONDS
        late = (uniform(key, _LATE) < LATE_SESSIONS) & ~is_order
        table["delivered"] = np.where(late, plan.late_day[day], day)
        return np.concatenate([table, _subscribers(plan, foreign)])

    def _orders(self, life: Life, lines: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Orders made on the web: their positions in `life`, and of their first lines."""
        own = ~life.is_guest & (life.known == life.day)
        chance = uniform(self.habits.key[life.customer], life.day, _ORDER)
        ordered = np.flatnonzero(own & (chance < self.habits.web_orders[life.customer]))
        # One per order, in the order of `life`.
        first = np.flatnonzero(~lines["is_refund"] & (lines["line"] == 1))
        return ordered, first[ordered]

    def _devices(self, table: np.ndarray, who: np.ndarray) -> None:
        """Device, cookie, address and agent of each session."""
        habits, key, day = self.habits, table["key"], table["day"].astype(np.int64)
        other = (habits.devices[who] == 2) & (uniform(key, _DEVICE) < 0.35)
        device = habits.device_key[who, other.astype(np.int64)]
        phone = np.where(other, 1.0 - habits.phone[who], habits.phone[who])
        # A device is what it is, whoever uses it: a shared one has the habits of its owner.
        owner = np.where(other & (device == habits.device_key[who - 1, 0]), who - 1, who)
        phone = np.where(owner == who, phone, habits.phone[owner])
        agent = agent_of(device, phone)
        at_tablet = uniform(key, _TABLET) < TABLET_VISITS
        device = np.where(at_tablet, tablet_key(self.plan, table["number"].astype(np.int64)), device)
        agent = np.where(at_tablet, TABLET_AGENT, agent)
        hides = (uniform(key, _COOKIE) < NO_COOKIE) & ~at_tablet
        cookie = np.where(at_tablet, device | np.uint64(1), cookie_of(device, day))
        table["cookie"] = np.where(hides, np.uint64(0), cookie)
        table["address"] = np.where(at_tablet, device, address_of(device, agent, day))
        table["agent"] = agent
        table["login"] = np.where(at_tablet, TABLET_LOGIN, NEVER)

    def _logins(self, table: np.ndarray, who: np.ndarray, is_order: np.ndarray) -> None:
        """From which hit the account shows: at once if remembered, after the login page otherwise."""
        key, hits = table["key"], table["hits"].astype(np.int64)
        share = self.habits.logs_in[who]
        share = np.where(is_order, 0.5 + 0.5 * share, share)
        logs_in = uniform(key, _LOGIN) < share
        room = np.where(is_order, hits - ORDER_TAIL, np.minimum(hits, 4))
        page = np.where(
            uniform(key, _LOGIN, 1) < 0.4, 0, 1 + integers(np.maximum(room - 1, 1), key, _LOGIN, 2)
        )
        page = np.where(page < room, page, 0)
        table["login"] = np.where(logs_in & (table["login"] == NEVER), page, table["login"])


def empty_sessions(count: int) -> np.ndarray:
    """Rows of `SESSION` of which nothing is known yet."""
    table = np.zeros(count, dtype=SESSION)
    for name in ("number", "account", "campaign", "product", "order"):
        table[name] = -1
    table["login"] = NEVER
    return table


def _subscribers(plan: Plan, clicks: np.ndarray) -> np.ndarray:
    """Sessions of persons without an account who clicked in their newsletter."""
    table = empty_sessions(clicks.size)
    device = mixed(secret(plan), clicks["person"], _SUBSCRIBER)
    day = clicks["clicked"] // DAY_SECONDS
    key = mixed(device, day, clicks["campaign"], _VISIT)
    agent = agent_of(device, np.full(clicks.size, 0.5))
    hides = uniform(key, _COOKIE) < NO_COOKIE
    table["kind"], table["channel"] = CLICK, CAMPAIGN
    table["campaign"], table["number"] = clicks["campaign"], clicks["person"]
    table["key"], table["day"], table["delivered"] = key, day, day
    table["second"] = clicks["clicked"] % DAY_SECONDS
    table["agent"], table["address"] = agent, address_of(device, agent, day)
    table["cookie"] = np.where(hides, np.uint64(0), cookie_of(device, day))
    any_interest(table, device)
    table["hits"] = np.minimum(1 + exponential(1.5, key, _HITS), MOST_PAGES)
    return table


def any_interest(table: np.ndarray, person: np.ndarray) -> None:
    """Categories of somebody without known shares: the person's, in price tiers of the session."""
    for which in range(2):
        table["category"][:, which] = integers(len(CATEGORIES), person, which, _CATEGORY)
        table["tier"][:, which] = integers(len(TIERS), table["key"], which, _TIER)


def fill_interest(table: np.ndarray, affinity: np.ndarray, tiers: np.ndarray) -> None:
    """Two categories and price tiers that a session looks at, drawn from a customer's shares."""
    key = table["key"]
    for which in range(2):
        u = uniform(key, which, _CATEGORY)[:, None]
        table["category"][:, which] = (np.cumsum(affinity, axis=1)[:, :-1] < u).sum(axis=1)
        u = uniform(key, which, _TIER)[:, None]
        table["tier"][:, which] = (np.cumsum(tiers, axis=1)[:, : len(TIERS) - 1] < u).sum(axis=1)


def fill_channel(table: np.ndarray) -> None:
    """How each session came to the site."""
    drawn = np.searchsorted(np.cumsum(CHANNEL_SHARES)[:-1], uniform(table["key"], _CHANNEL), side="right")
    table["channel"] = np.where(table["campaign"] >= 0, CAMPAIGN, drawn)


def day_seconds(key: np.ndarray, night: np.ndarray) -> np.ndarray:
    """Second of the day at which a session begins: evenings by the own night share, few before eight."""
    u, within = uniform(key, _WHEN), uniform(key, _HOUR)
    evening = 20 * 3600 + within * (4 * 3600 - 1)
    morning = within * 8 * 3600
    daytime = 8 * 3600 + within * 12 * 3600
    rest = uniform(key, _WHERE) < 0.06
    return np.where(u < night, evening, np.where(rest, morning, daytime)).astype(np.int64)


def _durations(table: np.ndarray) -> np.ndarray:
    """Seconds from the first hit to the last."""
    hits = table["hits"].astype(np.int64)
    start = np.cumsum(hits) - hits
    position = np.arange(hits.sum()) - np.repeat(start, hits)
    waits = gaps(np.repeat(table["key"], hits), position)
    return np.add.reduceat(waits, start) if hits.size else hits


def first_login(table: np.ndarray) -> np.ndarray:
    """Per session the first day on which the account showed under its cookie, a large number if never.

    A visit can be ascribed to a customer from then on; one without a cookie only by its own login.
    """
    never = np.iinfo(np.int64).max
    shown = table["login"] < table["hits"]
    day = np.where(shown, table["day"].astype(np.int64), never)
    named = table["cookie"] > 0
    pair = np.stack([table["cookie"], table["number"].astype(np.uint64)], axis=1)
    _, group = np.unique(pair, axis=0, return_inverse=True)
    group = group.reshape(-1)
    earliest = np.full(int(group.max()) + 1 if group.size else 0, never)
    np.minimum.at(earliest, group, day)
    return np.where(named, earliest[group], day)
