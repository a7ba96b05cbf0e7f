"""Reports on runs: the files that a run writes, its summary on the terminal, and answers to `explain` and `sql`."""

from claims_edit.report.answers import ANSWER_FORMATS, write_answer
from claims_edit.report.explain import EXPLANATION_FORMATS, explain, explanation_text
from claims_edit.report.run_files import RUN_REPORTS, write_reports
from claims_edit.report.run_report import REPORT_FORMATS, report
from claims_edit.report.run_view import RunView, published_run
from claims_edit.report.terminal import runs_table, terminal_summary
from claims_edit.report.validation import validation_table

__all__ = [
    "ANSWER_FORMATS",
    "EXPLANATION_FORMATS",
    "REPORT_FORMATS",
    "RUN_REPORTS",
    "RunView",
    "explain",
    "explanation_text",
    "published_run",
    "report",
    "runs_table",
    "terminal_summary",
    "validation_table",
    "write_answer",
    "write_reports",
]
