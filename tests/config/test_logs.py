"""Lines in the log: kinds and places of what went wrong, and nobody's data."""

import logging

import pytest

from config.logs import DiscreetFormatter

FORMATTER = DiscreetFormatter("{levelname} {name} {message}", style="{")


def line(message, *args, exc=None, name="anything", **extra):
    record = logging.LogRecord(name, logging.ERROR, "file.py", 1, message, args, None)
    record.__dict__.update(extra)
    if exc is not None:
        record.exc_info = (type(exc), exc, exc.__traceback__)
    return FORMATTER.format(record)


def raised(make):
    try:
        make()
    except Exception as exc:
        return exc
    raise AssertionError


def nested():
    try:
        raise KeyError("Anna Andersson")
    except KeyError as exc:
        raise RuntimeError("could not save Anna Andersson") from exc


def test_an_exception_leaves_its_types_and_places_but_no_message():
    text = line("it failed", exc=raised(nested))
    assert "Anna" not in text
    assert "builtins.RuntimeError" in text
    assert "caused by builtins.KeyError" in text
    assert "in nested" in text
    assert "test_logs.py:" in text


def test_an_exception_among_the_arguments_is_named_by_its_type():
    assert line("lost: %s", ValueError("Anna")) == "ERROR anything lost: ValueError"
    assert line("lost: %(why)s", {"why": ValueError("Anna")}) == "ERROR anything lost: ValueError"
    assert line(ValueError("Anna")) == "ERROR anything ValueError"


def test_a_text_that_another_formatter_kept_is_not_used():
    text = line("it failed", exc=raised(nested), exc_text="Traceback …\nRuntimeError: Anna Andersson")
    assert "Anna" not in text


def test_an_exception_that_is_its_own_cause_does_not_hang():
    exc = raised(nested)
    exc.__cause__.__context__ = exc
    assert "caused by" in line("it failed", exc=exc)


@pytest.mark.parametrize(
    "text",
    [
        "SE0000000000-1005",
        "se0000000000-e1",
        "TSTNMT0000000000-105N",
        "19121212-1212",
        "121212-1212",
        "121212+1212",
    ],
)
def test_identifiers_are_taken_out_of_every_line(text):
    assert line("case of %s, again", text) == "ERROR anything case of [removed], again"


@pytest.mark.parametrize(
    "text",
    [
        "2026-07-01 12:30:00,123 attempt 3",
        "case 2026-000123",
        "task 6f1c7c1e-7d0b-4f4e-9a52-0a4f2f1f0b7e",
        "127.0.0.1:8000",
    ],
)
def test_what_is_nobodys_identifier_stays(text):
    assert text in line("%s", text)


def test_the_queues_line_about_a_failed_task_is_written_anew():
    exc = raised(nested)
    data = {"name": "some.task", "id": "1", "exc": repr(exc), "args": "('Anna',)", "traceback": "Anna"}
    text = line("Task %(name)s raised: %(exc)s %(args)s", data, exc=exc, name="celery.app.trace", data=data)
    assert text.startswith("ERROR celery.app.trace task some.task 1 failed: RuntimeError")
    assert "Anna" not in text


def test_every_handler_of_ours_writes_by_it(settings):
    formatters = settings.LOGGING["formatters"]
    for handler in settings.LOGGING["handlers"].values():
        assert formatters[handler["formatter"]]["()"] == "config.logs.DiscreetFormatter"


def test_times_are_utc_and_say_so():
    record = logging.LogRecord("anything", logging.INFO, "file.py", 1, "text", (), None)
    record.created, record.msecs = 0.5, 500.0
    assert DiscreetFormatter("{asctime}", style="{").format(record) == "1970-01-01T00:00:00.500Z"


@pytest.mark.parametrize("text", ["GET /kalender/Xy-_0123456789.ics 200", "Not Found: /kalender/Xy.ics"])
def test_the_secret_of_a_calendar_feed_is_taken_out(text):
    assert "Xy" not in line(text)
    assert "/kalender/[removed].ics" in line("%s", text)
