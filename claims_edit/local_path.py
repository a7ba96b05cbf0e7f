"""Paths of this machine's file systems: a URL is refused, because `Path` would make a folder of its scheme."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")  # `Path` takes one of the slashes
REMEDY = (
    "is a URL that is not read or written: only extracts and results may be in an object store (s3://, gs://, az://)."
    " Use a file or folder of this machine."
)
OBJECT_URL = re.compile(r"(s3|gs|az)://([^/]*)/?(.*)", re.DOTALL)
"""The URL of an object: scheme, bucket, key."""


def is_object_url(text: str) -> bool:
    """Whether a text is a URL of an object store that is read."""
    return OBJECT_URL.fullmatch(text) is not None


def is_url(path: str | Path) -> bool:
    """Whether a text or a path has a scheme, such as `s3://bucket/claims`; a single letter is not one."""
    return _URL.match(str(path)) is not None
