"""The operators' check: everything the tool needs of a directory tried once, in plain words."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from provisioning.directory.layout import Administrators, Layout
from provisioning.directory.ldap import filters
from provisioning.directory.ldap.connection import Entry
from provisioning.directory.ldap.troubles import Trouble, trouble_of
from provisioning.directory.reading import mapping
from provisioning.directory.reading.entries import EntryPlace, Lookups
from provisioning.directory.reading.readability import Readability
from provisioning.errors import DirectoryError
from provisioning.rules.hsa import HsaId

SENTENCES: dict[Trouble, Promise] = {
    Trouble.ADDRESS: _("DIRECTORY_URL is not an LDAP address. It begins with ldaps:// or ldap://."),
    Trouble.UNPROTECTED: _(
        "Plain LDAP to another machine would show the password to the network. "
        "Use ldaps:// or set DIRECTORY_STARTTLS."
    ),
    Trouble.NO_CONNECTION: _(
        "No connection. Is the address right, is the server up, and does a firewall let us through?"
    ),
    Trouble.SILENT: _("The server takes the connection but does not answer in time."),
    Trouble.CERTIFICATE: _(
        "The server's certificate is not accepted. Check DIRECTORY_CA_FILE, and that DIRECTORY_URL "
        "names the server as the certificate does."
    ),
    Trouble.CLIENT_CERTIFICATE: _(
        "The server demands a certificate of ours, or does not accept the one it got. "
        "Check DIRECTORY_CERT_FILE and DIRECTORY_KEY_FILE."
    ),
    Trouble.OWN_CERTIFICATE: _(
        "DIRECTORY_CERT_FILE or DIRECTORY_KEY_FILE cannot be read, or they do not belong together."
    ),
    Trouble.TLS: _("The server does not offer StartTLS. Use ldaps://, or ask its operators."),
    Trouble.CREDENTIALS: _(
        "The account or its password is not accepted. Check DIRECTORY_BIND_DN and DIRECTORY_BIND_PASSWORD."
    ),
    Trouble.BIND_NAME: _(
        "DIRECTORY_BIND_DN is not a distinguished name. It looks like cn=account,ou=Accounts,o=Region."
    ),
    Trouble.BLANK_SECRET: _("DIRECTORY_BIND_PASSWORD is empty or blank."),
    Trouble.PROTECTION: _(
        "The server wants TLS or another way to log in. Use ldaps:// or DIRECTORY_STARTTLS, "
        "or ask its operators."
    ),
    Trouble.NOT_ALLOWED: _("The account may not do this. Its access rules must be widened."),
    Trouble.BUSY: _("The server is busy. Try again later."),
    Trouble.CUT_SHORT: _("The server cut the answer short. The account needs a higher size limit."),
    Trouble.ELSEWHERE: _("The server refers to another server. Referrals are not followed."),
    Trouble.NO_BASE: _(
        "The search base does not exist, or the account may not see it. "
        "Check DIRECTORY_PERSON_BASE and DIRECTORY_UNIT_BASE."
    ),
    Trouble.HIDDEN: _("The account may not read an attribute that the tool needs."),
    Trouble.DUPLICATE: _("Two entries have the same HSA-id."),
    Trouble.OTHER: _("The server gave an answer the tool does not understand."),
}


@dataclass(frozen=True, slots=True)
class CheckStep:
    """One thing tried: what, whether it went well, what to know, and how long it took."""

    name: str | Promise
    is_ok: bool
    sentence: str | Promise = ""
    detail: str = ""
    milliseconds: float = 0.0


@dataclass
class CheckReport:
    """All that was tried, in order."""

    steps: list[CheckStep] = field(default_factory=list)

    @property
    def is_ok(self) -> bool:
        return all(step.is_ok for step in self.steps)


def check(
    lookups: Lookups, readability: Readability, *, person_id: HsaId | None, unit_id: HsaId | None
) -> CheckReport:
    """Connect, bind, look for the bases, read a person, a unit and a commission, attribute by attribute."""
    checking = _Checking(lookups, readability)
    layout = lookups.layout
    if not checking.attempt(_("Connect and log in"), lambda: _opened(lookups)):
        return checking.report
    for setting, place in (
        ("DIRECTORY_PERSON_BASE", EntryPlace.PERSONS),
        ("DIRECTORY_UNIT_BASE", EntryPlace.UNITS),
    ):
        checking.attempt(setting, functools.partial(_bases, lookups, place))
    checking.sample(_("A person"), EntryPlace.PERSONS, layout.person_classes, person_id, _of_person(layout))
    checking.sample(_("A unit"), EntryPlace.UNITS, _unit_classes(layout), unit_id, _of_unit(layout))
    checking.sample(
        _("A commission"), EntryPlace.UNITS, layout.commission_classes, None, _of_commission(layout)
    )
    _administrators(checking, layout)
    return checking.report


def _administrators(checking: _Checking, layout: Layout) -> None:
    """Who administers what: without it nobody is asked to carry anything out."""
    if layout.administrators is Administrators.GROUP:
        groups = filters.all_of(
            filters.class_is(layout.admin_group_classes), filters.equals("cn", layout.admin_group_name)
        )
        needed = [layout.admin_group_members]
        checking.sample_found_by(_("A group of KIV administrators"), EntryPlace.UNITS, groups, needed)
        return
    needed = [layout.managed_objects, layout.admin_type]
    holders = filters.present(layout.managed_objects)
    name = _("A KIV administrator")
    checking.sample_found_by(name, EntryPlace.PERSONS, holders, needed, by=layout.managed_objects)


class _Checking:
    def __init__(self, lookups: Lookups, readability: Readability):
        self._lookups = lookups
        self._readability = readability
        self.report = CheckReport()

    def attempt(self, name: str | Promise, work: Callable[[], str]) -> bool:
        """Do it, time it, and write down how it went; `work` returns a detail worth showing."""
        begun_at = time.perf_counter()
        sentence: str | Promise = ""
        try:
            detail, is_ok = work(), True
        except DirectoryError as error:
            detail, is_ok = trouble_of(error).value, False
            sentence = SENTENCES[trouble_of(error)]
        spent = (time.perf_counter() - begun_at) * 1000
        self.report.steps.append(CheckStep(name, is_ok, sentence, detail, spent))
        return is_ok

    def sample(
        self,
        name: str | Promise,
        place: EntryPlace,
        classes: Iterable[str],
        wanted_id: HsaId | None,
        needed: list[str],
    ) -> None:
        """Read one entry of this kind, then ask of each needed attribute whether we may read it."""
        searched = filters.class_is(classes)
        if wanted_id is not None:
            searched = filters.equals(self._lookups.layout.hsa_identity, wanted_id.bare)
        self.sample_found_by(name, place, searched, needed)

    def sample_found_by(
        self, name: str | Promise, place: EntryPlace, searched: str, needed: list[str], *, by: str = ""
    ) -> None:
        """The same of the first entry that the filter finds. `by`: the attribute that it is found by."""
        found: list[Entry] = []

        def look() -> str:
            found.extend(self._lookups.search_some(place, searched, needed, limit=1).entries)
            return found[0].dn if found else ""

        if not self.attempt(name, look):
            return
        if not found and by and not self._is_searchable(place, by):
            self.report.steps.append(CheckStep(by, False, SENTENCES[Trouble.HIDDEN]))
            return
        if not found:
            sentence = _(
                "No such entry was found. Check the bases, the classes in DIRECTORY_LAYOUT and the id."
            )
            self.report.steps.append(CheckStep(name, False, sentence))
            return
        for attribute in needed:
            self._attribute(found[0], attribute)

    def _is_searchable(self, place: EntryPlace, attribute: str) -> bool:
        try:
            return self._readability.is_searchable(place, self._lookups.layout.person_classes, attribute)
        except DirectoryError:
            return True  # then nothing is known of it

    def _attribute(self, entry: Entry, attribute: str) -> None:
        begun_at = time.perf_counter()
        try:
            is_hidden = bool(self._readability.hidden(entry, "check", [attribute], afresh=True))
        except DirectoryError as error:
            self.report.steps.append(CheckStep(attribute, False, SENTENCES[trouble_of(error)]))
            return
        spent = (time.perf_counter() - begun_at) * 1000
        sentence = SENTENCES[Trouble.HIDDEN] if is_hidden else ""
        detail = "" if is_hidden or entry.values(attribute) else "–"
        self.report.steps.append(CheckStep(attribute, not is_hidden, sentence, detail, spent))


def _opened(lookups: Lookups) -> str:
    connections = lookups.connections
    connections.close()
    contexts = ", ".join(connections.root_dse("namingContexts").values("namingContexts"))
    return f"{connections.url}: {contexts}" if connections.has_several_addresses else contexts


def _bases(lookups: Lookups, place: EntryPlace) -> str:
    bases = lookups.bases(place)
    for base_dn in bases:
        lookups.search_base(base_dn)
    return ", ".join(bases)


def _unit_classes(layout: Layout) -> tuple[str, ...]:
    return (*layout.care_unit_classes, *layout.unit_classes)


def _of_person(layout: Layout) -> list[str]:
    return [*_named(mapping.person_attributes(layout), layout), *layout.same_human]


def _of_unit(layout: Layout) -> list[str]:
    return _named(mapping.organisation_attributes(layout), layout)


def _of_commission(layout: Layout) -> list[str]:
    return _named(mapping.commission_attributes(layout), layout)


def _named(attributes: list[str], layout: Layout) -> list[str]:
    """The attributes rules depend on; names and marks are a matter of looks."""
    looks = {*layout.person_name, *layout.given_name, *layout.surname, *layout.unit_name, *layout.mail}
    looks |= {*layout.provider_name, *layout.org_no, *layout.protected_marks, *layout.commission_name, "cn"}
    return [name for name in attributes if name not in looks]
