"""The clean layer: one step writes every clean table, the vault and, last, the ledger.

The ledger is what makes the days readable.
"""

import dagster as dg

from persona_pipeline.contracts import clean as tables
from persona_pipeline.contracts import traces
from persona_pipeline.defs.commit import commit, commit_all, outputs_of, reported
from persona_pipeline.defs.lineage import lineage_of
from persona_pipeline.defs.metadata import table_spec
from persona_pipeline.defs.partitions import Partitions, days_before, days_of
from persona_pipeline.defs.shop import Shop
from persona_pipeline.settings import Settings

# commit order: rows, then rejects, then the ledger
WRITTEN = (
    tables.ORDER_LINE,
    tables.CUSTOMER,
    tables.PRODUCT,
    tables.EXCHANGE_RATE,
    traces.WEB_HIT,
    traces.SOCIAL_POST,
    traces.CAMPAIGN_CONTACT,
    traces.ID_LINK,
    tables.IDENTIFIER,
    tables.POST_TEXT,
    tables.REJECT,
    tables.LEDGER_REASON,
    tables.FILE_COLUMN,
    tables.FILE_LEDGER,
)
# compared with their own earlier days: what comes again may correct them
VERSIONED = (tables.ORDER_LINE, traces.SOCIAL_POST, traces.CAMPAIGN_CONTACT)


def assets(settings: Settings, parts: Partitions) -> list[dg.AssetsDefinition]:
    """The clean multi-asset."""
    back = settings.redelivery_days
    specs = [
        table_spec(tables.ARRIVAL, parts.daily, []),
        *(table_spec(table, parts.daily, [tables.ARRIVAL]) for table in WRITTEN if table not in VERSIONED),
        *(
            table_spec(
                table,
                parts.daily,
                [
                    tables.ARRIVAL,
                    dg.AssetDep([table.layer, table.name], partition_mapping=days_before(back)),
                ],
            )
            for table in VERSIONED
        ),
    ]

    @dg.multi_asset(specs=specs, name="clean", backfill_policy=dg.BackfillPolicy.multi_run(31), pool="clean")
    def clean(context: dg.AssetExecutionContext, shop: dg.ResourceParam[Shop]):
        """Read the files that arrived, reject what is wrong, write what is right, count everything."""
        from persona_pipeline.defs.arrivals import admit, clean_days
        from persona_pipeline.defs.pictures import drawn

        days = days_of(context)
        amend = context.run.tags.get("persona/amend") == "true"
        output, admitted, arrived = admit(shop, days, amend=amend, run_id=context.run.run_id)
        yield commit(shop, output, admitted, arrived)
        outputs = outputs_of(shop, WRITTEN)
        with shop.embedded() as engine:
            files = clean_days(shop, engine, outputs, days, context.run.run_id)
            results = list(commit_all(shop, outputs, days, files, lineage_of(shop, "clean", days)))
            pictures = drawn(shop, "clean", engine, days)
        yield from reported(context, days, results, pictures)

    return [clean]
