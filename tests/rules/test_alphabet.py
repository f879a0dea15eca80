"""Names stand where a Swede looks for them."""

from __future__ import annotations

import unicodedata

from provisioning.rules.alphabet import place_of


def test_swedish_letters_come_last_and_in_their_order():
    names = ["Zetterberg", "Åberg", "Ärla", "Öberg"]
    assert sorted(["Öberg", "Ärla", "Åberg", "Zetterberg"], key=place_of) == names
    assert sorted(["Öberg", "åberg", "ÄRLA", "Zetter"], key=place_of) == ["Zetter", "åberg", "ÄRLA", "Öberg"]


def test_accents_and_case_do_not_move_a_name():
    assert place_of("André") == place_of("andre") < place_of("Andrea")
    assert place_of("Ångström") == place_of(unicodedata.normalize("NFD", "Ångström"))
    assert place_of("Sørensen") == place_of("Sörensen")
    assert place_of("") == ""
