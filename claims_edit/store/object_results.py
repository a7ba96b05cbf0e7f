"""Results in an object store: worked on as a copy on disk, and published with one conditional put (ADR 0020).

Objects are written once and never changed. `published/<n>.json` lists the files of the n-th state of the results, each
with its object, size and SHA-256; the state with the highest number is the current one. A state is published by putting
the next number, which succeeds only if no object of that name is there: of two runs at a time, one is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claims_edit.errors import ResultsError, UsageError
from claims_edit.intake.object_store import OTHERWISE, REASONS, azure_account
from claims_edit.local_path import OBJECT_URL
from claims_edit.store import generation
from claims_edit.store.private import OWN_FILE, make_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PUBLISHED = "published"
FORMAT = 1
INSTALL = "Install it: pip install 'claims-edit[store]'. Or use a folder of this machine."
PIECE = 8 * 1024 * 1024
AT_A_TIME = 8
PATIENCE = "60s"
RETRIES = 3

Files = dict[str, dict[str, Any]]  # by path in the results: object, bytes, sha256


class ObjectResults:
    """The results at a URL."""

    def __init__(self, url: str) -> None:
        """Make the client; nothing is asked yet.

        Raises:
            UsageError: the URL is malformed, or the client is not installed.
        """
        found = OBJECT_URL.fullmatch(url)
        if found is None or not found[2] or "@" in found[2] or ":" in found[2]:
            raise UsageError(
                "--out: not the URL of a place for results. Write it as s3://BUCKET/PATH, without a password."
            )
        key = found[3].strip("/")
        if not key or {"", ".", ".."} & set(key.split("/")) or not key.isprintable():
            raise UsageError(f"{url}: names no place in the bucket. Write it as s3://BUCKET/PATH.")
        self.url = f"{found[1]}://{found[2]}/{key}"
        try:
            self._store: Any = _client(found[1], found[2], key)
        except ImportError:
            raise UsageError(f"{self.url}: obstore is not installed. {INSTALL}") from None
        except Exception as error:  # noqa: BLE001 -- of its own kinds, which load with it
            raise self._fault(error) from None
        self._number = 0
        self._files: Files = {}

    def fetch(self, folder: Path) -> bool:
        """Copy the published results into an empty folder, as a results folder; False if none are published.

        Raises:
            ResultsError: the store does not give them, or they changed meanwhile.
        """
        self._number, self._files = self._latest()
        if not self._number:
            return False
        make_folder(folder / generation.GENERATIONS)
        copy = folder / generation.GENERATIONS / str(self._number)
        make_folder(copy)
        _each(lambda item: self._copy(item[1], copy / item[0]), self._files.items())
        generation.show(folder, copy)
        return True

    def publish(self, folder: Path) -> None:
        """Put what is new in the results folder, then its list; nothing if nothing changed.

        Raises:
            ResultsError: the store does not take it, or another run was published since `fetch`: nothing is published.
        """
        current = generation.current_generation(folder)
        if current is None:
            return
        token = f"{self._number + 1:08}-{secrets.token_hex(3)}"
        wanted = {path.relative_to(current).as_posix(): path for path in _files_below(current)}
        stated = dict(zip(wanted, _each(_stated, wanted.values()), strict=True))
        known = {_run_of(name) for name in self._files}
        files: Files = {}
        new: list[tuple[Path, str]] = []
        for name, facts in stated.items():
            old = self._files.get(name)
            if old is not None and {n: old[n] for n in facts} == facts:
                files[name] = old
                continue
            # Only a new run's id is in no name of another command, which may work there now.
            place = name if _run_of(name) not in known | {None} else f"generations/{token}/{name}"
            files[name] = {"object": place, **facts}
            new.append((wanted[name], place))
        if not new and files.keys() == self._files.keys():
            return
        places = [place for _, place in new]
        try:
            _each(lambda item: self._put(*item), new)
        except BaseException:
            self._remove(places)
            raise
        if not self._announce(files, token):
            self._remove(places)
            raise ResultsError(
                f"{self.url}: busy: another command published there while this one worked. Nothing of this one is"
                " published. Run again."
            )
        self._forget(files)

    def _latest(self) -> tuple[int, Files]:
        """Number and files of the current state; 0 and none if nothing is published."""
        try:
            found = [
                int(name)
                for part in self._store.list(PUBLISHED)
                for each in part
                if (name := Path(each["path"]).stem).isdecimal()
            ]
            if not found:
                return 0, {}
            content = json.loads(bytes(self._store.get(_list_name(max(found))).bytes()))
        except Exception as error:  # noqa: BLE001 -- see __init__
            raise self._fault(error) from None
        if content.get("format") != FORMAT:
            raise ResultsError(
                f"{self.url}: the results are of another release, or were published again meanwhile. Run again, or use"
                " that release."
            )
        return max(found), content["files"]

    def _copy(self, stated: dict[str, Any], target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWN_FILE), "wb") as copy:
            for piece in self._pieces(stated["object"]):
                digest.update(piece)
                copy.write(piece)
        if digest.hexdigest() != stated["sha256"]:
            raise ResultsError(f"{self.url}/{stated['object']}: is not as it was published. Restore it from a backup.")

    def _pieces(self, place: str) -> Iterator[bytes]:
        try:
            yield from map(bytes, self._store.get(place).stream(min_chunk_size=PIECE))
        except FileNotFoundError:
            raise ResultsError(
                f"{self.url}/{place}: is not there. If another run was published meanwhile, run again; else restore it"
                " from a backup."
            ) from None
        except Exception as error:  # noqa: BLE001 -- see __init__
            raise self._fault(error, place) from None

    def _put(self, path: Path, place: str) -> None:
        try:
            self._store.put(place, path)
        except Exception as error:  # noqa: BLE001 -- see __init__
            raise self._fault(error, place) from None

    def _announce(self, files: Files, token: str) -> bool:
        """Publish: put the list of the next state; False if another command put one.

        After an error the list that is there decides: the store may have taken ours, and its answer may be lost.

        Raises:
            ResultsError: the store does not say. Nothing is removed then, as it may be published.
        """
        name = _list_name(self._number + 1)
        content = {"format": FORMAT, "by": token, "files": files}
        try:
            self._create(name, json.dumps(content, sort_keys=True).encode())
        except Exception as error:  # noqa: BLE001 -- see __init__
            try:
                there = json.loads(bytes(self._store.get(name).bytes()))
            except Exception:  # noqa: BLE001 -- likewise
                raise self._fault(error, name) from None
            return bool(there.get("by") == token)
        return True

    def _create(self, name: str, content: bytes) -> None:
        """Put an object where none of that name is; any error otherwise."""
        self._store.put(name, content, mode="create", use_multipart=False)

    def _forget(self, files: Files) -> None:
        """Remove what only the state before the last had; its list keeps its name, so that the number stays taken.

        The last state remains for who reads it now. What cannot be removed does no harm.
        """
        before = self._number - 1
        with suppress(Exception):
            if before > 0:
                old = json.loads(bytes(self._store.get(_list_name(before)).bytes())).get("files", {})
                kept = {each["object"] for each in (*files.values(), *self._files.values())}
                self._remove({each["object"] for each in old.values()} - kept)
                self._store.put(_list_name(before), b"{}")

    def _remove(self, places: Iterable[str]) -> None:
        for place in places:
            with suppress(Exception):
                self._store.delete(place)

    def _fault(self, error: Exception, place: str | None = None) -> ResultsError:
        """The store's answer may quote a request, so only its kind is shown."""
        text = f"{type(error).__name__} {error}"
        known = ((reason, remedy) for words, reason, remedy in REASONS if re.search(words, text, re.IGNORECASE))
        reason, remedy = next(known, OTHERWISE)
        where = self.url if place is None else f"{self.url}/{place}"
        return ResultsError(f"{where}: {reason} ({type(error).__name__}). {remedy}.")


