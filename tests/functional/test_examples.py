"""The examples, each run where its tool is installed (CONTRIBUTING.md says how), and skipped by name elsewhere."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import polars as pl
import pytest

from tests.functional.program import DECK, ROOT, called

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

EXAMPLES = ROOT / "examples"
AS_OF = "2026-11-20"


def example(name: str, tool: str) -> ModuleType:
    """The module of an example."""
    pytest.importorskip(tool, reason=f"{tool} is not installed here")
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The results folder of a night that the environment describes."""
    monkeypatch.setenv("CLAIMS_EXTRACT", str(DECK / "claims.csv"))
    monkeypatch.setenv("CLAIMS_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("CLAIMS_AS_OF", AS_OF)
    for name in ("DAGSTER_HOME", "AIRFLOW_HOME", "PREFECT_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "1")
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    return tmp_path / "results"


def decisions(results: Path) -> int:
    return pl.read_parquet(results / "decisions/*/*.parquet").height


def test_dagster_asset(night: Path) -> None:
    module = example("dagster_asset", "dagster")
    import dagster  # noqa: PLC0415

    found = dagster.materialize([module.claim_decisions])
    (shown,) = found.asset_materializations_for_node("claim_decisions")
    assert shown.metadata["decisions"].value == decisions(night) > 0
    assert shown.metadata["done_before"].value is False


def test_prefect_flow(night: Path) -> None:
    module = example("prefect_flow", "prefect")
    from prefect.testing.utilities import prefect_test_harness  # noqa: PLC0415

    with prefect_test_harness():
        counts = module.night(str(DECK / "claims.csv"), str(night), AS_OF)
    assert counts["decisions"] == decisions(night) > 0


def test_airflow_dag(night: Path) -> None:
    module = example("airflow_dag", "airflow")
    (task,) = module.dag.tasks
    command = task.bash_command.replace("{{ ds }}", AS_OF).replace("--max-quarantine-rate 0.02", "")
    command = command.replace("claims-edit", f"{sys.executable} -m claims_edit", 1)
    done = subprocess.run(["bash", "-c", command], env={**os.environ, **task.env}, cwd=ROOT, check=False)
    assert done.returncode == 0
    assert decisions(night) > 0


def test_dbt_source(night: Path, tmp_path: Path) -> None:
    pytest.importorskip("dbt.adapters.duckdb", reason="dbt-duckdb is not installed here")
    done = called("run", DECK / "claims.csv", "--as-of", AS_OF, "--out", night, "--reports", "none", "--quiet")
    assert done.code == 0
    build = [
        sys.executable, "-m", "dbt.cli.main", "build", "--profiles-dir", ".", "--target-path", tmp_path / "target",
        "--log-path", tmp_path / "logs", "--no-send-anonymous-usage-stats",
    ]  # fmt: skip
    env = os.environ | {"DBT_OUT": str(tmp_path / "models.duckdb")}
    built = subprocess.run(
        build, cwd=EXAMPLES / "dbt", env=env, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert built.returncode == 0, built.stdout
    assert "PASS=9 WARN=0 ERROR=0 SKIP=0" in built.stdout
