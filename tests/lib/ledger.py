"""A naive reading of "one claim, one life" (ADR 0017): what is current after many nights, and what was withdrawn.

Written apart from the program, in plain Python: the state across nights is held to it. A `Ledger` is given runs in any
order. They are processed in the order of their run numbers; the claim's own order decides what is current.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from tests.lib.nights import ORIGINAL, REPLACEMENT, VOID, Claim, Line, Night, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from decimal import Decimal

POSTED = frozenset({"deny", "return"})


class When(NamedTuple):
    """The night, then the run: the order of what is known of one line."""

    as_of: date
    run: int


@dataclass(frozen=True)
class Decision:
    """What a run decided for a line."""

    when: When
    disposition: str
    amount: Decimal | None
    decides: tuple[str, ...]

    @property
    def facts(self) -> tuple[object, ...]:
        """What must be the same for a line to be unchanged: what was decided, and on what."""
        return self.disposition, self.amount, self.decides


@dataclass(frozen=True)
class Withdrawal:
    """A decision that was current and is withdrawn: by which run, why, and by which claim."""

    line: Line
    decision: Decision
    run: int
    why: str  # changed | no-candidate | refused | revision-unclear | voided | replaced | dropped
    by: str

    @property
    def is_reversal(self) -> bool:
        """Whether its remittance may have been posted: this run's feed then reverses it."""
        return self.decision.disposition in POSTED


class Outcome(NamedTuple):
    """What a run does with a candidate line of its own: one row of its `decisions`, and what that changes."""

    disposition: str
    effect: str  # decided | changed | seen-again | late | superseded; only decided and changed go into the feed
    superseded_by: str | None = None


@dataclass
class Life:
    """One line that was ever decided."""

    line: Line
    nights: set[date] = field(default_factory=set)
    latest: When | None = None  # of the form in which it came last, in the claim's own order
    form: Decision | str = ""  # a decision, "no-candidate" or "refused"
    status: str = ""  # current | superseded | no-candidate | refused | revision-unclear
    current: Decision | None = None
    superseded_by: str | None = None

    @property
    def first_seen(self) -> date:
        return min(self.nights)

    @property
    def last_seen(self) -> date:
        return max(self.nights)

    @property
    def times_seen(self) -> int:
        return len(self.nights)


Revisions = dict[Claim, dict[tuple[str, str], When]]  # the claim that is named: (frequency, claim id): night


