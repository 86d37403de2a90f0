"""Objects as YAML and JSON, read as kubectl reads them and written so that it reads the same. Pure."""

import json
from collections.abc import Iterator
from typing import Any

from registry.documents import reader, writer
from registry.documents.kubectl_types import key_of, value_of

dump = writer.dump


def load(text: str) -> Iterator[reader.Document]:
    """The documents of *text* with the keys and values that kubectl would send."""
    return reader.read(text, value_of, key_of)


def load_values(text: str) -> Iterator[reader.Document]:
    """The documents of *text*, which we read ourselves: with kubectl's values, and with keys as they were typed."""
    return reader.read(text, value_of)


def dump_json(obj: Any) -> str:
    """*obj* as indented JSON."""
    return json.dumps(obj, indent=2, ensure_ascii=False) + "\n"
