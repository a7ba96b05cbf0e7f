"""Commands run inside the test process: the same `main`, without the price of a new interpreter."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from claims_edit.__main__ import main
from claims_edit.governance import checking
from claims_edit.governance.prove import Proof
from tests.functional.program import Done
from tests.lib.object_store import bucket, endpoint  # noqa: F401 -- fixtures

if TYPE_CHECKING:
    from collections.abc import Callable

    from claims_edit.policy import Catalog

_prove = checking.prove
_proofs: dict[int, tuple[Catalog, Proof]] = {}


def _proved(catalog: Catalog) -> Proof:
    """A test process compiles each pack once, and proves it once."""
    if id(catalog) not in _proofs:
        _proofs[id(catalog)] = (catalog, _prove(catalog))
    return _proofs[id(catalog)][1]


checking.prove = _proved


@pytest.fixture
def unproved(monkeypatch: pytest.MonkeyPatch) -> None:
    """`rules check` without its proof, for a test of something else that it says."""
    monkeypatch.setattr(checking, "prove", lambda _catalog: Proof())


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """The program with these arguments, as `main` runs it."""

    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["claims-edit", *map(str, arguments)])
        capfd.readouterr()
        code: object = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code
        assert isinstance(code, int)
        reported = capfd.readouterr()
        return Done(code, reported.out, reported.err)

    return run