class Ledger:
    """The state after all nights.

    `lives`: each line ever decided. `withdrawals`: in the order of the runs. `runs`: of each run, shadow or not, the
    outcome of each candidate line. `order_bound`: claims that depend on the order of the runs (ADR 0017, "Limits").
    """

    def __init__(self, nights: Iterable[Night] = ()) -> None:
        self.lives: dict[Line, Life] = {}
        self.withdrawals: list[Withdrawal] = []
        self.runs: dict[int, dict[Line, Outcome]] = {}
        self.order_bound: set[Claim] = set()
        self._revisions: Revisions = {}  # with the night on which each came first
        self._unclear: Revisions = {}  # the refused ones, with the night on which each came last
        self._unclear_here: Revisions = {}  # those of the run that is processed
        self._replaced: dict[Claim, date] = {}  # the last night on which a replacement of this number came
        self._in_place_of: dict[Claim, set[Claim]] = {}  # a claim not known when it was named: those taken instead
        for night in sorted(nights, key=lambda night: night.run):
            self.take(night)

    @property
    def reversals(self) -> list[Withdrawal]:
        """What the remittance feeds reverse."""
        return [each for each in self.withdrawals if each.is_reversal]

    def take(self, night: Night) -> None:
        """Process the next run. A shadow run sees the state and leaves it as it was."""
        state = deepcopy(self) if night.shadow else self
        self.runs[night.run] = state._process(night)

    def _process(self, night: Night) -> dict[Line, Outcome]:
        when = When(night.as_of, night.run)
        rows, doubtful = rows_kept(night)
        self._unclear_here = {}
        self._note_revisions(rows.values(), when)
        before = {line: life.current for line, life in self.lives.items()}
        forms: dict[Line, Decision | str] = {}
        for line, row in rows.items():
            doubts = {"repeated": line in doubtful, "revised": self._may_be_revised(line)}
            forms[line] = form_of(row, when, tuple(doubt for doubt, is_there in doubts.items() if is_there))
            self._see(line, forms[line], when)
        for life in self.lives.values():
            self._update(life, rows, when)
        decided = {line: form for line, form in forms.items() if isinstance(form, Decision)}
        return {line: self._outcome(self.lives[line], form, before.get(line)) for line, form in decided.items()}

    def _may_be_revised(self, line: Line) -> bool:
        """Whether a refused revision of this run names the claim: whose it is, is in doubt too."""
        return any(
            of_others(line._replace(claim=claim), self._unclear_here)
            for claim in self._unclear_here
            if (claim.payer, claim.claim_id) == (line.claim.payer, line.claim.claim_id)
        )

    def _note_revisions(self, rows: Iterable[Row], when: When) -> None:
        """Keep what replaces or voids which claim, and what may, being refused."""
        known = {row.claim for row in rows} | {line.claim for line in self.lives}
        for row in rows:
            if row.frequency == ORIGINAL:
                continue
            named = row.claim._replace(claim_id=row.original or row.claim.claim_id)
            if named not in known:
                self._in_place_of.setdefault(named, set()).add(row.claim)
            itself = (row.frequency, row.claim.claim_id)
            for claim in {named} if named in known and row.accepted else {named, row.claim}:
                if row.accepted:
                    came = self._revisions.setdefault(claim, {})
                    came[itself] = min(came.get(itself, when), when)
                else:
                    came = self._unclear.setdefault(claim, {})
                    came[itself] = max(came.get(itself, when), when)
                    self._unclear_here.setdefault(claim, {})[itself] = when
            if row.accepted and row.frequency == REPLACEMENT:
                self._replaced[row.claim] = max(self._replaced.get(row.claim, when.as_of), when.as_of)

    def _see(self, line: Line, form: Decision | str, when: When) -> None:
        """Note that a line came. One that was never decided, and is not now, leaves no trace."""
        if line not in self.lives:
            if isinstance(form, str):
                self.order_bound.add(line.claim)
                return
            self.lives[line] = Life(line)
            self.order_bound |= self._in_place_of.get(line.claim, set())
        life = self.lives[line]
        life.nights.add(when.as_of)
        if life.latest is None or when > life.latest:
            life.latest, life.form = when, form

    def _update(self, life: Life, rows: Mapping[Line, Row], when: When) -> None:
        """Bring one line up to date after a run."""
        own_id = life.line.claim.claim_id
        unclear = [(refused, by[1]) for by, refused in of_others(life.line, self._unclear).items()]
        is_superseded, life.superseded_by = self._superseding(life)
        if is_superseded:
            by = life.superseded_by or own_id
            self._withdraw(life, when, superseded_why(life.line, by, self._revisions, rows), by)
            life.status = "superseded"
        elif unclear and life.latest and max(unclear)[0] > life.latest:
            self._withdraw(life, when, "revision-unclear", max(unclear)[1])
            life.status = "revision-unclear"
        elif isinstance(life.form, str):
            self._withdraw(life, when, life.form, own_id)
            life.status = life.form
        elif life.current is None or life.form.facts != life.current.facts:
            self._withdraw(life, when, "changed", own_id)
            life.status, life.current = "current", life.form

    def _superseding(self, life: Life) -> tuple[bool, str | None]:
        """Whether a line is superseded, and by which claim: a void first, then the one that came last."""
        claim, frequency = life.line.claim, life.line.frequency
        if frequency == VOID:
            return True, None
        others = of_others(life.line, self._revisions)
        if others:
            order = {by: (by[0], came.as_of, by[1] != claim.claim_id, by[1]) for by, came in others.items()}
            return True, max(others, key=order.__getitem__)[1]
        if frequency == REPLACEMENT and life.last_seen < self._replaced[claim]:
            return True, claim.claim_id  # a later night brought this replacement without the line
        return False, None

    def _withdraw(self, life: Life, when: When, why: str, by: str) -> None:
        if life.current:
            self.withdrawals.append(Withdrawal(life.line, life.current, when.run, why, by))
            life.current = None

    def _outcome(self, life: Life, decided: Decision, before: Decision | None) -> Outcome:
        """What became of this run's own decision of a line; `before` is what was current until then."""
        current = life.current
        if life.status == "superseded":
            return Outcome("pass", "superseded", life.superseded_by)
        if current is decided:
            effect = "changed" if before else "decided"
        else:
            effect = "seen-again" if current and current.facts == decided.facts else "late"
        return Outcome(decided.disposition, effect)


def of_others(line: Line, revisions: Revisions) -> dict[tuple[str, str], When]:
    """What names the claim of a line, without the line's own claim: nothing supersedes itself."""
    itself = (line.frequency, line.claim.claim_id)
    return {by: when for by, when in revisions.get(line.claim, {}).items() if by != itself}


def rows_kept(night: Night) -> tuple[dict[Line, Row], set[Line]]:
    """One row a line, by name of file and then by row, an accepted one before a refused one; and the doubtful lines."""
    rows: dict[Line, Row] = {}
    doubtful = set()
    for row in (row for name in sorted(night.files) for row in night.files[name]):
        kept = rows.setdefault(row.line, row)
        if (kept.facts, kept.accepted, True) != (row.facts, True, row.accepted):
            doubtful.add(row.line)  # repeated, and it differs or cannot be compared
        if row.accepted and not kept.accepted:
            rows[row.line] = row
    return rows, doubtful


def form_of(row: Row, when: When, doubts: tuple[str, ...]) -> Decision | str:
    """What a row makes of its line: a decision, or none. A line in doubt is not denied: a person decides."""
    if not row.accepted:
        return "refused"
    if not row.candidate:
        return "no-candidate"
    disposition = "review" if doubts and row.disposition == "deny" else row.disposition
    return Decision(when, disposition, row.amount, (*row.decides, *doubts))


def superseded_why(line: Line, by: str, revisions: Revisions, rows: Mapping[Line, Row]) -> str:
    """Voided; replaced; or dropped, where the replacement of this run has no line of this number."""
    if (VOID, by) in revisions.get(line.claim, {}):
        return "voided"
    replacement = Line(line.claim._replace(claim_id=by), line.number, REPLACEMENT)
    return "replaced" if replacement in rows else "dropped"
