"""What must hold for every directory, not only for those somebody thought of (Hypothesis)."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.rules.assessment.assess import Assessment, assess
from provisioning.rules.causes import DIRECTORY_CODES, Code
from provisioning.rules.hsa import (
    Answer,
    Commission,
    HsaId,
    Level,
    OrderedAccess,
    Part,
    Person,
    Problem,
    RawPeriod,
    Reading,
    Service,
)
from provisioning.rules.services import catalogue, intygsstatistik, rehabstod
from tests.rules import build
from tests.rules.build import (
    ABROAD,
    ANNA,
    ANNA_TOO,
    CARE,
    FUTURE,
    LEADER,
    NORTH,
    NORTH_EAST,
    NOW,
    NOWHERE,
    OTHER_REGION,
    PAST,
    REGION,
    REHAB_NORTH,
    SOUTH,
    STATISTICS,
    TODAY,
    commission,
    person,
    provider,
    reading,
    unit,
)

QUICK = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])

NEVER_ASKED = HsaId("SE0000000000-U777")
WEST = HsaId("SE0000000000-U004")  # a unit nothing else in the tests is about

periods = st.sampled_from(
    [RawPeriod()] * 6 + [RawPeriod(None, PAST), RawPeriod(FUTURE, None), RawPeriod("?", None)]
)
members = st.sampled_from(
    [f"{ANNA};;", f"{ANNA};;", f"{ANNA};;{PAST}", f"{ANNA};{FUTURE};", f"{ANNA};?;", f"{ANNA_TOO};;"]
)
roles = st.sampled_from(
    [
        REHAB_NORTH,
        REHAB_NORTH,
        REHAB_NORTH.lower(),
        f" {REHAB_NORTH}",
        f"Rehab-{NORTH}",
        f"INTYG;Rehab-{NORTH_EAST}",
        f"INTYG;Rehab-{SOUTH}",
        f"INTYG;Rehab-{REGION}",
        f"INTYG;Rehab-{NOWHERE}",
        f"INTYG;Rehab-{NEVER_ASKED}",
        LEADER,
        LEADER.lower(),
        f"INTYG;Statistik-{OTHER_REGION}",
        f"INTYG;Statistik-{NORTH}",
        f"INTYG;Statistik-{NEVER_ASKED}",
        "INTYG;Statistik-",
        "BIF;Loggadministratör",
        ";",
    ]
)


@st.composite
def persons(draw: st.DrawFn, hsa_id: HsaId = ANNA) -> Person:
    who = person(hsa_id, *draw(st.lists(roles, max_size=3)), doctor=draw(st.booleans()))
    return replace(who, period=draw(periods), is_archived=draw(st.sampled_from([False] * 7 + [True])))


@st.composite
def commission_lists(draw: st.DrawFn) -> tuple[Commission, ...]:
    found = []
    for number in range(draw(st.integers(0, 4))):
        place = draw(
            st.sampled_from([NORTH] * 4 + [NORTH_EAST, SOUTH, ABROAD, NOWHERE, NEVER_ASKED, REGION, None])
        )
        plain = commission(
            place,
            *draw(st.lists(members, min_size=1, max_size=2)),
            purpose=draw(
                st.sampled_from([CARE, CARE, STATISTICS, STATISTICS, CARE.upper(), f" {STATISTICS}", None])
            ),
            number=number,
            is_under_provider=place == REGION,
            name=draw(st.sampled_from(["Uppdrag"] * 6 + [" "])),
            rights=draw(st.sampled_from([("Läsa;alla;SJF",), ("Läsa;alla;VE",), ("Läsa",), ()])),
        )
        is_empty = draw(st.sampled_from([False, False, True]))
        found.append(build.empty(plain) if is_empty else plain)
    return tuple(found)


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    """A reading without gaps, but for ids nobody asked for."""
    sub_ids = draw(st.sampled_from([(), (NORTH_EAST,), (NORTH_EAST,)]))
    units = [
        unit(
            NORTH,
            member_ids=sub_ids,
            period=draw(periods),
            provider=draw(st.sampled_from([REGION] * 5 + [None])),
        ),
        unit(NORTH_EAST, period=draw(periods)),
        unit(SOUTH, member_ids=draw(st.sampled_from([(), (NORTH_EAST,)]))),
        unit(WEST),
    ]
    return reading(
        draw(st.none() | persons() | persons() | persons()),
        *draw(commission_lists()),
        units=units,
        providers=[provider(REGION, period=draw(periods))],
        others=draw(st.lists(persons(ANNA_TOO), max_size=1)),
    )


orders = st.builds(
    OrderedAccess,
    st.just(ANNA),
    st.sampled_from(Service),
    st.sampled_from(Level),
    st.sampled_from([NORTH] * 3 + [NORTH_EAST, SOUTH, REGION, REGION, NOWHERE, NEVER_ASKED]),
)

# What could be in the way, given the order: everything about WEST, and the other service's roles.
unrelated = st.sampled_from(
    [
        "role on another unit",
        "role of the other service",
        "role of another system",
        "commission on another unit",
        "commission of another purpose",
        "membership of somebody else",
        "another identity",
        "another unit and provider",
    ]
)


def add_unrelated(kind: str, ordered: OrderedAccess, seen: Reading) -> Reading:
    is_rehab = ordered.service is Service.REHABSTOD
    extra_role = {
        "role on another unit": f"INTYG;Rehab-{WEST}" if is_rehab else f"INTYG;Statistik-{OTHER_REGION}",
        "role of the other service": f"INTYG;Statistik-{NORTH}" if is_rehab else f"INTYG;Rehab-{NOWHERE}",
        "role of another system": "BIF;Loggadministratör",
    }.get(kind)
    extra_commission = {
        "commission on another unit": commission(WEST, number=90, purpose=catalogue.purpose(ordered.service)),
        "commission of another purpose": commission(NORTH, number=91, purpose="Administration"),
        "membership of somebody else": commission(WEST, "SE0000000000-P555;;", number=92),
    }.get(kind)
    if extra_role is not None and seen.person is not None:
        more = (*seen.person.system_roles, extra_role)
        return replace(seen, person=replace(seen.person, system_roles=more))
    if extra_commission is not None:
        return replace(seen, commissions=(*seen.commissions, extra_commission))
    if kind == "another identity":
        return replace(seen, other_identities=(*seen.other_identities, person(HsaId("SE0000000000-P902"))))
    new_id = HsaId("SE0000000000-X001")
    return replace(
        seen,
        units={**seen.units, new_id: unit(new_id)},
        providers={**seen.providers, new_id: provider(new_id)},
    )


@QUICK
@given(orders, readings(), unrelated)
def test_an_unrelated_entry_never_changes_the_answer(ordered: OrderedAccess, seen: Reading, kind: str):
    before, after = (
        assess(ordered, seen, on=TODAY),
        assess(ordered, add_unrelated(kind, ordered, seen), on=TODAY),
    )
    assert after.answer is before.answer
    assert after.changes == before.changes
    assert {cause.code for cause in before.causes} <= {cause.code for cause in after.causes}


@QUICK
@given(orders, readings())
def test_the_changes_give_the_access_exactly_when_the_assessment_says_so(
    ordered: OrderedAccess, seen: Reading
):
    before = assess(ordered, seen, on=TODAY)
    after = assess(ordered, build.apply(before.changes, seen), on=TODAY)
    assert (after.answer is Answer.YES) is (before.answer is Answer.YES or before.can_be_granted_by_changes)


@QUICK
@given(orders, readings(), st.booleans(), st.booleans())
def test_what_lacks_only_role_or_coupling_is_granted_by_the_changes(
    ordered: OrderedAccess, seen: Reading, lacks_role: bool, lacks_coupling: bool
):
    """Take a working access, take away the role, the coupling or both, and make the proposed changes."""
    if assess(ordered, seen, on=TODAY).answer is not Answer.YES:
        return
    assert seen.person is not None
    less = seen
    if lacks_role:
        less = replace(less, person=replace(seen.person, system_roles=()))
    if lacks_coupling:
        uncoupled = tuple(
            replace(found, couplings=tuple(c for c in found.couplings if c.person_id != ANNA))
            for found in seen.commissions
        )
        less = replace(less, commissions=uncoupled)
    lacking = assess(ordered, less, on=TODAY)
    assert lacking.answer is Answer.YES or lacking.can_be_granted_by_changes
    assert assess(ordered, build.apply(lacking.changes, less), on=TODAY).answer is Answer.YES


@QUICK
@given(orders, readings())
def test_a_yes_is_a_login_that_shows_what_was_ordered(ordered: OrderedAccess, seen: Reading):
    verdict = assess(ordered, seen, on=TODAY)
    assert (verdict.answer is Answer.YES) is (verdict.causes == ())
    if verdict.answer is not Answer.YES:
        return
    assert verdict.login.answer is Answer.YES
    assert verdict.changes == ()
    shown = {access.id: access for access in verdict.login.units}
    if ordered.service is Service.INTYGSSTATISTIK:
        provider_ids = {REGION, OTHER_REGION}
        assert verdict.effective_unit_id in shown or provider_ids & set(shown)
        if ordered.level is Level.PROVIDER:
            assert shown[ordered.unit_id].role == intygsstatistik.PROCESSLEDARE
        return
    access = shown[verdict.effective_unit_id]
    if ordered.level is Level.UNIT and ordered.unit_id not in access.coordinated_sub_unit_ids:
        assert access.role == rehabstod.REHABKOORDINATOR


@QUICK
@given(orders, readings(), st.randoms(use_true_random=False))
def test_the_order_of_values_in_the_directory_does_not_matter(ordered: OrderedAccess, seen: Reading, random):
    def shuffled(values):
        return tuple(random.sample(values, len(values)))

    turned = replace(
        seen,
        commissions=shuffled(seen.commissions),
        units=dict(shuffled(tuple(seen.units.items()))),
        person=seen.person and replace(seen.person, system_roles=shuffled(seen.person.system_roles)),
    )
    assert assess(ordered, turned, on=TODAY) == assess(ordered, seen, on=TODAY)


# Gaps: every reading with a hole, against the full reading it is a part of.


@st.composite
def with_holes(draw: st.DrawFn) -> tuple[Reading, Reading]:
    """A full reading, and what came through of it when some parts were not read completely."""
    full = draw(readings())
    parts = draw(st.sets(st.sampled_from(Part), min_size=1, max_size=3))
    partial = full
    for part in sorted(parts):
        partial = HIDE[part](draw, partial)
    codes = st.sampled_from(sorted(DIRECTORY_CODES))
    problems = tuple(Problem(draw(codes), part) for part in sorted(parts))
    return full, replace(partial, problems=problems)


def hide_person(draw: st.DrawFn, seen: Reading) -> Reading:
    if seen.person is None or draw(st.booleans()):
        return replace(seen, person=None)
    return replace(seen, person=replace(seen.person, period=RawPeriod(), is_archived=False))


def hide_roles(draw: st.DrawFn, seen: Reading) -> Reading:
    if seen.person is None:
        return seen
    kept = tuple(role for role in seen.person.system_roles if draw(st.booleans()))
    return replace(seen, person=replace(seen.person, system_roles=kept))


def hide_profession(draw: st.DrawFn, seen: Reading) -> Reading:
    return replace(seen, person=seen.person and replace(seen.person, titles=()))


def hide_identities(draw: st.DrawFn, seen: Reading) -> Reading:
    return replace(seen, other_identities=())


def hide_commissions(draw: st.DrawFn, seen: Reading) -> Reading:
    kept = []
    for found in seen.commissions:
        how = draw(st.sampled_from(["kept", "gone", "members", "purpose", "name"]))
        if how == "members":
            found = build.empty(found)
        elif how == "purpose":
            found = replace(found, purpose=None)
        elif how == "name":
            found = replace(found, name="")
        if how != "gone":
            kept.append(found)
    return replace(seen, commissions=tuple(kept))


def hide_unit_commissions(draw: st.DrawFn, seen: Reading) -> Reading:
    drops_empty: bool = draw(st.booleans())
    kept = [found for found in seen.commissions if found.couplings or not drops_empty]
    return replace(seen, commissions=tuple(kept))


def hide_units(draw: st.DrawFn, seen: Reading) -> Reading:
    units = dict(seen.units)
    for hsa_id, found in seen.units.items():
        how = draw(st.sampled_from(["kept", "none", "unasked", "dates", "members", "provider"]))
        if how == "unasked":
            del units[hsa_id]
        elif how == "none" or found is None:
            units[hsa_id] = None
        elif how == "dates":
            units[hsa_id] = replace(found, period=RawPeriod(), is_archived=False)
        elif how == "members":
            units[hsa_id] = replace(found, member_ids=())
        elif how == "provider":
            units[hsa_id] = replace(found, provider_id=None)
    parents = {
        hsa_id: tuple(
            entry
            for above in listed
            if (entry := units.get(above.hsa_id)) is not None and hsa_id in entry.member_ids
        )
        for hsa_id, listed in seen.parents.items()
    }
    return replace(seen, units=units, parents=parents)


def hide_providers(draw: st.DrawFn, seen: Reading) -> Reading:
    providers = dict(seen.providers)
    for hsa_id, found in seen.providers.items():
        how = draw(st.sampled_from(["kept", "none", "unasked", "dates"]))
        if how == "unasked":
            del providers[hsa_id]
        elif how == "none" or found is None:
            providers[hsa_id] = None
        elif how == "dates":
            providers[hsa_id] = replace(found, period=RawPeriod())
    return replace(seen, providers=providers)


HIDE = {
    Part.PERSON: hide_person,
    Part.SYSTEM_ROLES: hide_roles,
    Part.PROFESSION: hide_profession,
    Part.IDENTITIES: hide_identities,
    Part.COMMISSIONS: hide_commissions,
    Part.UNIT_COMMISSIONS: hide_unit_commissions,
    Part.UNITS: hide_units,
    Part.PROVIDERS: hide_providers,
}


def test_every_part_can_be_hidden():
    assert set(HIDE) == set(Part)


@settings(QUICK, max_examples=800)
@given(orders, with_holes())
def test_a_reading_with_holes_never_says_what_the_full_one_denies(
    ordered: OrderedAccess, both: tuple[Reading, Reading]
):
    full, partial = both
    seen, known = assess(ordered, partial, on=TODAY), assess(ordered, full, on=TODAY)
    assert seen.answer in (Answer.UNKNOWN, known.answer)
    assert seen.login.answer in (Answer.UNKNOWN, known.login.answer)
    if seen.answer is Answer.UNKNOWN:
        assert {cause.code for cause in seen.causes} & (
            DIRECTORY_CODES
            | {Code.COMMISSION_DATE_UNREADABLE, Code.ROLE_UNIT_IN_STATISTIK, Code.ROLE_UNKNOWN_ID}
        )


@QUICK
@given(orders, readings(), st.sets(st.sampled_from([NORTH, NORTH_EAST, SOUTH, REGION, OTHER_REGION])))
def test_ids_never_asked_for_are_never_taken_for_absent(
    ordered: OrderedAccess, full: Reading, unasked: set[HsaId]
):
    partial = replace(
        full,
        units={hsa_id: found for hsa_id, found in full.units.items() if hsa_id not in unasked},
        providers={hsa_id: found for hsa_id, found in full.providers.items() if hsa_id not in unasked},
    )
    seen, known = assess(ordered, partial, on=TODAY), assess(ordered, full, on=TODAY)
    assert seen.answer in (Answer.UNKNOWN, known.answer)
    assert seen.login.answer in (Answer.UNKNOWN, known.login.answer)


@QUICK
@given(orders, st.sampled_from(sorted(DIRECTORY_CODES)))
def test_a_failed_reading_decides_nothing_but_what_needs_no_directory(ordered: OrderedAccess, code: str):
    verdict = assess(ordered, Reading.failed(ANNA, code, read_at=NOW), on=TODAY)
    is_offered = ordered.level in catalogue.levels(ordered.service)
    assert verdict.answer is (Answer.UNKNOWN if is_offered else Answer.NO)
    assert verdict.changes == ()


texts = st.text(max_size=30) | st.text(alphabet="INTYGREHABintygrehab;- SE0123456789\u200b\n", max_size=40)


@QUICK
@given(orders, texts, texts, texts, texts)
def test_whatever_stands_in_the_directory_nothing_raises(ordered: OrderedAccess, role, purpose, start, end):
    period = RawPeriod(start, end)
    who = person(
        ANNA, role, f"INTYG;Rehab-{role}", f"INTYG;Statistik-{role}", period=period, titles=(purpose,)
    )
    seen = reading(
        who,
        commission(NORTH, f"{ANNA};{start};{end}", purpose=purpose, rights=(role,), name=purpose),
        units=[unit(NORTH, member_ids=(HsaId(role),), period=period)],
        providers=[provider(REGION, period=period)],
    )
    assert isinstance(assess(ordered, seen, on=TODAY), Assessment)
    for value in (role, f"INTYG;Rehab-{role}"):
        assert all(named.text for named in catalogue.ids_named_in(value))
