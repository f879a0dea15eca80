"""docker-compose.yml: it can be read, has every part, and speaks only of variables that exist."""

import re
import subprocess

import pytest
import yaml

from tests.config.reading_settings import read_settings
from tests.servers import ROOT

OURS = ("migrate", "web", "worker", "beat")


class StrictLoader(yaml.SafeLoader):
    """Refuses a key that stands twice, as Compose does; YAML's own reader takes the last one."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _value in node.value if key.value != "<<"]
        twice = {key for key in keys if keys.count(key) > 1}
        assert not twice, f"stands twice: {twice}"
        return super().construct_mapping(node, deep)


@pytest.fixture(scope="module")
def compose():
    return yaml.load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"), Loader=StrictLoader)  # noqa: S506


def test_a_key_that_stands_twice_would_be_found():
    with pytest.raises(AssertionError, match="stands twice"):
        yaml.load("services: {web: {}, web: {}}", Loader=StrictLoader)  # noqa: S506


def test_every_part_is_a_service(compose):
    assert {*OURS, "postgres", "redis", "slapd"} <= set(compose["services"])


def test_every_variable_of_ours_is_one_the_settings_read(compose, tmp_path):
    known = read_settings({}, tmp_path).ENV_NAMES
    for name in OURS:
        unknown = set(compose["services"][name]["environment"]) - known
        assert not unknown, name


def test_ours_run_in_production_mode_and_take_their_secrets_from_files(compose):
    for name in OURS:
        environment = compose["services"][name]["environment"]
        assert environment["APP_MODE"] == "production"
        for variable, value in environment.items():
            assert not re.fullmatch(r"(SECRET_KEY|DATABASE_URL|REDIS_URL|.*PASSWORD)", variable), variable
            if variable.endswith("_FILE") and str(value).startswith("/run/secrets/"):
                assert value.removeprefix("/run/secrets/") in compose["services"][name]["secrets"]


def test_production_starts_with_the_variables_of_the_compose_file(compose, tmp_path):
    secrets = tmp_path / "secrets"
    subprocess.run([ROOT / "docker" / "make-secrets", secrets], check=True, capture_output=True)
    variables = {}
    for name, value in compose["services"]["web"]["environment"].items():
        text = re.sub(r"\$\{\w+:\?[^}]*\}", "https://source.invalid/", str(value))
        text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)
        variables[name] = text.replace("/run/secrets", str(secrets))
    settings = read_settings(variables, tmp_path)
    assert settings.IS_PRODUCTION
    assert settings.DATABASES["default"]["HOST"] == "postgres"
    assert settings.REDIS_URL.endswith("@redis:6379/0")
    assert settings.DIRECTORY_URL == "ldaps://slapd:636"


def test_each_secret_that_is_named_is_made(compose, tmp_path):
    subprocess.run([ROOT / "docker" / "make-secrets", tmp_path], check=True, capture_output=True)
    named = {name for service in compose["services"].values() for name in service.get("secrets", [])}
    assert named == set(compose["secrets"]) == {path.name for path in tmp_path.iterdir()}


def test_secrets_are_made_by_chance_and_never_made_anew(tmp_path):
    made = []
    for folder in ("one", "one", "two"):
        subprocess.run([ROOT / "docker" / "make-secrets", tmp_path / folder], check=True, capture_output=True)
        made.append((tmp_path / folder / "secret_key").read_text())
    assert made[0] == made[1] != made[2]


def test_every_service_that_stays_up_says_when_it_works(compose):
    stays = {name for name, service in compose["services"].items() if service.get("restart") != "no"}
    # The image of ours brings a check of its own for the web server; the mail catcher's brings one, too.
    for name in stays - {"web", "mail"}:
        assert compose["services"][name]["healthcheck"]["test"], name
    assert "HEALTHCHECK" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_nothing_listens_outside_this_machine(compose):
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_files_that_are_mounted_exist(compose):
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).exists(), source


def test_every_image_of_others_is_named_by_tag_and_digest(compose):
    others = [service["image"] for service in compose["services"].values() if "build" not in service]
    for dockerfile in ("Dockerfile", "docker/slapd/Dockerfile"):
        text = (ROOT / dockerfile).read_text(encoding="utf-8")
        others += re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert len(others) >= 7
    for image in others:
        assert re.fullmatch(r"[a-z/]+:[\w.-]+@sha256:[0-9a-f]{64}", image), image


def test_one_tag_has_one_digest():
    files = ("docker-compose.yml", "Dockerfile", "docker/slapd/Dockerfile")
    text = "".join((ROOT / name).read_text(encoding="utf-8") for name in files)
    named = set(re.findall(r"([a-z/]+:[\w.-]+)@sha256:([0-9a-f]{64})", text))
    assert len({tag for tag, _ in named}) == len(named) == 6


def test_dependencies_and_volumes_are_declared(compose):
    for name, service in compose["services"].items():
        assert set(service.get("depends_on", {})) <= set(compose["services"]), name
        named = {volume.split(":")[0] for volume in service.get("volumes", []) if not volume.startswith("./")}
        assert named <= set(compose["volumes"]), name


def test_the_image_runs_as_nobody_special_and_installs_from_the_lock_file():
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "--require-hashes -r requirements.lock" in dockerfile
    assert re.search(r"^USER app$", dockerfile, re.MULTILINE)
