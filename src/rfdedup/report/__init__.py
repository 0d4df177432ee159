"""The report of a run: one HTML file that opens from disk, without network."""

from rfdedup.report.render import write_report

__all__ = ["write_report"]
