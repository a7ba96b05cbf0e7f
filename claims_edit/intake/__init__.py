"""Extracts of any format, read as canonical claim lines in bounded batches."""

from claims_edit.intake.canonical import (
    CanonicalLines,
    batch_values,
    canonical_text,
    canonical_values,
    canonicalize,
    side_by_side,
)
from claims_edit.intake.claimless import consulted
from claims_edit.intake.discovery import Discovered, discover
from claims_edit.intake.extract import Extract, faults, test_data
from claims_edit.intake.files import SourceFile, sniff, text_bytes
from claims_edit.intake.keys import SeenKeys, claim_hashes, explained_hashes, key_hashes, place_in_run, table_bits
from claims_edit.intake.mapping import Mapping
from claims_edit.intake.mapping_file import load_mapping, mapping_record, recorded_mapping
from claims_edit.intake.opening import open_extract
from claims_edit.intake.readers import FHIR, FORMAT_OPTIONS
from claims_edit.intake.spool import Spool, spooled

__all__ = [
    "FHIR",
    "FORMAT_OPTIONS",
    "CanonicalLines",
    "Discovered",
    "Extract",
    "Mapping",
    "SeenKeys",
    "SourceFile",
    "Spool",
    "batch_values",
    "canonical_text",
    "canonical_values",
    "canonicalize",
    "claim_hashes",
    "consulted",
    "discover",
    "explained_hashes",
    "faults",
    "key_hashes",
    "load_mapping",
    "mapping_record",
    "open_extract",
    "place_in_run",
    "recorded_mapping",
    "side_by_side",
    "sniff",
    "spooled",
    "table_bits",
    "test_data",
    "text_bytes",
]
