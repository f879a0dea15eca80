"""The task in KIV: who carries it out, and what of an order it takes."""

from __future__ import annotations

import pytest

from provisioning.errors import NotAllowed
from tests import acts, cast

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("who", "may"),
    [(cast.KIV_ADMINISTRATOR, True), (cast.KIV_ADMINISTRATOR_ABOVE, True), (cast.HEAD, False),
     (cast.COORDINATOR, False), (cast.OUTSIDER, False)],
)  # fmt: skip
def test_only_the_units_kiv_administrators_carry_out(directory, who, may):
    request = acts.order()
    acts.work()
    if may:
        acts.report_done(request, who)
    else:
        with pytest.raises(NotAllowed):
            acts.report_done(request, who)
