"""What pages say where as many have an access as the cap allows."""

from __future__ import annotations

from django.utils.translation import ngettext

from provisioning.rights.caps import Cap


def sentence(cap: Cap | None) -> str:
    """How many have it, and that the reason must say why one more needs it; empty below the cap."""
    if cap is None or not cap.is_above:
        return ""
    text = ngettext(
        "%(others)d other person has this access here or is about to get it, and the cap is %(most)d. "
        "Write why one more is needed.",
        "%(others)d other persons have this access here or are about to get it, and the cap is %(most)d. "
        "Write why one more is needed.",
        cap.others,
    )
    return text % {"others": cap.others, "most": cap.most}
