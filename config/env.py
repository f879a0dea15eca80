"""Typed readers of environment variables: a wrong or missing value stops the start and names its variable."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured

T = TypeVar("T")

TRUE_WORDS = ("1", "true", "yes", "on")
FALSE_WORDS = ("0", "false", "no", "off")


class Env:
    """Reads variables from one mapping and remembers which names were asked for.

    A reader without `default` is for values that must be given. A variable that is set but blank counts as
    not set, because that is how compose files and shells write "nothing here".
    """

    def __init__(self, source: Mapping[str, str] | None = None):
        self._source = os.environ if source is None else source
        self.names: set[str] = set()

    def is_set(self, name: str) -> bool:
        """Say whether the variable has a value."""
        self.names.add(name)
        return bool(self._source.get(name, "").strip())

    def str(self, name: str, default: str | None = None) -> str:  # noqa: A003
        """A text, as written but for blanks around it."""
        return self._read(name, default, lambda text: text)

    def int(  # noqa: A003
        self, name: str, default: int | None = None, *, at_least: int = 0, at_most: int = 2**31
    ) -> int:
        """A whole number within limits."""

        def parse(text: str) -> int:
            number = int(text)
            if not at_least <= number <= at_most:
                raise ValueError(f"must be between {at_least} and {at_most}")
            return number

        return self._read(name, default, parse)

    def bool(self, name: str, default: bool | None = None) -> bool:  # noqa: A003
        """One of 1/0, true/false, yes/no, on/off; anything else is refused, never taken for false."""

        def parse(text: str) -> bool:
            if text.lower() in TRUE_WORDS:
                return True
            if text.lower() in FALSE_WORDS:
                return False
            raise ValueError("must be one of " + ", ".join(TRUE_WORDS + FALSE_WORDS))

        return self._read(name, default, parse)

    def choice(self, name: str, options: Sequence[str], default: str | None = None) -> str:
        """One of a few words."""

        def parse(text: str) -> str:
            if text not in options:
                raise ValueError("must be one of " + ", ".join(options))
            return text

        return self._read(name, default, parse)

    def list(self, name: str, default: Sequence[str] | None = None) -> list[str]:  # noqa: A003
        """Words separated by commas."""
        fallback = None if default is None else list(default)
        return self._read(name, fallback, lambda text: [part.strip() for part in text.split(",") if part.strip()])

    def ints(self, name: str, default: Sequence[int] | None = None) -> tuple[int, ...]:
        """Positive whole numbers separated by commas."""

        def parse(text: str) -> tuple[int, ...]:
            numbers = tuple(int(part) for part in text.split(","))
            if any(number <= 0 for number in numbers):
                raise ValueError("must be positive numbers")
            return numbers

        return self._read(name, None if default is None else tuple(default), parse)

    def json_object(self, name: str, default: dict[str, Any] | None = None) -> dict[str, Any]:
        """A JSON object."""

        def parse(text: str) -> dict[str, Any]:
            value = json.loads(text)
            if not isinstance(value, dict):
                raise ValueError("must be a JSON object")
            return value

        return self._read(name, default, parse)

    def secret(self, name: str, default: str | None = None) -> str:
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

    def _read(self, name: str, default: T | None, parse: Callable[[str], T]) -> T:
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
