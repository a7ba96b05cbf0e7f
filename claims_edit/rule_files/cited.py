"""What a rule cites: documents, and days with the place where they stand."""

from claims_edit.rule_files.values import Citation, Day, Key, Strict, Text


class Document(Strict):
    """A document that rules cite; `source` is the stem of its text file where one is kept, `url` where it is public."""

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