def _list_name(number: int) -> str:
    return f"{PUBLISHED}/{number:08}.json"


def _run_of(name: str) -> str | None:
    """The run of a file of the record; None for any other file."""
    folder, _, rest = name.partition("/")
    return rest.split("/")[0].removeprefix("run_id=") if folder in generation.RECORD_FOLDERS else None


def _files_below(current: Path) -> list[Path]:
    return sorted(path for path in current.rglob("*") if path.is_file() and path != current / generation.PUBLISHED)


def _stated(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _each(work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """The results of some work on each item, several at a time, in order; the first error ends it."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        found = [pool.submit(work, item) for item in items]
        try:
            return [each.result() for each in found]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _client(scheme: str, bucket: str, key: str) -> Any:  # noqa: ANN401 -- an extra's type
    from obstore.store import AzureStore, GCSStore, S3Store  # noqa: PLC0415 -- an extra

    options: Any = {"timeout": PATIENCE}
    common: Any = {"prefix": key, "retry_config": {"max_retries": RETRIES, "retry_timeout": timedelta(seconds=60)}}
    if scheme == "gs":
        return GCSStore(bucket, client_options=options, **common)
    if scheme == "az":
        account, secret = azure_account()
        named = (("account_name", account), ("account_key", secret))
        given: Any = {name: value for name, value in named if value}
        plain = os.environ.get("AZURE_STORAGE_ENDPOINT", "").startswith("http:")
        return AzureStore(bucket, client_options=options | {"allow_http": plain}, **given, **common)
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if endpoint is None:
        return S3Store(bucket, client_options=options, **common)
    return S3Store(bucket, endpoint=endpoint, client_options=options | {"allow_http": True}, **common)
