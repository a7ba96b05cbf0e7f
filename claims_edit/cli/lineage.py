"""`claims-edit run --lineage`: the run's events to a lineage server (OpenLineage), by the client's own configuration.

Datasets are the extracts and the contracts, and the tables of the results folder. No event has a value of a claim.
"""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claims_edit import __version__
from claims_edit.cli.results_place import as_named
from claims_edit.errors import ClaimsEditError, UsageError
from claims_edit.local_path import is_url
from claims_edit.run_log import LOG
from claims_edit.store.dictionary import TABLES

if TYPE_CHECKING:
    from claims_edit.cli.engine import Engine
    from claims_edit.runner import RunOptions, RunOutcome
    from claims_edit.runner.options import Progress

JOB, NAMESPACE = "claims-edit.run", "default"
PRODUCER = f"https://pypi.org/project/claims-edit/{__version__}"
INSTALL = "Install it: pip install 'claims-edit[lineage]'. Or remove the option."
OUTPUTS = {"decisions": "decisions", "quarantine": "rows_quarantined", "history": "history_rows",
           "withdrawals": "withdrawn"}  # fmt: skip
"""The tables of a results folder, and the manifest's count of their rows."""

lineage_option = click.option(
    "--lineage", is_flag=True,
    help="Send OpenLineage events of the run, as OPENLINEAGE_URL or the client's configuration says (extra lineage).",
)  # fmt: skip


class Events:
    """The events of one run."""

    def __init__(self, options: RunOptions) -> None:
        """Find the transport.

        Raises:
            UsageError: the client is not installed, or its configuration is wrong.
        """
        try:
            from openlineage.client import OpenLineageClient  # noqa: PLC0415 -- an extra
            from openlineage.client.uuid import generate_new_uuid  # noqa: PLC0415 -- likewise
        except ImportError:
            raise UsageError(f"--lineage: openlineage-python is not installed. {INSTALL}") from None
        for name in ("openlineage", "urllib3"):  # their warnings are ours to give, in one form
            logging.getLogger(name).addHandler(logging.NullHandler())
            logging.getLogger(name).propagate = False
        try:
            self._client = OpenLineageClient()
        except Exception as error:  # noqa: BLE001 -- of any kind: each transport has its own
            raise UsageError(
                f"--lineage: OpenLineage is configured wrongly ({type(error).__name__}). Correct OPENLINEAGE_URL,"
                " OPENLINEAGE__TRANSPORT__… or openlineage.yml."
            ) from None
        if self._client.transport.kind == "console":
            raise UsageError(
                "--lineage: no place for the events is configured. Set OPENLINEAGE_URL, OPENLINEAGE__TRANSPORT__… or"
                " openlineage.yml, or remove the option."
            )
        self._options = options
        self._run_id = str(generate_new_uuid())

    def send(self, state: str, outcome: RunOutcome | None = None, error: str | None = None) -> None:
        """Send one event; where that fails, a warning: no run fails for it."""
        try:
            self._client.emit(self._event(state, outcome, error))
        except Exception as failure:  # noqa: BLE001 -- of any kind: each transport has its own
            LOG.warning(
                "lineage",
                f"lineage: the event {state} was not delivered ({type(failure).__name__}). The run is not affected."
                " Check the lineage server and OPENLINEAGE_URL.",
            )

    def _event(self, state: str, outcome: RunOutcome | None, error: str | None) -> Any:  # noqa: ANN401 -- an extra's type
        from openlineage.client.event_v2 import Job, Run, RunEvent, RunState  # noqa: PLC0415 -- an extra

        return RunEvent(
            eventType=RunState[state],
            eventTime=datetime.now(UTC).isoformat(),
            producer=PRODUCER,
            run=Run(self._run_id, self._run_facets(outcome, error)),
            job=Job(os.environ.get("OPENLINEAGE_NAMESPACE", NAMESPACE), JOB),
            inputs=self._inputs(outcome),
            outputs=[] if outcome is not None and outcome.repeated else self._outputs(outcome),
        )

    def _run_facets(self, outcome: RunOutcome | None, error: str | None) -> dict[str, Any]:
        from openlineage.client.facet_v2 import (  # noqa: PLC0415 -- an extra
            error_message_run,
            nominal_time_run,
            processing_engine_run,
            tags_run,
        )

        day = datetime.combine(self._options.as_of, datetime.min.time(), UTC).isoformat()
        facets: dict[str, Any] = {
            "nominalTime": nominal_time_run.NominalTimeRunFacet(day),
            "processing_engine": processing_engine_run.ProcessingEngineRunFacet(__version__, "claims-edit"),
        }
        if error is not None:
            facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(error, "python")
        if outcome is not None:
            named = {"run_id": outcome.manifest.run_id, "rules_hash": outcome.manifest.rules_hash}
            facets["tags"] = tags_run.TagsRunFacet(
                [tags_run.TagsRunFacetFields(key, value, "claims-edit") for key, value in named.items()]
            )
        return facets

    def _inputs(self, outcome: RunOutcome | None) -> list[Any]:
        from openlineage.client.event_v2 import InputDataset  # noqa: PLC0415 -- an extra
        from openlineage.client.facet_v2 import input_statistics_input_dataset  # noqa: PLC0415 -- likewise

        others = [os.fspath(path) for path in (self._options.contracts, self._options.mapping) if path is not None]
        if outcome is None:
            return [InputDataset(*dataset(name)) for name in (*self._options.extracts, *others)]
        statistics = input_statistics_input_dataset.InputStatisticsInputDatasetFacet
        read = [
            InputDataset(
                *dataset(file.path),
                {"inputStatistics": statistics(rowCount=file.rows_read, size=file.bytes, fileCount=1)},
            )
            for file in outcome.manifest.inputs
        ]
        return [*read, *(InputDataset(*dataset(name)) for name in others)]

    def _outputs(self, outcome: RunOutcome | None) -> list[Any]:
        from openlineage.client.event_v2 import OutputDataset  # noqa: PLC0415 -- an extra
        from openlineage.client.facet_v2 import documentation_dataset, output_statistics_output_dataset  # noqa: PLC0415 -- likewise

        statistics = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet
        counts = {} if outcome is None else outcome.manifest.counts.model_dump()
        return [
            OutputDataset(
                *dataset(f"{as_named(self._options.out)}/{table}"),
                {"outputStatistics": statistics(rowCount=counts[count])} if counts else {},
                facets={"documentation": documentation_dataset.DocumentationDatasetFacet(TABLES[table])},
            )
            for table, count in OUTPUTS.items()
        ]


def dataset(name: str) -> tuple[str, str]:
    """Namespace and name of a file or a folder, by OpenLineage's conventions."""
    if is_url(name):
        scheme, _, rest = name.partition("://")
        bucket, _, key = rest.partition("/")
        return f"{scheme}://{bucket}", key or "/"
    return "file", str(Path(name).absolute())


def traced(engine: Engine) -> Engine:
    """The engine, with an event when a run starts, and one when it ends."""

    def run(options: RunOptions, progress: Progress) -> RunOutcome:
        events = Events(options)
        events.send("START")
        try:
            outcome = engine(options, progress)
        except ClaimsEditError as error:
            events.send("FAIL", error=str(error))
            raise
        except KeyboardInterrupt:
            events.send("ABORT")
            raise
        except BaseException as error:
            events.send("FAIL", error=type(error).__name__)  # a library's message may quote a cell of a claim
            raise
        events.send("COMPLETE", outcome)
        return outcome

    return run
