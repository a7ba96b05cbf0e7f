"""JSON Schemas of the rules files for editors, derived from the models that read them.

The reader takes every scalar as text; an editor's YAML server sees a number in `47384` and a
flag in `true`. So the schema accepts those types wherever the reader accepts the text.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import GenerateJsonSchema

from claims_edit.errors import UsageError
from claims_edit.policy.parse import FOLDERS, SINGLE_FILES

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic.json_schema import JsonSchemaMode, JsonSchemaValue
    from pydantic_core import core_schema

    from claims_edit.rule_files.values import Strict

FOLDER = "schema"
SUFFIX = ".schema.json"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DAY = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_DIGITS = ("1", "12", "123", "1234", "12345", "123456")
"""Texts that an editor reads as a number: a value of a pattern that fits one of them may be written without quotes."""


def kinds() -> dict[str, type[Strict]]:
    """Each kind of rules file with its model: single files by their name, others by their folder's."""
    single = {path.rpartition("/")[2].removesuffix(".yaml"): model for path, model in SINGLE_FILES.items()}
    return dict(sorted((single | FOLDERS).items()))


def kind_of(path: str) -> str:
    """The kind of a file by its path in the rules folder."""
    return path.rpartition("/")[2].removesuffix(".yaml") if path in SINGLE_FILES else path.partition("/")[0]


def schema_line(path: str) -> str:
    """The comment by which an editor finds the schema of a rules file."""
    up = "../" * path.count("/")
    return f"# yaml-language-server: $schema={up}{FOLDER}/{kind_of(path)}{SUFFIX}"


def schema_of(kind: str) -> dict[str, Any]:
    """The JSON Schema of one kind of rules file."""
    model = kinds()[kind]
    schema = model.model_json_schema(schema_generator=_AsEditorsRead, mode="validation")
    return {"$schema": _DIALECT, "title": f"claims-edit rules: {kind}"} | schema


def schema_text(kind: str) -> str:
    """The schema as stored: the same models give the same bytes."""
    return json.dumps(schema_of(kind), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write_schemas(folder: Path, only: str | None = None) -> list[Path]:
    """Write the schema of each kind (or of one) to a folder, made if need be; the files, in order of kind.

    Raises:
        UsageError: the folder cannot be written.
    """
    texts = {folder / f"{kind}{SUFFIX}": schema_text(kind) for kind in ([only] if only else kinds())}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written ({error.strerror}). Name another folder.") from None
    return list(texts)


class _AsEditorsRead(GenerateJsonSchema):
    """Pydantic's schema of a model, widened to the types an editor sees, and narrowed to what the reader accepts."""

    def generate(self, schema: core_schema.CoreSchema, mode: JsonSchemaMode = "validation") -> JsonSchemaValue:
        """The schema without the titles that repeat each key."""
        return _without_titles(super().generate(schema, mode))

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        """A text, or the number or flag that an editor may see in it."""
        found = super().str_schema(schema)
        pattern = found.get("pattern")
        if pattern is None:
            return found | {"type": ["string", "number", "boolean"]}
        if any(re.search(pattern, digits) for digits in _DIGITS):
            return found | {"type": ["string", "number"]}
        return found

    def date_schema(self, schema: core_schema.DateSchema) -> JsonSchemaValue:
        """A day, in the reader's format."""
        return super().date_schema(schema) | {"pattern": _DAY}

    def bool_schema(self, schema: core_schema.BoolSchema) -> JsonSchemaValue:  # noqa: ARG002 -- pydantic's signature
        """A flag: an editor sees one in `true`, and a text in `"true"`."""
        return {"enum": [True, False, "true", "false"]}

    def int_schema(self, schema: core_schema.IntSchema) -> JsonSchemaValue:
        """A whole number, quoted or not."""
        return super().int_schema(schema) | {"type": ["integer", "string"], "pattern": "^[0-9]+$"}

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """An optional key is omitted, never left empty."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """The value alone, without the default of an omitted key."""
        return self.generate_inner(schema["schema"])

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """A mapping by keys of one shape: no other keys."""
        found = super().dict_schema(schema)
        return found | {"additionalProperties": False} if "patternProperties" in found else found


def _without_titles(schema: JsonSchemaValue) -> JsonSchemaValue:
    """The schema without `title` keywords; a property of that name is a mapping, and is kept."""
    return {key: _each(value) for key, value in schema.items() if not (key == "title" and isinstance(value, str))}


def _each(value: Any) -> Any:  # noqa: ANN401 -- a JSON value
    if isinstance(value, dict):
        return _without_titles(value)
    return [_each(item) for item in value] if isinstance(value, list) else value
