"""Extracts and results on Azure Blob Storage and Google Cloud Storage, tried on their emulators where installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from claims_edit.intake.object_store import ObjectStore
from tests.functional.program import UNREPORTED, called, csv_text, decisions, lines, manifest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.long
ACCOUNT = "devstoreaccount1"  # the account of every Azurite, and its published key
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def running(program: str, package: str, port: int, *given: str) -> Iterator[None]:
    """An emulator that listens, or a skip where it is not installed."""
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed: {package}")
    with subprocess.Popen([path, *given], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            for _ in range(100):
                with socket.socket() as one:
                    if one.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.2)
            yield
        finally:
            process.terminate()


@pytest.fixture
def azure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    port = free_port()
    where = ("--location", str(tmp_path / "azurite"), "--blobHost", "127.0.0.1", "--blobPort", str(port))
    with running("azurite-blob", "npm install --global azurite", port, *where, "--silent", "--skipApiVersionCheck"):
        monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", ACCOUNT)
        monkeypatch.setenv("AZURE_STORAGE_KEY", KEY)
        monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", f"http://127.0.0.1:{port}/{ACCOUNT}")
        files = ObjectStore("az://claims/x")._files
        files.create_dir("claims")
        yield files


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    port = free_port()
    given = ("start", "--host", "127.0.0.1", "--port", str(port), "--in-memory", "--default-bucket", "claims")
    with running("gcp-storage-emulator", "pip install gcp-storage-emulator", port, *given):
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
        yield ObjectStore("gs://claims/x")._files


def put(files: Any, key: str, text: str) -> None:
    with files.open_output_stream(f"claims/{key}") as out:
        out.write(text.encode())


def check_extracts(files: Any, scheme: str, folder: Path) -> None:
    rows = lines(30)
    put(files, "night/a.csv", csv_text(rows[:10]))
    put(files, "night/more/b.csv", csv_text(rows[10:]))
    put(files, "nightly.csv", csv_text(lines(60)))
    (folder / "whole.csv").write_text(csv_text(rows), encoding="utf-8")
    for extracts, out in ((f"{scheme}://claims/night", "out"), (folder / "whole.csv", "local")):
        done = called("run", extracts, "--out", folder / out, *UNREPORTED)
        assert done.code == 0, done.err
        assert KEY not in done.out + done.err
    keys = ("claim_id", "claim_line_number", "disposition", "reason_code")
    assert decisions(folder / "out")[keys].sort(keys).equals(decisions(folder / "local")[keys].sort(keys))
    read = [file["path"] for file in manifest(folder / "out")["inputs"]]
    assert read == [f"{scheme}://claims/night/{name}" for name in ("a.csv", "more/b.csv")]
    done = called("run", f"{scheme}://claims/absent", "--out", folder / "none", *UNREPORTED)
    assert "the object does not exist" in done.err
    done = called("run", f"{scheme}://nowhere/absent", "--out", folder / "none", *UNREPORTED)
    assert "does not exist" in done.err


def test_extracts_on_azure(azure: Any, tmp_path: Path) -> None:
    check_extracts(azure, "az", tmp_path)


def test_extracts_on_google_cloud(google: Any, tmp_path: Path) -> None:
    check_extracts(google, "gs", tmp_path)


@pytest.mark.usefixtures("azure")
def test_results_on_azure(tmp_path: Path) -> None:
    pytest.importorskip("obstore", reason="the extra store is not installed: pip install '.[store]'")
    from claims_edit.store.object_results import ObjectResults  # noqa: PLC0415 -- needs the extra

    out = "az://claims/results"
    for night, count in enumerate((9, 12)):
        extract = tmp_path / f"night-{night}.csv"
        extract.write_text(csv_text(lines(count)), encoding="utf-8")
        for place in (out, tmp_path / "local"):
            done = called("run", extract, "--out", place, *UNREPORTED)
            assert done.code == 0, done.err
    answers = []
    for place in (out, tmp_path / "local"):
        answer = tmp_path / f"answer-{len(answers)}.json"
        asked = ("sql", "SELECT count(*) AS lines FROM current_decisions", "--out", place)
        done = called(*asked, "--format", "json", "--to", answer)
        assert done.code == 0, done.err
        answers.append(answer.read_text(encoding="utf-8"))
    assert answers[0] == answers[1] != ""
    late, other = ObjectResults(out), ObjectResults(out)
    for each, name in ((late, "late"), (other, "other")):
        (tmp_path / name).mkdir()
        assert each.fetch(tmp_path / name)
    assert late._number == 2
    assert other._announce(other._files, "the first")
    assert not late._announce(late._files, "the second")


def test_a_place_of_another_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    from claims_edit.intake import object_store  # noqa: PLC0415 -- its inner parts

    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", "https://payer.blob.core.usgovcloudapi.net")
    place = object_store._azure_place("payer")
    assert place["blob_storage_authority"] == ".blob.core.usgovcloudapi.net"
    assert place["dfs_storage_authority"] == ".dfs.core.usgovcloudapi.net"
    assert os.environ["AZURE_STORAGE_ENDPOINT"].startswith(place["blob_storage_scheme"])
