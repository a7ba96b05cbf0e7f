"""Objects of S3, Google Cloud Storage and Azure Blob Storage as extracts: listed, and copied before they are read.

pyarrow's own file systems are used. Credentials come from the environment, as the vendors' SDKs take them, and are in
no message. A copy is whole, and of one state of its object: size and time are compared with the listing after it.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from claims_edit.errors import InputError
from claims_edit.intake.bystanders import RESULTS, is_hidden
from claims_edit.intake.managed import LOGS
from claims_edit.local_path import OBJECT_URL
from claims_edit.resources import DISK, lack_of, lacking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

GLOB = re.compile(r"[*?\[]")
PIECE = 8 * 1024 * 1024
PATIENCE = 60  # seconds without an answer
_TABLE = re.compile(r"^((?:.*?/)?)(?:_delta_log/|\.hoodie/|metadata/[^/]*\.metadata\.json$)")
REASONS = (  # words of the store's answer, the reason, the remedy
    (r"NO_SUCH_BUCKET|bucket does not exist|ContainerNotFound", "the bucket does not exist", "Check its name"),
    (r"NO_SUCH_KEY|NOT_FOUND|does not exist|NotFound|No such file", "the object does not exist", "Check the path"),
    (
        r"ACCESS_DENIED|FORBIDDEN|\b403\b|\b401\b|INVALID_ACCESS_KEY|SIGNATURE|Permission|UNRECOGNIZED_CLIENT|token",
        "access is denied",
        "Check the credentials in the environment, and that they may list and read it",
    ),
)
OTHERWISE = ("the store does not answer", "Check the network, the region and the endpoint (AWS_ENDPOINT_URL)")


@dataclass(frozen=True)
class StoredObject:
    """An object: its URL, its name below what was asked for (None if it was named itself), and its state."""

    url: str
    key: str
    below: str | None
    size: int
    changed: int | None

    @property
    def is_hidden(self) -> bool:
        """Whether a part of its name below what was asked for is hidden, as in a folder."""
        return any(map(is_hidden, PurePosixPath(self.below or "").parts))


class ObjectStore:
    """The bucket of a URL."""

    def __init__(self, url: str) -> None:
        """Make the client; nothing is asked yet.

        Raises:
            InputError: the URL names no bucket, has credentials in it, or the store is not set up.
        """
        found = OBJECT_URL.fullmatch(url)
        if found is None or not found[2]:
            raise InputError(f"{url}: names no bucket. Write it as s3://BUCKET/PATH.")
        if "@" in found[2] or ":" in found[2]:
            raise InputError(f"{found[1]}://…: has credentials in the URL. Set them in the environment instead.")
        self.url, self.scheme, self.bucket, self.key = url, found[1], found[2], found[3]
        try:
            self._files: Any = _file_system(self.scheme)
        except (OSError, ValueError, NotImplementedError) as error:
            raise self._fault(error) from None

    def objects(self) -> list[StoredObject]:
        """The objects that the URL names: one, all below a prefix, or those that a glob matches; sorted by key.

        Raises:
            InputError: there is none, access is denied, or they are of a table whose files do not tell its rows.
        """
        try:
            found = self._found()
        except OSError as error:
            raise self._fault(error) from None
        if not found:
            raise InputError(f"{self.url}: the object does not exist, and none is below it. Check the path.")
        for each in found:
            parts = each.key.split("/")
            if {"", ".", ".."} & set(parts) or not each.key.isprintable():
                raise InputError(f"{self.url}: an object's key is not the path of a file. Copy it, and name the copy.")
        return sorted(found, key=lambda each: each.key)

    def copy(self, wanted: StoredObject, target: Path) -> None:
        """Copy an object to a file.

        Raises:
            InputError: it cannot be read, or changes meanwhile.
            ResultsError: the disk is too small for it.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        if wanted.size > shutil.disk_usage(target.parent).free:
            raise lacking(DISK, target.parent)
        path = f"{self.bucket}/{wanted.key}"
        try:
            with self._files.open_input_stream(path, compression=None) as source, target.open("wb") as copy:
                shutil.copyfileobj(source, copy, PIECE)
            now = self._files.get_file_info(path)
        except OSError as error:
            if lack_of(error) is not None:
                raise
            raise self._fault(error, wanted.url) from None
        if not (target.stat().st_size == wanted.size == now.size and now.mtime_ns == wanted.changed):
            raise InputError(f"{wanted.url}: changed while it was read. Run again when it is complete.")

    def _found(self) -> list[StoredObject]:
        from pyarrow import fs  # noqa: PLC0415 -- loads the stores' clients

        is_glob = GLOB.search(self.key)
        base = self.key[: is_glob.start()].rpartition("/")[0] if is_glob else self.key.rstrip("/")
        place = f"{self.bucket}/{base}".rstrip("/")
        info = self._files.get_file_info(place)
        if info.type == fs.FileType.File and not is_glob:
            self._refuse_tables(base.rpartition("/")[0], (), ())
            return [StoredObject(self.url, base, None, info.size, info.mtime_ns)]
        inside = self._files.get_file_info(fs.FileSelector(place, recursive=True))
        files = {each.path.removeprefix(f"{self.bucket}/"): each for each in inside if each.is_file}
        results = tuple(key.removesuffix(RESULTS) for key in files if key.rpartition("/")[2] == RESULTS)
        wanted = list(filter(_matcher(self.key), files)) if is_glob else list(files)
        self._refuse_tables(base, files, wanted)
        return [
            StoredObject(
                self._url_of(key), key, key.removeprefix(base).lstrip("/"), files[key].size, files[key].mtime_ns
            )
            for key in wanted
            if not (results and key.startswith(results))
        ]

    def _url_of(self, key: str) -> str:
        return f"{self.scheme}://{self.bucket}/{key}"

    def _refuse_tables(self, base: str, keys: Iterable[str], wanted: Iterable[str]) -> None:
        """Refuse what is in a table of a lake: one above `base`, or one of `keys` that holds a wanted key."""
        from pyarrow import fs  # noqa: PLC0415

        roots = tuple({found[1] for key in keys if (found := _TABLE.search(key))})
        inside = bool(roots) and any(key.startswith(roots) for key in wanted)
        above = [str(folder) for folder in (PurePosixPath(base), *PurePosixPath(base).parents)]
        logs = [f"{self.bucket}/{folder}/{log}".replace("/./", "/") for folder in above for log in LOGS]
        if not inside:
            inside = any(info.type == fs.FileType.Directory for info in self._files.get_file_info(logs))
        if not inside:
            folders = [f"{self.bucket}/{folder}/metadata".replace("/./", "/") for folder in above]
            selectors = [fs.FileSelector(folder, allow_not_found=True) for folder in folders]
            infos = (info for selector in selectors for info in self._files.get_file_info(selector))
            inside = any(info.path.endswith(".metadata.json") for info in infos)
        if inside:
            raise InputError(
                f"{self.url}: is a table of a lake (Delta Lake, Iceberg, Hudi), holds one, or lies in one. Copy the"
                " table to this machine and name the copy, or export its current rows."
            )

    def _fault(self, error: Exception, url: str | None = None) -> InputError:
        """The store's answer may quote a request, so only its kind is shown."""
        text = str(error)
        known = ((reason, remedy) for words, reason, remedy in REASONS if re.search(words, text, re.IGNORECASE))
        reason, remedy = next(known, OTHERWISE)
        return InputError(f"{url or self.url}: {reason} ({type(error).__name__}). {remedy}.")


