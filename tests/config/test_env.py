"""A wrong or missing variable stops the start and is named."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import Env


@pytest.mark.parametrize(
    ("word", "value"),
    [("1", True), ("TRUE", True), ("on", True), ("0", False), ("No", False), ("off", False)],
)
def test_a_flag_understands_the_usual_words(word, value):
    assert Env({"FLAG": word}).bool("FLAG", not value) is value


@pytest.mark.parametrize("word", ["ja", "2", "truee", "False!"])
def test_a_flag_that_is_not_understood_is_refused_and_never_false(word):
    with pytest.raises(ImproperlyConfigured, match="FLAG"):
        Env({"FLAG": word}).bool("FLAG", True)


def test_a_missing_variable_without_default_is_refused_by_name():
    for read in (Env({}).str, Env({}).int, Env({}).bool, Env({}).list, Env({}).secret, Env({}).json_object):
        with pytest.raises(ImproperlyConfigured, match="WANTED"):
            read("WANTED")


def test_a_blank_variable_counts_as_not_set():
    assert Env({"WORD": "  "}).str("WORD", "default") == "default"
    assert not Env({"WORD": " "}).is_set("WORD")
    with pytest.raises(ImproperlyConfigured, match="WORD must be set"):
        Env({"WORD": ""}).str("WORD")


@pytest.mark.parametrize("text", ["ten", "1.5", "0", "11", "-3"])
def test_a_number_outside_its_limits_is_refused_by_name(text):
    with pytest.raises(ImproperlyConfigured, match="NUMBER"):
        Env({"NUMBER": text}).int("NUMBER", at_least=1, at_most=10)


def test_a_number_inside_its_limits_is_read():
    assert [Env({"NUMBER": text}).int("NUMBER", at_least=1, at_most=10) for text in ("1", " 10 ")] == [1, 10]


def test_a_choice_outside_its_options_is_refused_and_the_options_are_told():
    with pytest.raises(ImproperlyConfigured, match="MODE='prod': must be one of demo, production"):
        Env({"MODE": "prod"}).choice("MODE", ("demo", "production"), "demo")


def test_lists_leave_out_blanks():
    assert Env({"NAMES": " a, ,b,"}).list("NAMES") == ["a", "b"]
    assert Env({"STEPS": "5, 15"}).ints("STEPS") == (5, 15)


@pytest.mark.parametrize("text", ["5,,15", "5,x", "0,5", "-1"])
def test_a_list_of_numbers_with_something_else_in_it_is_refused(text):
    with pytest.raises(ImproperlyConfigured, match="STEPS"):
        Env({"STEPS": text}).ints("STEPS")


@pytest.mark.parametrize("text", ["[1]", "{", '"text"'])
def test_only_a_json_object_is_an_object(text):
    with pytest.raises(ImproperlyConfigured, match="LAYOUT"):
        Env({"LAYOUT": text}).json_object("LAYOUT")


def test_a_secret_comes_from_its_variable_or_from_its_file(tmp_path):
    file = tmp_path / "secret"
    file.write_text("from the file\n")
    assert Env({"KEY": "as given "}).secret("KEY") == "as given "
    assert Env({"KEY_FILE": str(file)}).secret("KEY") == "from the file"


def test_a_secret_given_twice_is_refused(tmp_path):
    file = tmp_path / "secret"
    file.write_text("one")
    with pytest.raises(ImproperlyConfigured, match="KEY and KEY_FILE"):
        Env({"KEY": "other", "KEY_FILE": str(file)}).secret("KEY")


def test_a_missing_or_empty_secret_file_is_refused_despite_a_default(tmp_path):
    empty = tmp_path / "empty"
    empty.write_text("\n")
    for path in (empty, tmp_path / "missing"):
        with pytest.raises(ImproperlyConfigured, match="KEY_FILE"):
            Env({"KEY_FILE": str(path)}).secret("KEY", "default")


def test_no_error_shows_a_secret(tmp_path):
    file = tmp_path / "secret"
    file.write_text("hush-1")
    with pytest.raises(ImproperlyConfigured) as caught:
        Env({"KEY": "hush-2", "KEY_FILE": str(file)}).secret("KEY")
    assert "hush" not in str(caught.value)


def test_every_name_that_was_asked_for_is_remembered():
    env = Env({})
    env.str("A", "")
    env.secret("B", "")
    env.is_set("C")
    assert env.names == {"A", "B", "B_FILE", "C"}
