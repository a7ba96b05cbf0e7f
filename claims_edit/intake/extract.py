"""One extract of any format, read in order, in bounded batches, with what could not be split set apart."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, TypeVar

import polars as pl

from claims_edit.doubts import SEPARATOR
from claims_edit.posting_holds import TEST_DATA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from claims_edit.intake.files import SourceFile
    from claims_edit.intake.layout import Layout

Found = TypeVar("Found")
ORDINAL = "__ordinal"  # 1-based position among the rows that could be split (Int64), in every batch
TEST_DATA_FAULT = "row-test-data"
FREQUENCY_MISSING = "claim_frequency_code-missing"  # of a format in which a claim always gives it
FAULT = "__fault"  # names of the checks that the reader itself found failed (String, split by spaces), null where none
FIRST_WARNED = 5  # rows of a file that each warning names
RANK = "__rank"  # 0, or 1 where a row of the same line and rank 0 comes before it wherever it is (FHIR: a Claim)
EXPLAINS = "__explains"  # of an EOB the Claim that it explains, of a Claim itself (FHIR: resource id, a blank, patient)
LATE_DOUBTS_SCHEMA = {"first": pl.Int64, "last": pl.Int64, "name": pl.String, "token": pl.String}
REJECTS_SCHEMA = {"source_row": pl.Int64, "check": pl.String, "text": pl.String}


class Extract(ABC):
    """A readable extract: `batches` returns its rows unchanged, `rejects` the rows that could not be split.

    Attributes:
        file: what is read.
        layout: how its columns become canonical ones.
        warnings: data-quality findings that are of no row, by check name; complete once `batches` is exhausted.
        first_warned: of each of these warnings the first places: source row and, where there is one, claim id.
        decided: the codes whose lines are decided, if the caller knows them: their claims are checked closely.
        LINE_BITS: the low bits of ORDINAL, which number the claim lines of one source row.
    """

    LINE_BITS: ClassVar[int] = 0

    def __init__(self, file: SourceFile, layout: Layout) -> None:
        """Keep the file and how its columns become canonical ones."""
        self.file = file
        self.layout = layout
        self.decided: frozenset[str] = frozenset()
        self.warnings: Counter[str] = Counter()
        self.first_warned: dict[str, list[tuple[int, str | None]]] = {}

    @abstractmethod
    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """Frames of about `rows` rows: the canonical columns that the extract has, untouched, and ORDINAL.

        Every frame of an extract has the same columns. FAULT, RANK and EXPLAINS are there where the format has them,
        and so may be columns that the layout shows beside the canonical ones.

        Raises:
            InputError: the file is cut off or damaged.
        """

    def warn(self, check: str, places: Iterable[tuple[int, str | None]], count: int) -> None:
        """Count a finding that is of no row `count` times; `places` are the first ones, in order."""
        if count:
            self.warnings[check] += count
            first = self.first_warned.setdefault(check, [])
            first += islice(places, FIRST_WARNED - len(first))

    def rejects(self) -> pl.DataFrame:
        """Rows that could not be split (REJECTS_SCHEMA); complete once `batches` is exhausted."""
        return pl.DataFrame(schema=REJECTS_SCHEMA)

    def filtered(self) -> int:
        """How many rows of the file its mapping skips; complete after `rejects`."""
        return 0

    def text_field(self, _column: str) -> pl.Expr | None:
        """A column of the file as its value in `text`, a row that could not be split; null where it has none.

        None if such a text has no recognizable values.
        """
        return None

    def late_doubts(self) -> pl.DataFrame:
        """Doubts that were found when the rows in doubt had been given (LATE_DOUBTS_SCHEMA).

        `token` is of the rows whose ORDINAL is from `first` to `last`; of one `name` no ranges overlap. Complete once
        `batches` is exhausted.
        """
        return pl.DataFrame(schema=LATE_DOUBTS_SCHEMA)

    def restart(self) -> Extract | None:
        """The extract to read in place of this one, from its beginning, where a fault swallowed rows; else None.

        Raises:
            InputError: its quotes cannot be repaired.
        """
        return None

    def source_row(self) -> pl.DataFrame:
        """How ORDINAL >> LINE_BITS becomes the row number in the file.

        From ordinal `after` on, `shift` is added (both Int64).
        """
        return pl.DataFrame({"after": [0], "shift": [0]}, schema={"after": pl.Int64, "shift": pl.Int64})


def read_to_end(extract: Extract, read: Callable[[Extract], Found]) -> tuple[Extract, Found]:
    """Read an extract, and again from its beginning as often as it restarts: the extract that was read last."""
    while True:
        found = read(extract)
        again = extract.restart()
        if again is None:
            return extract, found
        extract = again


def faults(raw: pl.DataFrame) -> dict[str, pl.Series]:
    """The reader's own failed checks: for each one, which rows fail it (Boolean, never null)."""
    if FAULT not in raw.columns or raw[FAULT].null_count() == raw.height:
        return {}
    names = raw[FAULT].fill_null("").str.split(" ")
    return {name: names.list.contains(name) for name in names.explode().unique().sort().to_list() if name}


def test_data(lines: pl.DataFrame) -> dict[str, pl.Series]:
    """The canonical lines that are marked as test data, as a failed check; empty where none is."""
    if "posting_holds" not in lines.columns or lines["posting_holds"].null_count() == lines.height:
        return {}
    marked = lines["posting_holds"].str.split(SEPARATOR).list.contains(TEST_DATA).fill_null(value=False)
    return {TEST_DATA_FAULT: marked} if marked.any() else {}
