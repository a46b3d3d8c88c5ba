"""What the facts step calls for a window of days, table by table.

Here: what each statement is given. Not here: the statements (features) and commits.
"""

import datetime as dt
from collections.abc import Mapping, Sequence

from persona_pipeline.contracts import activity, behaviour
from persona_pipeline.defs.shop import Shop
from persona_pipeline.engine.protocol import DataFile, Engine, Output, Window


def facts_window(
    shop: Shop, engine: Engine, outputs: Mapping[str, Output], days: Sequence[dt.date]
) -> dict[str, list[DataFile]]:
    """The facts of `days`; a source that is not configured leaves its tables empty."""
    from persona_pipeline.cleaning.zones import utc_stretches
    from persona_pipeline.features.facts import basket_item_window, order_day_window
    from persona_pipeline.features.refunds import refund_window
    from persona_pipeline.features.trace_facts import contact_day_window, social_day_window
    from persona_pipeline.features.web_facts import web_facts_window

    settings, read = shop.settings, shop.lake.read
    window, back = Window(days[0], days[-1]), settings.redelivery_days
    files: dict[str, list[DataFile]] = {}

    if settings.sources_of("orders"):
        name = behaviour.REFUND.full_name
        files[name], refunds = refund_window(
            engine, read, outputs[name], window, redelivery_days=back, refund_days=settings.refund_days
        )
        name = behaviour.ORDER_DAY.full_name
        files[name] = order_day_window(engine, read, outputs[name], window, back, refunds)
        name = behaviour.BASKET_ITEM.full_name
        files[name] = basket_item_window(engine, read, outputs[name], window, refunds)
    if logs := settings.sources_of("web"):
        first, last = days[0] - dt.timedelta(days=back + 60), days[-1] + dt.timedelta(days=60)
        files |= web_facts_window(
            engine,
            read,
            outputs,
            window,
            session_minutes=min(source.session_minutes for source in logs.values()),
            zone=utc_stretches(settings.project.time_zone, first, last),
        )
    if settings.sources_of("social"):
        name = activity.SOCIAL_DAY.full_name
        files[name] = social_day_window(engine, read, outputs[name], window)
    if settings.sources_of("campaigns"):
        name = activity.CONTACT_DAY.full_name
        files[name] = contact_day_window(engine, read, outputs[name], window)
    return files
