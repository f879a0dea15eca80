"""One authority for the certificates of all receivers."""

import pytest

from tests.directory import certificates


@pytest.fixture(scope="session")
def hook_certificates(tmp_path_factory):
    return certificates.make(tmp_path_factory.mktemp("hook-certificates"))


@pytest.fixture
def heard(hook_certificates, settings):
    from tests.webhooks import receiving  # needs the models, which are not there when this file is read

    receiving.believe(settings, hook_certificates.ca)
    with receiving.receiver(hook_certificates) as found:
        yield found
