"""The persona report: one self-contained HTML file that anybody can open.

Here: reading the finished tables, words in both languages, charts, the page. Not here: computing anything
that a table should hold.
"""

from persona_pipeline.reporting.collect import collect
from persona_pipeline.reporting.data import ReportData
from persona_pipeline.reporting.page import write_report

__all__ = ["ReportData", "collect", "write_report"]
