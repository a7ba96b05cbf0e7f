"""Files that are sent in place of extracts and are not read here: what each is, by its content, and the way out."""

from __future__ import annotations

import re

UNPACK = "Unpack it, and give the file inside"
EXPORT = "Export its rows to Parquet or CSV, and give that"
REPACK = "Unpack it, or pack it with gzip or zstd instead"
DECRYPT = "Decrypt it first, and give the plain file"
AGAIN = "Ask the sender for the extract itself"
TAR_PLACE = 257
LEAST_EBCDIC = 0.6  # the share of a mainframe text's bytes that are its blanks, digits, letters and plain punctuation
EBCDIC = frozenset([0x40, *range(0xF0, 0xFA), *range(0xC1, 0xCA), *range(0xD1, 0xDA), *range(0xE2, 0xEA), 0x4B, 0x60])

# The beginning of the content, as a regular expression over bytes; its kind; the remedy.
_BEGINNINGS: tuple[tuple[bytes, str, str], ...] = (
    (rb"PK(\x03\x04|\x05\x06|\x07\x08)", "a zip archive inside another compression", UNPACK),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls), or another Office file", EXPORT),
    (rb"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", UNPACK),
    (rb"Rar!\x1a\x07", "a RAR archive", UNPACK),
    (rb".{257}ustar", "a tar archive", UNPACK),
    (rb"BZh[1-9]1AY&SY", "compressed with bzip2", REPACK),
    (rb"\xfd7zXZ\x00", "compressed with xz", REPACK),
    (rb"\x1f[\x9d\xa0]", "compressed with compress (.Z)", REPACK),
    (rb"\x04\x22\x4d\x18", "compressed with lz4", REPACK),
    (rb"\xff\x06\x00\x00sNaPpY", "compressed with snappy", REPACK),
    (rb"\x1f\x8b", "compressed twice with gzip", "Unpack it once"),
    (rb"\x28\xb5\x2f\xfd", "compressed twice", "Unpack it once"),
    (rb"PAR1", "Parquet inside another compression", "Unpack it: Parquet compresses its columns itself"),
    (rb"PARE(?=.{,12}[\x00-\x08\x80-\xff])", "encrypted Parquet", DECRYPT),
    (rb"%PDF-", "a PDF document", AGAIN),
    (rb"ORC(?=.{,12}[\x00-\x08\x80-\xff])", "an ORC file", EXPORT),
    (rb"Obj\x01", "an Avro file", EXPORT),
    (
        rb"ARROW1\x00\x00|FEA1(?=.{,12}[\x00-\x08\x80-\xff])|\xff\xff\xff\xff.{2}\x00\x00",
        "an Arrow file inside another compression, or Feather version 1",
        EXPORT,
    ),
    (rb"\x00{12}\xc2\xea\x81\x60", "a SAS data set (.sas7bdat)", EXPORT),
    (rb"HEADER RECORD\*{7}(LIBRARY|LIBV8)", "a SAS transport file (.xpt)", EXPORT),
    (rb"\$FL[23]", "an SPSS file", EXPORT),
    (rb"<stata_dta>|[\x71-\x73\x75-\x77][\x01\x02]\x01\x00", "a Stata file", EXPORT),
    (rb"SQLite format 3\x00|.{8}DUCK.\x00{7}|\x00\x01\x00\x00Standard (Jet|ACE) DB", "a database file", EXPORT),
    (rb"\x89HDF\r\n", "an HDF5 file", EXPORT),
    (rb"\x80[\x02-\x05][\x8a\x95c}\]]", "a Python pickle", EXPORT),
    (rb"RD[XA][23]\n|X\n\x00\x00\x00[\x02\x03]", "an R data file", EXPORT),
    (rb"-----BEGIN PGP MESSAGE", "encrypted with PGP", DECRYPT),
    (
        rb"(\x84[\x40-\xff]|\x85[\x00-\x0f].|\xc1[\x40-\xff].?)\x03|(\x8c.|\xc3[\x04-\x20])[\x04\x05]",
        "encrypted with PGP",
        DECRYPT,
    ),
    (rb"Salted__|age-encryption\.org/", "encrypted", DECRYPT),
    (rb"\xff\xfe\x00\x00|\x00\x00\xfe\xff", "UTF-32 text", "Save it as UTF-8"),
    (
        rb"([\x09\x0a\x0d\x20-\x7e]\x00){8}|(\x00[\x09\x0a\x0d\x20-\x7e]){8}",
        "UTF-16 text without a byte order mark",
        "Save it as UTF-8",
    ),
    (
        rb"version https://git-lfs",
        "a Git LFS pointer, not the file itself",
        "Fetch the file (git lfs pull)",
    ),
    (rb"(?i)\s*(<!doctype html|<html)", "a web page, probably from a download without login", AGAIN),
    (rb"\s*<\?xml|\s*<[A-Za-z][\w:.-]*[\s>]", "XML", "Use a table, X12 837, or FHIR as JSON"),
    (rb"UN[AB]\+", "an EDIFACT interchange", "Use X12 837, a table or FHIR"),
    (rb"MSH[|^]", "HL7 version 2", "Use X12 837, a table or FHIR"),
)
SIGNATURES = tuple((re.compile(begin, re.DOTALL), what, way) for begin, what, way in _BEGINNINGS)


def unread(content: bytes) -> str | None:
    """The kind of unsupported content, and the remedy, as the end of a fault; None if it may be read."""
    plain = content.removeprefix(b"\xef\xbb\xbf")
    for begin, what, way in SIGNATURES:
        if begin.match(plain):
            return f"is {what}, which is not supported. {way}."
    if _is_ebcdic(plain):
        return "is mainframe text (EBCDIC). Have it converted to ASCII or UTF-8, and give that."
    return None


def _is_ebcdic(content: bytes) -> bool:
    """Whether content is text of a mainframe: no byte of it is a line end, a blank or a digit as ASCII has them."""
    sample = content[:4096]
    if not sample or any(byte in sample for byte in b" \n0123456789,|"):
        return False
    return sum(byte in EBCDIC for byte in sample) > LEAST_EBCDIC * len(sample)
