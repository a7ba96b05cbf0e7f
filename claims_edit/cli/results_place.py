"""`--out` as a folder, or as a URL of an object store: then a command works on a copy, on this machine's disk."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from claims_edit.cli.options import LocalPath
from claims_edit.errors import ClaimsEditError, UsageError
from claims_edit.local_path import is_object_url

if TYPE_CHECKING:
    from claims_edit.store.object_results import ObjectResults

_META = "claims_edit.copies"


@dataclass(frozen=True)
class Copy:
    """A copy of results in a store.

    Attributes:
        results: the results in the store.
        folder: the copy, a results folder.
        scratch: the folder around it; it is removed with this object at the latest.
    """

    results: ObjectResults
    folder: Path
    scratch: tempfile.TemporaryDirectory[str]

    def publish(self) -> None:
        """Publish what changed in the copy.

        Raises:
            ResultsError: nothing is published.
        """
        self.results.publish(self.folder)


class ResultsPlace(LocalPath):
    """A results folder, or a URL: its results are copied to a folder, which is removed when the command ends."""

    def __init__(self, *, makes: bool = False) -> None:
        """With `makes` there may be no results yet."""
        super().__init__()
        self._makes = makes

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401 -- click's signature
        """The folder."""
        if ctx is None or not is_object_url(str(value)):
            return super().convert(value, param, ctx)
        from claims_edit.store.object_results import ObjectResults  # noqa: PLC0415 -- for results in a store alone

        results = ObjectResults(str(value))
        scratch = tempfile.TemporaryDirectory(prefix="claims-edit-results-", ignore_cleanup_errors=True)
        ctx.find_root().call_on_close(scratch.cleanup)  # that of a command whose options are refused is never closed
        copy = Copy(results, Path(scratch.name, "results"), scratch)
        copy.folder.mkdir(0o700)
        ctx.meta[_META] = copy
        if not results.fetch(copy.folder) and not self._makes:
            raise UsageError(f"{results.url}: no results are published there. Use the --out of a run.")
        return copy.folder


def copy_here() -> Copy | None:
    """That of this command; None where results are a folder."""
    ctx = click.get_current_context(silent=True)
    return None if ctx is None else ctx.meta.get(_META)


def publish_copy() -> None:
    """Publish what the command changed, where it worked on a copy."""
    if copy := copy_here():
        copy.publish()


def as_named(text: object, copy: Copy | None = None) -> str:
    """A text with a path of the copy in it, with the URL instead."""
    copy = copy or copy_here()
    return str(text) if copy is None else str(text).replace(str(copy.folder), copy.results.url)


def in_their_place(ctx: click.Context, error: ClaimsEditError) -> ClaimsEditError:
    """The same faults, with the URL of the results."""
    copy = ctx.meta.get(_META)
    return error if copy is None else type(error)(*(as_named(fault, copy) for fault in error.faults))


out_option = click.option(
    "--out", required=True, type=ResultsPlace(), help="The results folder, or its URL (s3://, gs://, az://)."
)
making_out_option = click.option(
    "--out", required=True, type=ResultsPlace(makes=True), help="The results folder, or its URL (s3://, gs://, az://)."
)
