"""Why a log-in was refused: a stable code for audit and tests, and words that say what to do now."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from provisioning.errors import ProvisioningError

Text = str | Promise


class LoginRefused(ProvisioningError):
    """Nobody is logged in. `code` is one of the codes below; it never holds anything personal."""

    code = "login.refused"

    def __init__(self, *, code: str | None = None, id_token: str = ""):
        super().__init__(code=code)
        self.id_token = id_token  # where the provider did say who it is, but that was not enough


class ProviderUnavailable(LoginRefused):
    """The provider does not answer, or not in a way that can be used. Trying again may help."""

    code = "login.provider_unavailable"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the person reads: what happened, what to do, and whether another card may help."""

    heading: Text
    message: Text
    advice: Text
    status: int = 403
    may_change_card: bool = False


_ASK_KIV = _("Ask your KIV administrator. Nothing is lost: you can log in as soon as it has been put right.")
_AGAIN = _("Try again. If it happens again, tell your support at what time it happened.")

_NOT_TRUSTED = Explanation(
    _("The log-in could not be trusted"),
    _("The answer from the log-in service did not pass our checks, so nobody has been logged in."),
    _AGAIN,
)
_OVER = Explanation(
    _("The log-in took too long or was already used"),
    _("Each log-in can be used once and within ten minutes. Nobody has been logged in."),
    _("Start again from here. If you logged in from a bookmark, use the address of the start page instead."),
)
_NO_PROVIDER = Explanation(
    _("The log-in service does not answer"),
    _("Right now nobody can log in here. Nothing has been lost, and work that is under way goes on."),
    _("Try again in a few minutes."),
    status=503,
)
_NO_DIRECTORY = Explanation(
    _("The directory does not answer"),
    _("Your card was accepted, but the directory that says who you are here does not answer right now."),
    _("Try again in a few minutes. You do not need to do anything else."),
    status=503,
)

EXPLANATIONS: dict[str, Explanation] = {
    "login.state_unknown": _OVER,
    "login.code_refused": _OVER,
    "login.cancelled": Explanation(
        _("You cancelled the log-in"),
        _("The log-in service says that the log-in was cancelled, so nobody has been logged in."),
        _("Start again when you want to."),
    ),
    "login.provider_refused": Explanation(
        _("The log-in service refused the log-in"),
        _("The log-in service did not let the log-in through."),
        _("Try again. If it happens again, ask your support whether your card is valid."),
        may_change_card=True,
    ),
    "login.provider_unavailable": _NO_PROVIDER,
    "login.token_invalid": _NOT_TRUSTED,
    "login.wrong_issuer": _NOT_TRUSTED,
    "login.wrong_audience": _NOT_TRUSTED,
    "login.wrong_nonce": _NOT_TRUSTED,
    "login.token_expired": _NOT_TRUSTED,
    "login.acr_too_low": Explanation(
        _("A stronger log-in is needed"),
        _("You logged in in a way that is not strong enough for this tool."),
        _("Log in with your e-service card (SITHS), or with a mobile one of the same level of assurance."),
        may_change_card=True,
    ),
    "login.not_proved_again": Explanation(
        _("Your card was not shown again"),
        _("You are still logged in, but your decision has not been sent."),
        _("Go back to the page. What you filled in is still there, and you can send it again."),
    ),
    "login.another_person": Explanation(
        _("That was another person's card"),
        _("You are still logged in, but the card that was shown is not yours. Nothing has been sent."),
        _("Go back to the page and show your own card. What you filled in is still there."),
    ),
    "login.hsa_id_missing": Explanation(
        _("Your card has no HSA-id"),
        _("The log-in went well, but it gave no HSA-id for you, and here everybody needs one."),
        _("Log in with the card of your employment. If you used it, ask your KIV administrator to check "
          "that you have an HSA-id and that the card was ordered for it."),
        may_change_card=True,
    ),
    "login.hsa_id_malformed": Explanation(
        _("Your HSA-id cannot be read"),
        _("The log-in service gave something that does not have the form of an HSA-id."),
        _ASK_KIV,
        may_change_card=True,
    ),
    "person.missing": Explanation(
        _("You are not in the directory"),
        _("The log-in went well, but the directory has no person with the HSA-id of your card."),
        _ASK_KIV,
        may_change_card=True,
    ),
    "person.ended": Explanation(
        _("Your employment is over, says the directory"),
        _("The log-in went well, but the directory says that your employment has ended."),
        _ASK_KIV,
        may_change_card=True,
    ),
    "person.archived": Explanation(
        _("Your entry in the directory is archived"),
        _("The log-in went well, but the directory says that your entry is no longer in use."),
        _ASK_KIV,
        may_change_card=True,
    ),
    "user.inactive": Explanation(
        _("You are shut out of this tool"),
        _("Those who run the tool have closed your account here."),
        _("Ask them if you think that it is a mistake."),
        may_change_card=True,
    ),
    "directory.unavailable": _NO_DIRECTORY,
    "directory.refused": _NO_DIRECTORY,
    "directory.truncated": _NO_DIRECTORY,
    "directory.unreadable_attribute": _NO_DIRECTORY,
}  # fmt: skip


def explain(code: str) -> Explanation:
    """The words for a code; for an unknown one, those that promise nothing."""
    return EXPLANATIONS.get(code, _NOT_TRUSTED)
