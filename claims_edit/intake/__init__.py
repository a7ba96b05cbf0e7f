"""Extracts of any table format, read as canonical claim lines in bounded batches."""

from claims_edit.intake.canonical import Lines, canonicalise
from claims_edit.intake.extract import Extract
from claims_edit.intake.files import SourceFile, discover, sniff
from claims_edit.intake.keys import SeenKeys, key_hashes
from claims_edit.intake.mapping import Mapping, load_mapping
from claims_edit.intake.opening import open_extract

__all__ = [
    "Extract",
    "Lines",
    "Mapping",
    "SeenKeys",
    "SourceFile",
    "canonicalise",
    "discover",
    "key_hashes",
    "load_mapping",
    "open_extract",
    "sniff",
]
