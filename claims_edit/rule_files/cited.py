"""Citations of a rule: documents, and dates with their source."""

from claims_edit.rule_files.values import Citation, Day, Key, Strict, Text


class Document(Strict):
    """A document that rules cite; `source` is the stem of its text file if one is kept, `url` its public address."""

    id: Key
    title: Text
    publisher: Text
    source: Text | None = None
    url: Text | None = None


class CitedDate(Strict):
    """A day with its citation; where a document gives a month or a year, the last day of it."""

    date: Day
    cite: Citation
    note: Text | None = None


class Home(Strict):
    """A file that may declare documents: each document is declared once, where it belongs."""

    documents: tuple[Document, ...] = ()


class Seen(Strict):
    """A public page on which facts were found: its address, the day it was seen, and how much of it."""

    url: Text
    day: Day
    what: Text
