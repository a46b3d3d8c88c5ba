"""The resource of every asset: the settings of one project and its stores, opened on first use.

Here: opening the lake, an engine, the model store. Not here: any step. Heavy libraries are imported inside
the methods, so that importing the definitions stays cheap.
"""

import datetime as dt
import functools
from typing import TYPE_CHECKING

from persona_pipeline.contracts import Table
from persona_pipeline.settings import CONFIGURATION, Settings, SettingsError

if TYPE_CHECKING:
    from persona_pipeline.contracts.titles import Descriptions
    from persona_pipeline.engine.duckdb import DuckDBEngine
    from persona_pipeline.engine.protocol import Engine
    from persona_pipeline.features.catalogue import Catalogue
    from persona_pipeline.lake.delta import DeltaLake
    from persona_pipeline.lake.model_store import FileModelStore


SCRATCH = "data/scratch"


class Shop:
    """One project, as its assets see it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @functools.cached_property
    def lake(self) -> "DeltaLake":
        """The lake of the project."""
        from persona_pipeline.lake.delta import DeltaLake

        return DeltaLake(self.settings.path(self.settings.storage.lake))

    @property
    def models(self) -> "FileModelStore":
        """The store of fitted models."""
        from persona_pipeline.lake.model_store import FileModelStore

        return FileModelStore(self.settings.path(self.settings.storage.models))

    def engine(self) -> "Engine":
        """A new engine of the configured kind, for the steps after clean; use it in a with statement."""
        options = self.settings.engine
        if options.kind == "duckdb":
            return self.embedded()
        from persona_pipeline.engine.spark import SparkEngine

        return SparkEngine(self.settings.path(SCRATCH), master=options.spark_master, memory=options.memory)

    def embedded(self) -> "DuckDBEngine":
        """A new embedded engine, whatever is configured: for raw records, ledgers and small questions."""
        from persona_pipeline.engine.duckdb import DuckDBEngine

        options = self.settings.engine
        return DuckDBEngine(self.settings.path(SCRATCH), memory=options.memory, threads=options.threads)

    @functools.cached_property
    def catalogue(self) -> "Catalogue":
        """The feature catalogue, the packaged one and the project's own, as far as its sources tell them.

        Raises:
            SettingsError: the project's own cannot be used; the line names file and feature.
        """
        from persona_pipeline.features.catalogue import load_catalogue
        from persona_pipeline.features.feature import CatalogueError

        own = self.settings.features.catalogue
        try:
            return load_catalogue(self.settings.path(own) if own else None, self.settings.source_kinds)
        except CatalogueError as error:
            raise SettingsError(str(error)) from error

    def check_features(self) -> "Catalogue":
        """The catalogue, once it is sure that the features chosen in persona.toml can be used.

        Raises:
            SettingsError: the catalogue or a choice cannot be used.
        """
        from persona_pipeline.contracts import Purpose
        from persona_pipeline.contracts.purpose import NotUsable, check_chosen

        left_out = dict(self.catalogue.left_out)
        chosen = self.settings.segmentation.features
        lacking = next((name for name in chosen if name in left_out), None)
        where = f"{self.settings.directory / CONFIGURATION}: [segmentation] features"
        if lacking is not None:
            raise SettingsError(f"{where} names {lacking}, which {left_out[lacking]}; add one, or remove it")
        try:
            check_chosen(self.features, chosen, Purpose.SEGMENTATION, where)
        except NotUsable as error:
            raise SettingsError(str(error)) from error
        return self.catalogue

    @functools.cached_property
    def features(self) -> Table:
        """The contract of features.customer with the catalogue's columns."""
        from persona_pipeline.features.catalogue import feature_table

        return feature_table(self.catalogue)

    @property
    def described(self) -> "Descriptions":
        """What the catalogue says of each feature."""
        from persona_pipeline.features.catalogue import descriptions

        return descriptions(self.catalogue)

    @property
    def key(self) -> bytes:
        """The secret of the pseudonyms."""
        return self.settings.key.get_secret_value()

    @property
    def start(self) -> dt.date:
        """The first day of the project."""
        return self.settings.project.start
