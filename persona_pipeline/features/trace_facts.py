"""Facts of posts and campaign contacts: signed changes per day known.

Here: the two range-first steps that run `sql/facts`. Not here: facts of orders (facts.py) and of web hits,
and the rules by which records become clean rows.
"""

from __future__ import annotations

from persona_pipeline.contracts.traces import CAMPAIGN_CONTACT, SOCIAL_POST
from persona_pipeline.engine.protocol import DataFile, Engine, Output, ReadWindow, Window
from persona_pipeline.engine.sql import sql_text


def social_day_window(engine: Engine, read: ReadWindow, output: Output, window: Window) -> list[DataFile]:
    """Write `facts.social_day`: what each day changed in what is known of each identifier's posts.

    Args:
        engine: runs the statement.
        read: reads `clean.social_post` over the window.
        output: where files of `facts.social_day` go.
        window: the days to write; a range gives what its days give one by one.

    Returns:
        The files written. Rows in which nothing changed are left out, and so are posts of nobody known.
    """
    inputs = {"social_post": read(SOCIAL_POST, window.first, window.last)}
    return engine.select_into(
        sql_text("facts/social_day"), inputs, output, {"first": window.first, "last": window.last}
    )


def contact_day_window(engine: Engine, read: ReadWindow, output: Output, window: Window) -> list[DataFile]:
    """Write `facts.contact_day`: what each day changed in what is known of the contacts with each identifier.

    Args:
        engine: runs the statement.
        read: reads `clean.campaign_contact` over the window.
        output: where files of `facts.contact_day` go.
        window: the days to write; a range gives what its days give one by one.

    Returns:
        The files written. Rows in which nothing changed are left out, and so are contacts with nobody known.
    """
    inputs = {"campaign_contact": read(CAMPAIGN_CONTACT, window.first, window.last)}
    return engine.select_into(
        sql_text("facts/contact_day"), inputs, output, {"first": window.first, "last": window.last}
    )