def _matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a key, or a folder above it, matches a glob: `*` within a folder, `**` over any number of them."""
    parts = [r"(?:[^/]+/)*" if part == "**" else _segment(part) + "/" for part in pattern.split("/")]
    shape = re.compile("".join(parts))
    return lambda key: shape.match(f"{key}/") is not None


def _segment(part: str) -> str:
    """A folder's or a file's name of a glob as a regular expression."""
    signs = {"*": "[^/]*", "?": "[^/]"}
    tokens = re.findall(r"\[!?[^\]]+\]|.", part)
    return "".join(
        f"[{'^' if token[1] == '!' else ''}{re.escape(token[1:-1].removeprefix('!')).replace(chr(92) + '-', '-')}]"
        if len(token) > 1
        else signs.get(token, re.escape(token))
        for token in tokens
    )


def _file_system(scheme: str) -> Any:  # noqa: ANN401 -- of pyarrow, which has no types
    from pyarrow import fs  # noqa: PLC0415

    if scheme == "s3":
        environment = os.environ
        endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get("AWS_ENDPOINT_URL")
        region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION")
        return fs.S3FileSystem(
            endpoint_override=endpoint, region=region, connect_timeout=PATIENCE, request_timeout=PATIENCE,
            retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=3),
        )  # fmt: skip
    if scheme == "gs":
        return fs.GcsFileSystem(retry_time_limit=timedelta(seconds=PATIENCE), **_emulator())
    account, key = azure_account()
    if not account:
        raise InputError("az://: no storage account is known. Set AZURE_STORAGE_ACCOUNT_NAME in the environment.")
    return fs.AzureFileSystem(account, account_key=key, **_azure_place(account))


def azure_account() -> tuple[str | None, str | None]:
    """Name and key of the Azure storage account, under any of the names that Azure's tools give them."""
    names, keys = (
        [os.environ.get(f"AZURE_STORAGE_{name}") for name in of]
        for of in (("ACCOUNT_NAME", "ACCOUNT"), ("KEY", "ACCOUNT_KEY", "ACCESS_KEY"))
    )
    return next(filter(None, names), None), next(filter(None, keys), None)


def _azure_place(account: str) -> dict[str, str]:
    """Where AZURE_STORAGE_ENDPOINT says that the account is: another cloud, or an emulator."""
    url = urlsplit(os.environ.get("AZURE_STORAGE_ENDPOINT", ""))
    if not url.netloc:
        return {}
    blob = url.netloc.removeprefix(account)
    return {
        "blob_storage_authority": blob, "dfs_storage_authority": blob.replace(".blob.", ".dfs."),
        "blob_storage_scheme": url.scheme, "dfs_storage_scheme": url.scheme,
    }  # fmt: skip


def _emulator() -> dict[str, Any]:
    """The emulator of Google Cloud Storage that STORAGE_EMULATOR_HOST names, as Google's SDKs take it."""
    host = os.environ.get("STORAGE_EMULATOR_HOST")
    if not host:
        return {}
    scheme, _, place = host.rpartition("://")
    return {"anonymous": True, "scheme": scheme or "http", "endpoint_override": place}
