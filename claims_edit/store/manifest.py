"""The manifest of a run: inputs, rules, results."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError

from claims_edit import __version__
from claims_edit.errors import ResultsError
from claims_edit.model import UNCOUNTED, Disposition, Effect, Mode, StalePolicy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MANIFEST_NAME = "manifest.json"
_RELEASE = re.compile(r"\d+(\.\d+){1,3}")


def _every_disposition(split: dict[Disposition, Any]) -> dict[Disposition, Any]:
    if missing := sorted(set(Disposition) - set(split)):
        raise ValueError(f"missing: {', '.join(missing)}")
    return split


Money = Annotated[str, StringConstraints(pattern=r"^-?\d+\.\d{2}$")]
CountSplit = Annotated[dict[Disposition, int], AfterValidator(_every_disposition)]
MoneySplit = Annotated[dict[Disposition, Money], AfterValidator(_every_disposition)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class InputFile(_Part):
    """One file of the run: `columns` are its canonical ones, `fault` is why a refused one was not read.

    `columns_ignored` are its own columns that are not read.

    `rows_filtered` are rows that the mapping skips. A file with the status `context` has FHIR resources that claims
    refer to, but no claim.
    """

    path: str
    bytes: int
    sha256: str
    format: str
    columns: list[str] = []
    columns_ignored: list[str] = []
    rows_read: int = 0
    rows_accepted: int = 0
    rows_quarantined: int = 0
    rows_filtered: int = 0
    warnings: int = 0
    warnings_by_check: dict[str, int] = {}
    status: Literal["read", "refused", "context"] = "read"
    fault: str | None = None


class PassedOverFile(_Part):
    """A file of a folder or glob skipped because of its name, and its kind."""

    path: str
    what: str


class LakeTableRead(_Part):
    """A Delta Lake or Iceberg table (`kind`) of which inputs are files; `version` is its version or snapshot id."""

    path: str
    kind: str
    version: str


class Counts(_Part):
    """Rows, and the number of findings of each check.

    `by_effect` are the run's decisions, `counted_by_disposition` those that a report counts (all but the lines seen
    again and the late ones), `withdrawn` those of earlier runs that it withdrew, `history_rows` the known lines that it
    saw or changed (ADR 0017). `reviews_new` and `reviews_gone` are the lines that are in the work list after the run
    and were not before, and the reverse.
    """

    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    rows_filtered: int = 0
    warnings: int
    candidates: int
    decisions: int
    by_disposition: CountSplit
    by_effect: dict[str, int] = {}
    counted_by_disposition: CountSplit | None = None
    reviews_new: int = 0
    reviews_gone: int = 0
    withdrawn: int = 0
    withdrawn_because: dict[str, int] = {}
    history_rows: int = 0
    warnings_by_check: dict[str, int] = {}
    quarantined_by_check: dict[str, int] = {}


class Charges(_Part):
    """The same split in money; `unparseable` counts the rows whose charge is not a number."""

    read: Money
    accepted: Money
    quarantined: Money
    candidates: Money
    by_disposition: MoneySplit
    by_effect: dict[str, Money] = {}
    counted_by_disposition: MoneySplit | None = None
    unparseable: int = 0


class ResultOptions(_Part):
    """The options of a run that affect its results: `contracts` and `mapping` by `path` and `sha256`.

    A mapping that starts from a preset has `preset` and `preset_sha256` as well.
    """

    format: str = "auto"
    mode: Mode = Mode.ENFORCE
    stale_policy: StalePolicy = StalePolicy.WARN
    as_of: str = ""
    max_quarantine_rate: float | None = None
    keep_going: bool = False
    accept_test_data: bool = False
    drafts_as_if_in_force: bool = False
    contracts: dict[str, str] | None = None
    mapping: dict[str, str] | None = None


class RunManifest(_Part):
    """Everything that identifies and summarizes one run; `fingerprint` is the same for a run with the same inputs.

    `review_weights` are those of the run's rules, for the priority of a review, and `criteria_asks` what to ask about
    the criteria of each policy version (`<policy_id> <policy_version>`). `pruned` are, of a run that was pruned, the
    rows that remain in the tables of which some were removed.
    """

    run_id: str
    mode: Mode
    started_at: str
    finished_at: str
    as_of: str
    versions: dict[str, str]
    rules_hash: str
    rules_version: str = "unversioned"
    options: ResultOptions
    inputs: list[InputFile]
    passed_over: list[PassedOverFile] = []
    tables: list[LakeTableRead] = []
    fingerprint: str
    counts: Counts
    charges: Charges
    timings: dict[str, float]
    pruned: dict[str, int] = {}
    review_weights: dict[str, int] = {}
    criteria_asks: dict[str, str] = {}


def write_manifest(run_dir: Path, manifest: RunManifest | dict[str, Any]) -> RunManifest:
    """Write `run_dir/manifest.json`, checked against the type, keys sorted; returns the content."""
    checked = manifest if isinstance(manifest, RunManifest) else RunManifest.model_validate(manifest)
    text = json.dumps(checked.model_dump(mode="json"), indent=2, sort_keys=True, ensure_ascii=False)
    (run_dir / MANIFEST_NAME).write_text(text + "\n", encoding="utf-8")
    return checked


def rewrite_manifest(run_dir: Path, manifest: dict[str, Any]) -> None:
    """Put a manifest in place of another one, which may have other names (hard links): they keep their content."""
    (run_dir / MANIFEST_NAME).unlink()
    write_manifest(run_dir, manifest)


def read_manifest(run_dir: Path) -> dict[str, Any]:
    """The manifest of one run folder, without additions of a newer release.

    Raises:
        ResultsError: it is missing, is not a manifest, or is from a newer release with other fields.
    """
    path = run_dir / MANIFEST_NAME
    remedy = f"Restore it from a backup, or move run {run_dir.name} out of the results folder, then run again."
    try:
        content = path.read_bytes()
        return RunManifest.model_validate_json(content, extra="ignore").model_dump(mode="json")
    except OSError as error:
        raise ResultsError(f"{path}: the manifest cannot be read ({error.strerror}). {remedy}") from None
    except ValidationError as error:
        if newer := _newer_release(content):
            raise ResultsError(
                f"{path}: written by claims-edit {newer}, which is newer than this one ({__version__})."
                " Use that release, or a newer one, on this folder."
            ) from None
        fields = sorted({".".join(str(step) for step in fault["loc"]) or "the whole file" for fault in error.errors()})
        raise ResultsError(f"{path}: not a manifest ({', '.join(fields)}). {remedy}") from None


def refuse_pruned(manifest: dict[str, Any]) -> None:
    """Refuse a run of which only what was current is left.

    Raises:
        ResultsError: it was pruned.
    """
    if manifest["pruned"]:
        raise ResultsError(
            f"run {manifest['run_id']} was pruned: of its lines only current ones remain. Restore the results folder"
            " from a backup, or run the extracts again with --force."
        )


def _newer_release(content: bytes) -> str | None:
    """The release that wrote a manifest, if it is newer than this one."""
    try:
        written = str(json.loads(content)["versions"]["claims_edit"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return written if _release(written) > _release(__version__) else None


def _release(version: str) -> list[int]:
    """The numbers of a version, for comparison; empty if it is not a version."""
    found = _RELEASE.match(version)
    return [int(number) for number in found[0].split(".")] if found else []


@dataclass(frozen=True)
class Reviews:
    """The lines in the work list after a run, those of them that were not before it, and those that are gone since."""

    open: int
    new: int
    gone: int

    @property
    def still_open(self) -> int:
        """The lines that were in the work list before the run, and still are."""
        return self.open - self.new


def reviews_after(runs: Sequence[dict[str, Any]]) -> Reviews:
    """The work list after the last of these runs, which begin with the first of the folder."""
    counts = [run["counts"] for run in runs if run["mode"] == Mode.ENFORCE]
    total = sum(each.get("reviews_new", 0) - each.get("reviews_gone", 0) for each in counts)
    last = runs[-1]["counts"]
    return Reviews(total, last.get("reviews_new", 0), last.get("reviews_gone", 0))


@dataclass(frozen=True)
class Counted:
    """The decisions of a run that its reports count, and those that change nothing (seen again, or late).

    Attributes:
        lines: by disposition, all of them.
        charges: likewise.
        others: by effect, lines and charges; empty for a shadow run, whose reports have all its decisions.
    """

    lines: dict[Disposition, int]
    charges: dict[Disposition, Decimal]
    others: dict[Effect, tuple[int, Decimal]]


def counted(manifest: dict[str, Any]) -> Counted:
    """What the reports of a run count, from its manifest."""
    counts, charges = manifest["counts"], manifest["charges"]
    is_whole = manifest["mode"] == Mode.SHADOW or not counts.get("counted_by_disposition")
    split = "by_disposition" if is_whole else "counted_by_disposition"
    return Counted(
        {each: counts[split][each] for each in Disposition},
        {each: Decimal(charges[split][each]) for each in Disposition},
        {}
        if is_whole
        else {
            each: (counts["by_effect"].get(each, 0), Decimal(charges["by_effect"].get(each, 0))) for each in UNCOUNTED
        },
    )
