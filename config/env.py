"""Typed readers of environment variables: a wrong or missing value stops the start and names its variable."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")

# The readers are named after the types they give and hide them inside the class: other names for the types.
Text = str
Number = int
Flag = bool
Words = list[str]

TRUE_WORDS = ("1", "true", "yes", "on")
FALSE_WORDS = ("0", "false", "no", "off")


class Env:
    """Reads variables from one mapping and remembers which names were asked for.

    A reader without `default` is for values that must be given. A variable that is set but blank counts as
    not set, because that is how compose files and shells write "nothing here".
    """

    def __init__(self, source: Mapping[Text, Text] | None = None):
        self._source = os.environ if source is None else source
        self.names: set[Text] = set()

    def is_set(self, name: Text) -> Flag:
        """Say whether the variable has a value."""
        self.names.add(name)
        return Flag(self._source.get(name, "").strip())

    def str(self, name: Text, default: Text | None = None) -> Text:  # noqa: A003
        """A text, as written but for blanks around it."""
        return self._read(name, default, lambda text: text)

    def int(  # noqa: A003
        self, name: Text, default: Number | None = None, *, at_least: Number = 0, at_most: Number = 2**31
    ) -> Number:
        """A whole number within limits."""

        def parse(text: Text) -> Number:
            number = Number(text)
            if not at_least <= number <= at_most:
                raise ValueError(f"must be between {at_least} and {at_most}")
            return number

        return self._read(name, default, parse)

    def bool(self, name: Text, default: Flag | None = None) -> Flag:  # noqa: A003
        """One of 1/0, true/false, yes/no, on/off; anything else is refused, never taken for false."""

        def parse(text: Text) -> Flag:
            if text.lower() in TRUE_WORDS:
                return True
            if text.lower() in FALSE_WORDS:
                return False
            raise ValueError("must be one of " + ", ".join(TRUE_WORDS + FALSE_WORDS))

        return self._read(name, default, parse)

    def choice(self, name: Text, options: Sequence[Text], default: Text | None = None) -> Text:
        """One of a few words."""

        def parse(text: Text) -> Text:
            if text not in options:
                raise ValueError("must be one of " + ", ".join(options))
            return text

        return self._read(name, default, parse)

    def choices(self, name: Text, options: Sequence[Text], default: Sequence[Text]) -> Words:
        """Some of a few words, separated by commas, each once."""

        def parse(text: Text) -> Words:
            words = [part.strip() for part in text.split(",")]
            if not set(words) <= set(options):
                raise ValueError("must be some of " + ", ".join(options))
            return Words(dict.fromkeys(words))

        return self._read(name, Words(default), parse)

    def list(self, name: Text, default: Sequence[Text] | None = None) -> Words:  # noqa: A003
        """Words separated by commas."""
        fallback = None if default is None else Words(default)
        return self._read(
            name, fallback, lambda text: [part.strip() for part in text.split(",") if part.strip()]
        )

    def ints(self, name: Text, default: Sequence[Number] | None = None) -> tuple[Number, ...]:
        """Positive whole numbers separated by commas."""

        def parse(text: Text) -> tuple[Number, ...]:
            numbers = tuple(Number(part) for part in text.split(","))
            if any(number <= 0 for number in numbers):
                raise ValueError("must be positive numbers")
            return numbers

        return self._read(name, None if default is None else tuple(default), parse)

    def json_object(self, name: Text, default: dict[Text, Any] | None = None) -> dict[Text, Any]:
        """A JSON object."""

        def parse(text: Text) -> dict[Text, Any]:
            value = json.loads(text)
            if not isinstance(value, dict):
                raise ValueError("must be a JSON object")
            return value

        return self._read(name, default, parse)

    def secret(self, name: Text, default: Text | None = None) -> Text:
        """A secret: from the variable itself or from the file that NAME_FILE points at, never from both.

        Errors never show the value.
        """
        file_name = f"{name}_FILE"
        self.names.update((name, file_name))
        path = self._source.get(file_name, "").strip()
        value = self._source.get(name, "")
        if path and value:
            raise ImproperlyConfigured(f"{name} and {file_name} are both set. Set one of them.")
        if path:
            try:
                value = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as exc:
                raise ImproperlyConfigured(f"{file_name}: the file cannot be read ({exc}).") from exc
            if not value:
                raise ImproperlyConfigured(f"{file_name}: the file is empty.")
        if value:
            return value
        if default is None:
            raise ImproperlyConfigured(f"{name} (or {file_name}) must be set. See .env.example.")
        return default

    def _read(self, name: Text, default: T | None, parse: Callable[[Text], T]) -> T:
        self.names.add(name)
        text = self._source.get(name, "").strip()
        if not text:
            if default is None:
                raise ImproperlyConfigured(f"{name} must be set. See .env.example.")
            return default
        try:
            return parse(text)
        except ValueError as exc:
            raise ImproperlyConfigured(f"{name}={text!r}: {exc}.") from exc
