"""All settings, for every mode: behaviour differs only by environment variables.

`.env.example` lists each variable with its meaning; a test holds the two files together. Importing this file
reads no database and opens no connection, so that `manage.py assess` needs nothing but DIRECTORY_*.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from config import access_caps, database, modes, ready_reasons, team_accesses
from config.env import Env
from config.logs import DISCREET_LINES
from provisioning.rules import hook_tries
from provisioning.rules.hsa import Level, Service

env = Env()

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.str("VAR_DIR", str(BASE_DIR / "var"))).resolve()

# --- Mode ---------------------------------------------------------------------------------------------------
APP_MODE = env.choice("APP_MODE", (modes.DEMO, modes.PRODUCTION), modes.DEMO)
IS_PRODUCTION = APP_MODE == modes.PRODUCTION
# The choose-a-person log-in, the mock KIV page and the page of mails: they all ask this one setting.
IS_DEMO = not IS_PRODUCTION
DEBUG = False  # in no mode: its error pages show settings and personal data

WEB_PORT = env.int("WEB_PORT", 8000, at_least=1, at_most=65535)
DIRECTORY_PORT = env.int("DIRECTORY_PORT", 3890, at_least=1, at_most=65535)


def only_demo(value: Any) -> Any:
    """A default that exists in the demo alone: in production the variable must be given."""
    return None if IS_PRODUCTION else value


# --- Addresses and secrets ----------------------------------------------------------------------------------
if IS_PRODUCTION:
    SECRET_KEY = modes.strong_secret("SECRET_KEY", env.secret("SECRET_KEY"))
    AUDIT_KEY = modes.strong_secret("AUDIT_KEY", env.secret("AUDIT_KEY"))
    if AUDIT_KEY == SECRET_KEY:
        raise ImproperlyConfigured("AUDIT_KEY must be another secret than SECRET_KEY.")
else:
    SECRET_KEY = env.secret("SECRET_KEY", "") or modes.kept_secret(VAR_DIR / "secret_key")
    AUDIT_KEY = env.secret("AUDIT_KEY", "") or modes.kept_secret(VAR_DIR / "audit_key")

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", only_demo(["localhost", "127.0.0.1", "[::1]"]))
SITE_URL = env.str("SITE_URL", only_demo(f"http://127.0.0.1:{WEB_PORT}")).rstrip("/")
SOURCE_URL = env.str("SOURCE_URL", only_demo(""))  # AGPL section 13: users are offered the source
# What mails and pages are signed with, and whom everybody can ask: an address, a number, or both.
REGION_NAME = env.str("REGION_NAME", "Demoregionen" if IS_DEMO else "")
OPERATORS_MAIL = env.list("OPERATORS_MAIL", only_demo(["operators@demo.invalid"]))
SUPPORT_CONTACT = env.str("SUPPORT_CONTACT", OPERATORS_MAIL[0] if OPERATORS_MAIL else "")
if IS_PRODUCTION and not SITE_URL.startswith("https://"):
    raise ImproperlyConfigured("SITE_URL must begin with https:// when APP_MODE is production.")
if IS_PRODUCTION and any("*" in host for host in ALLOWED_HOSTS):
    raise ImproperlyConfigured(
        "ALLOWED_HOSTS must name the hosts when APP_MODE is production, not use a star."
    )

# --- The audit chain ----------------------------------------------------------------------------------------
# Keys that signed older rows, oldest first. Read only when the chain is checked.
AUDIT_RETIRED_KEY_FILES = tuple(env.list("AUDIT_RETIRED_KEY_FILES", []))
# Where the end of the chain is written down outside the database, every hour.
AUDIT_CHECKPOINT_TARGETS = modes.checkpoint_targets(
    env.list("AUDIT_CHECKPOINT_TARGETS", only_demo([f"file:{VAR_DIR / 'audit-checkpoints.jsonl'}"]))
)
# How old the last one in a file may be before the chain counts as not checked.
AUDIT_CHECKPOINT_MAX_AGE_HOURS = env.int("AUDIT_CHECKPOINT_MAX_AGE_HOURS", 3, at_least=1)

# --- Applications -------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "csp",
    "viewflow.workflow",  # alone: the app `viewflow` would bring its own site, look and static files
    "provisioning",
    "provisioning.pages",
    "workflows",
    "config",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "provisioning.pages.middleware.headers.HeadersMiddleware",
    "provisioning.pages.middleware.health.HealthMiddleware",
    "provisioning.pages.middleware.measured.Measured",
    "provisioning.pages.middleware.odd_bytes.OddBytes",
    "provisioning.pages.middleware.one_silence.OneSilence",
    "provisioning.pages.middleware.session_ended.SessionEnded",
    "provisioning.pages.middleware.language.SwedishFirst",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    # Every page asks for a log-in unless its view says `@login_not_required`: a forgotten decorator closes a
    # page, it does not open one.
    "provisioning.pages.middleware.log_in_first.LogInFirst",
    "django.contrib.messages.middleware.MessageMiddleware",
    "provisioning.pages.middleware.numbers_taken_out.IdentityNumbers",
    "provisioning.pages.middleware.session_limits.SessionLimitsMiddleware",
    "provisioning.pages.middleware.answers_by_address.AnswersByAddress",
    "provisioning.pages.middleware.keeping_drafts.KeepingDrafts",
    "provisioning.pages.middleware.limits.LimitsMiddleware",
    "provisioning.pages.middleware.step_up.StepUp",
    "provisioning.pages.middleware.unknown.UnknownIsNotMissing",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
FORM_RENDERER = "provisioning.pages.form_rendering.FkuiRenderer"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "provisioning" / "pages" / "templates"],  # before django.forms' own
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "provisioning.pages.frame.frame",
            ],
        },
    },
]

# --- People -------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "provisioning.User"
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = []  # nobody has a password here
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "start"
LOGOUT_REDIRECT_URL = "login"

# --- Database and cache -------------------------------------------------------------------------------------
DATABASE_URL = env.secret("DATABASE_URL", only_demo(""))
DATABASES = {
    "default": database.postgres(DATABASE_URL)
    if DATABASE_URL
    else database.sqlite(VAR_DIR / "database.sqlite3"),
}
REDIS_URL = env.secret("REDIS_URL", only_demo(""))
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "provisioning",
        "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2},
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    # What a process remembers by itself, for seconds, while the other one does not answer.
    "near": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "near"},
}

# --- Background work ----------------------------------------------------------------------------------------
BROKER_DIR = VAR_DIR / "broker"
CELERY_BROKER_URL = REDIS_URL or "filesystem://localhost//"
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    # A message that nobody acknowledged is given out again after this time: longer than the longest task.
    # A Redis that is silent on a connection that stays is noticed after twice the interval of the checks.
    {
        "visibility_timeout": 600,
        "socket_connect_timeout": 2,
        "socket_timeout": 10,
        "health_check_interval": 10,
    }
    if REDIS_URL
    else {
        "data_folder_in": str(BROKER_DIR / "messages"),
        "data_folder_out": str(BROKER_DIR / "messages"),
        "control_folder": str(BROKER_DIR / "control"),
        "polling_interval": 0.1,
    }
)
CELERY_BROKER_CONNECTION_TIMEOUT = 2  # seconds: a dead broker must not keep a person waiting
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY = False  # the sweep repeats a lost nudge
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_ENABLE_UTC = True
CELERY_TIMEZONE = "Europe/Stockholm"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")

# --- Mail ---------------------------------------------------------------------------------------------------
EMAIL_HOST = env.str("EMAIL_HOST", only_demo(""))
EMAIL_PORT = env.int("EMAIL_PORT", 587, at_least=1, at_most=65535)
EMAIL_SECURITY = env.choice("EMAIL_SECURITY", ("starttls", "tls", "none"), only_demo("none"))
EMAIL_USE_TLS = EMAIL_SECURITY == "starttls"
EMAIL_USE_SSL = EMAIL_SECURITY == "tls"
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.secret("EMAIL_HOST_PASSWORD", "")
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT_SECONDS", 10, at_least=1, at_most=120)
EMAIL_FILE_PATH = str(VAR_DIR / "mail")
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'filebased'}.EmailBackend"
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", only_demo("behorighetsvagen@demo.invalid"))
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- The services -------------------------------------------------------------------------------------------
# Which of the catalogue's services can be ordered here, in the order in which they are shown.
SERVICES = env.choices("SERVICES", list(Service), ["rehabstod", "intygsstatistik"])
# How many may have one access on one place; above it whoever approves must say why.
ACCESS_CAPS: dict[str, int] = access_caps.read(env.json_object("ACCESS_CAPS", {}), services=SERVICES)

# Accesses (service:level) whose orders name the day of the person's signed assignment for quality work.
SIGNED_ASSIGNMENT_FOR = env.choices(
    "SIGNED_ASSIGNMENT_FOR", [f"{service}:{level}" for service in Service for level in Level], []
)

# --- The directory ------------------------------------------------------------------------------------------
DIRECTORY_URL = env.str("DIRECTORY_URL", only_demo(f"ldap://127.0.0.1:{DIRECTORY_PORT}"))
IS_OWN_DIRECTORY = not env.is_set("DIRECTORY_URL")  # the mock that the demo starts and fills itself
DIRECTORY_BIND_DN = env.str(
    "DIRECTORY_BIND_DN", "cn=lasare,ou=Konton,o=Demoregionen" if IS_OWN_DIRECTORY else only_demo("")
)
DIRECTORY_BIND_PASSWORD = env.secret(
    "DIRECTORY_BIND_PASSWORD", "lasare" if IS_OWN_DIRECTORY else only_demo("")
)
DIRECTORY_PERSON_BASE = env.str(
    "DIRECTORY_PERSON_BASE", "ou=Personal,o=Demoregionen" if IS_OWN_DIRECTORY else only_demo("")
)
DIRECTORY_UNIT_BASE = env.str(
    "DIRECTORY_UNIT_BASE", "ou=Org,o=Demoregionen" if IS_OWN_DIRECTORY else only_demo("")
)
DIRECTORY_CA_FILE = env.str("DIRECTORY_CA_FILE", "")
DIRECTORY_CERT_FILE = env.str("DIRECTORY_CERT_FILE", "")
DIRECTORY_KEY_FILE = env.str("DIRECTORY_KEY_FILE", "")
DIRECTORY_STARTTLS = env.bool("DIRECTORY_STARTTLS", False)
DIRECTORY_CONNECT_TIMEOUT_SECONDS = env.int("DIRECTORY_CONNECT_TIMEOUT_SECONDS", 3, at_least=1, at_most=60)
DIRECTORY_RECEIVE_TIMEOUT_SECONDS = env.int("DIRECTORY_RECEIVE_TIMEOUT_SECONDS", 5, at_least=1, at_most=60)
# Shorter than the memory of the firewalls between: a connection that rested longer is opened anew.
DIRECTORY_IDLE_SECONDS = env.int("DIRECTORY_IDLE_SECONDS", 60, at_least=1, at_most=3600)
DIRECTORY_PAGE_SIZE = env.int("DIRECTORY_PAGE_SIZE", 500, at_least=1, at_most=10_000)
# Of one process at the same time, to each directory.
DIRECTORY_CONNECTIONS = env.int("DIRECTORY_CONNECTIONS", 8, at_least=1, at_most=100)
# What nobody waits for asks each directory at most so often; with Redis all processes together.
DIRECTORY_BACKGROUND_SEARCHES_PER_SECOND = env.int(
    "DIRECTORY_BACKGROUND_SEARCHES_PER_SECOND", 5, at_least=1, at_most=1000
)
DIRECTORY_LAYOUT = env.json_object("DIRECTORY_LAYOUT", {})
# The national HSA, read as well where it is configured: what was set in KIV is followed until it is there.
HSA_DIRECTORY_URL = env.str("HSA_DIRECTORY_URL", "")
HSA_DIRECTORY_BIND_DN = env.str("HSA_DIRECTORY_BIND_DN", only_demo("") if HSA_DIRECTORY_URL else "")
HSA_DIRECTORY_BIND_PASSWORD = env.secret(
    "HSA_DIRECTORY_BIND_PASSWORD", only_demo("") if HSA_DIRECTORY_URL else ""
)
HSA_DIRECTORY_PERSON_BASE = env.str("HSA_DIRECTORY_PERSON_BASE", only_demo("") if HSA_DIRECTORY_URL else "")
HSA_DIRECTORY_UNIT_BASE = env.str("HSA_DIRECTORY_UNIT_BASE", only_demo("") if HSA_DIRECTORY_URL else "")
HSA_DIRECTORY_CA_FILE = env.str("HSA_DIRECTORY_CA_FILE", "")
HSA_DIRECTORY_CERT_FILE = env.str("HSA_DIRECTORY_CERT_FILE", "")
HSA_DIRECTORY_KEY_FILE = env.str("HSA_DIRECTORY_KEY_FILE", "")
HSA_DIRECTORY_STARTTLS = env.bool("HSA_DIRECTORY_STARTTLS", False)
HSA_DIRECTORY_LAYOUT = env.json_object("HSA_DIRECTORY_LAYOUT", {})
HSA_ID_FORM = env.choice("HSA_ID_FORM", ("strict", "lenient"), "strict" if IS_PRODUCTION else "lenient")
DIRECTORY_URLS, HSA_DIRECTORY_URLS = (
    [part.strip() for part in url.split(",") if part.strip()] for url in (DIRECTORY_URL, HSA_DIRECTORY_URL)
)
for _name, _urls, _starttls in (
    ("DIRECTORY", DIRECTORY_URLS, DIRECTORY_STARTTLS),
    ("HSA_DIRECTORY", HSA_DIRECTORY_URLS, HSA_DIRECTORY_STARTTLS),
):
    if IS_PRODUCTION and not _starttls and not all(url.startswith("ldaps://") for url in _urls):
        raise ImproperlyConfigured(f"{_name}_URL must begin with ldaps://, or {_name}_STARTTLS must be true.")
for _name, _cert, _key in (
    ("DIRECTORY", DIRECTORY_CERT_FILE, DIRECTORY_KEY_FILE),
    ("HSA_DIRECTORY", HSA_DIRECTORY_CERT_FILE, HSA_DIRECTORY_KEY_FILE),
):
    if _key and not _cert:
        raise ImproperlyConfigured(f"{_name}_KEY_FILE is the key of {_name}_CERT_FILE, which is not set.")

# --- The modes kept apart -----------------------------------------------------------------------------------
if IS_PRODUCTION:
    modes.refuse_demo_variables(os.environ)
    MOCK_KIV_BIND_DN = MOCK_KIV_BIND_PASSWORD = ""
else:
    modes.refuse_demo_elsewhere(
        hosts=ALLOWED_HOSTS,
        urls=[
            ("DATABASE_URL", DATABASE_URL),
            ("REDIS_URL", REDIS_URL),
            ("SITE_URL", SITE_URL),
            ("EMAIL_HOST", f"smtp://{EMAIL_HOST}" if EMAIL_HOST else ""),
        ],
    )
    # A directory elsewhere may be read by the commands (`assess`, `check_directory`), and nothing more:
    # without demo pages nobody can log in, and config.checks stops the web server and the worker.
    IS_DEMO = all(modes.is_local_directory(urls) for urls in (DIRECTORY_URL, HSA_DIRECTORY_URL))
    MOCK_KIV_BIND_DN = env.str("MOCK_KIV_BIND_DN", "cn=kiv,ou=Konton,o=Demoregionen")
    MOCK_KIV_BIND_PASSWORD = env.secret("MOCK_KIV_BIND_PASSWORD", "kiv")

# --- Log-in through an OpenID Connect provider --------------------------------------------------------------
OIDC_ISSUER = env.str("OIDC_ISSUER", only_demo(""))
OIDC_CLIENT_ID = env.str("OIDC_CLIENT_ID", None if OIDC_ISSUER else "")
OIDC_CLIENT_SECRET = env.secret("OIDC_CLIENT_SECRET", None if OIDC_ISSUER else "")
OIDC_CLIENT_AUTH = env.choice(
    "OIDC_CLIENT_AUTH", ("client_secret_basic", "client_secret_post"), "client_secret_basic"
)
OIDC_SCOPE = env.list("OIDC_SCOPE", ["openid"])
OIDC_HSA_ID_CLAIM = env.str("OIDC_HSA_ID_CLAIM", "employeeHsaId")
OIDC_REQUIRED_ACR = env.list("OIDC_REQUIRED_ACR", ["http://id.sambi.se/loa/loa3"])
OIDC_CA_FILE = env.str("OIDC_CA_FILE", "")
OIDC_TIMEOUT_SECONDS = env.int("OIDC_TIMEOUT_SECONDS", 5, at_least=1, at_most=60)
# Before which decisions the card is asked for again, once it was shown longer ago than this.
OIDC_STEP_UP = modes.step_up(env.list("OIDC_STEP_UP", list(modes.STEP_UP) if IS_PRODUCTION else ["none"]))
OIDC_STEP_UP_MINUTES = env.int("OIDC_STEP_UP_MINUTES", 30, at_least=1, at_most=480)
if IS_PRODUCTION and not OIDC_ISSUER.startswith("https://"):
    raise ImproperlyConfigured("OIDC_ISSUER must begin with https:// when APP_MODE is production.")
if "openid" not in OIDC_SCOPE:
    raise ImproperlyConfigured("OIDC_SCOPE must hold openid.")
if IS_DEMO and OIDC_ISSUER and not modes.is_local_url(OIDC_ISSUER):
    raise ImproperlyConfigured(
        "OIDC_ISSUER points at another machine, but APP_MODE is demo. Set APP_MODE=production, or unset it."
    )

# --- The rules' numbers -------------------------------------------------------------------------------------
# In the demo with its own mock directory two of its people have these roles.
OPERATORS = tuple(env.list("OPERATORS", ["SE0000000000-1004"] if IS_DEMO and IS_OWN_DIRECTORY else []))
AUDITORS = tuple(env.list("AUDITORS", ["SE0000000000-1012"] if IS_DEMO and IS_OWN_DIRECTORY else []))
# Who may fetch the metrics. Blank: nobody, and there is no such page.
METRICS_TOKEN = env.secret("METRICS_TOKEN", "")
PROMETHEUS_MULTIPROC_DIR = env.str("PROMETHEUS_MULTIPROC_DIR", "")  # prometheus-client reads it itself
# Other systems, by client id, whose orders need no signature of the person they are handed over for: those
# have seen to it themselves that the person has decided.
API_TRUSTED_SYSTEMS = tuple(env.list("API_TRUSTED_SYSTEMS", []))
# Webhooks: hosts of our own network that they may go to, whose certificates are believed, and how patiently.
WEBHOOK_PRIVATE_HOSTS = tuple(host.lower() for host in env.list("WEBHOOK_PRIVATE_HOSTS", []))
WEBHOOK_CA_FILE = env.str("WEBHOOK_CA_FILE", "")
WEBHOOK_SECONDS = env.int("WEBHOOK_SECONDS", 10, at_least=1, at_most=60)
WEBHOOK_TRIES = env.int("WEBHOOK_TRIES", hook_tries.LONGEST, at_least=1, at_most=100)
SERVICE_DESK = tuple(env.list("SERVICE_DESK", []))

# Ready sentences of need and risk for the order page, in the place of ours: see docs/settings.md.
READY_REASONS_FILE = env.str("READY_REASONS_FILE", "")
READY_REASONS = (
    ready_reasons.read(READY_REASONS_FILE, variable="READY_REASONS_FILE") if READY_REASONS_FILE else ()
)
DEMO_HISTORY = env.bool("DEMO_HISTORY", IS_DEMO and IS_OWN_DIRECTORY)
PROVIDER_MANDATES: dict[str, list[str]] = env.json_object("PROVIDER_MANDATES", {})
# Shared addresses of teams of KIV administrators: HSA-id of a unit or care provider, and one address.
KIV_TEAM_ADDRESSES: dict[str, str] = env.json_object("KIV_TEAM_ADDRESSES", {})
# Addresses of ticket systems, the same way, and the one to which those answer: see docs/api.md.
TICKET_MAIL_ADDRESSES: dict[str, str] = env.json_object("TICKET_MAIL_ADDRESSES", {})
TICKET_REPLY_ADDRESS = env.str("TICKET_REPLY_ADDRESS", "")
for _name, _addresses in (
    ("KIV_TEAM_ADDRESSES", KIV_TEAM_ADDRESSES),
    ("TICKET_MAIL_ADDRESSES", TICKET_MAIL_ADDRESSES),
):
    if not all(isinstance(one, str) and one.count("@") == 1 for one in _addresses.values()):
        raise ImproperlyConfigured(f"{_name} must give each unit one mail address.")
if TICKET_MAIL_ADDRESSES and TICKET_REPLY_ADDRESS.count("@") != 1:
    raise ImproperlyConfigured("TICKET_REPLY_ADDRESS must be one mail address: ticket systems answer to it.")
if TICKET_REPLY_ADDRESS.lower() in {one.lower() for one in TICKET_MAIL_ADDRESSES.values()}:
    raise ImproperlyConfigured("TICKET_REPLY_ADDRESS must be none of TICKET_MAIL_ADDRESSES.")
# The accesses that each task in a unit's insurance-medicine team takes, and the units that must have a
# coordinator (HSA-ids).
TEAM_ACCESSES: dict[str, list[str]] = team_accesses.read(env.json_object("TEAM_ACCESSES", {}))
TEAM_COORDINATOR_UNITS = tuple(env.list("TEAM_COORDINATOR_UNITS", []))
# The same by what care a unit gives: codes of hsaBusinessClassificationCode. Both blank: all units.
TEAM_COORDINATOR_KINDS = tuple(env.list("TEAM_COORDINATOR_KINDS", []))
POLL_SCHEDULE_SECONDS = env.ints("POLL_SCHEDULE_SECONDS", (5, 15, 60, 300))
# Tasks younger than so many minutes are looked up together, every so many seconds: see docs/decisions.
POLL_YOUNG_MINUTES = env.int("POLL_YOUNG_MINUTES", 60, at_least=0, at_most=10_080)
POLL_PULSE_SECONDS = env.int("POLL_PULSE_SECONDS", 5, at_least=1, at_most=300)
# How long after a look into the national HSA the next one comes, for a change on its way; the last repeats.
HSA_POLL_SCHEDULE_SECONDS = env.ints("HSA_POLL_SCHEDULE_SECONDS", (30, 60, 120))
# How long a KIV administrator who has taken a task is shown to work on it.
KIV_CLAIM_MINUTES = env.int("KIV_CLAIM_MINUTES", 15, at_least=1, at_most=480)
# When a change on its way to HSA counts as late, until enough delays have been measured to know better.
HSA_LATE_AFTER_MINUTES = env.int("HSA_LATE_AFTER_MINUTES", 240, at_least=5, at_most=10_080)
WAIT_FOR_COMMISSION_WORKING_DAYS = env.int("WAIT_FOR_COMMISSION_WORKING_DAYS", 20, at_least=1, at_most=250)
# How long a claim on background work lasts that its worker does not renew: it has died.
BACKGROUND_LEASE_SECONDS = env.int("BACKGROUND_LEASE_SECONDS", 15, at_least=5, at_most=3600)
WAIT_RECHECK_SECONDS = env.int("WAIT_RECHECK_SECONDS", 300, at_least=5, at_most=86_400)
# After how long, or how many failed tries, the operators have a case that the tool itself takes no further.
AUTOMATIC_LIMIT_MINUTES = env.int("AUTOMATIC_LIMIT_MINUTES", 30, at_least=1, at_most=10_080)
AUTOMATIC_TRIES = env.int("AUTOMATIC_TRIES", 5, at_least=1, at_most=100)
# The same for a change on its way into or out of the national HSA, which takes its time.
AUTOMATIC_LIMIT_HSA_HOURS = env.int("AUTOMATIC_LIMIT_HSA_HOURS", 72, at_least=1, at_most=2160)
REMINDER_WORKING_DAYS = env.int("REMINDER_WORKING_DAYS", 2, at_least=1, at_most=60)
REMINDER_EVERY_HOURS = env.int("REMINDER_EVERY_HOURS", 24, at_least=1, at_most=720)
# After so many working days without an answer the next one up is asked, so many times, and then it ends.
ESCALATE_AFTER_WORKING_DAYS = env.int("ESCALATE_AFTER_WORKING_DAYS", 4, at_least=1, at_most=60)
ESCALATION_LEVELS = env.int("ESCALATION_LEVELS", 2, at_least=0, at_most=10)
ESCALATION_END = env.choice("ESCALATION_END", ("end", "stay"), "end")
# How long the removal of a right that has ended waits for an attested order that would prolong it.
RENEWAL_GRACE_DAYS = env.int("RENEWAL_GRACE_DAYS", 7, at_least=0, at_most=30)
# How many days before its last day a right that works can be prolonged: after the first notice at the latest.
PROLONG_EARLIEST_DAYS = env.int("PROLONG_EARLIEST_DAYS", 90, at_least=45, at_most=366)
# After how many working days a removal that could not be carried out is tried again.
REMOVAL_RETRY_WORKING_DAYS = env.int("REMOVAL_RETRY_WORKING_DAYS", 5, at_least=1, at_most=60)
# How often a unit's rights are reviewed; and how far ahead rights are taken into a review that begins anyway.
REVIEW_EVERY_MONTHS = env.int("REVIEW_EVERY_MONTHS", 12, at_least=1, at_most=12)
# What is given or prolonged is not reviewed within so many days: it joins the next review of its unit.
REVIEW_SETTLED_DAYS = env.int(
    "REVIEW_SETTLED_DAYS", min(90, 15 * REVIEW_EVERY_MONTHS), at_least=0, at_most=180
)
if REVIEW_SETTLED_DAYS > 28 * REVIEW_EVERY_MONTHS:
    raise ImproperlyConfigured("REVIEW_SETTLED_DAYS must not be longer than REVIEW_EVERY_MONTHS.")
# Rights to a whole care provider can be reviewed more often.
REVIEW_PROVIDER_EVERY_MONTHS = env.int(
    "REVIEW_PROVIDER_EVERY_MONTHS", REVIEW_EVERY_MONTHS, at_least=1, at_most=REVIEW_EVERY_MONTHS
)
REVIEW_GATHER_DAYS = env.int("REVIEW_GATHER_DAYS", 30, at_least=0, at_most=90)
# In working days: how long a review lasts, when the undecided are reminded, when the next head up is asked.
REVIEW_WORKING_DAYS = env.int("REVIEW_WORKING_DAYS", 15, at_least=1, at_most=120)
REVIEW_REMINDER_WORKING_DAYS = env.int("REVIEW_REMINDER_WORKING_DAYS", 5, at_least=1, at_most=60)
REVIEW_ESCALATE_WORKING_DAYS = env.int("REVIEW_ESCALATE_WORKING_DAYS", 10, at_least=1, at_most=120)
# What becomes of the undecided: asked about once more and then removed, removed at once, or kept.
REVIEW_UNDECIDED = env.choice("REVIEW_UNDECIDED", ("ask_again", "remove", "keep"), "ask_again")
# The sweep that compares all rights with the directory: how often it looks at everybody, and the share of
# persons that may seem to have lost something before the answer is not believed.
SWEEP_FULL_EVERY_HOURS = env.int("SWEEP_FULL_EVERY_HOURS", 24, at_least=1, at_most=720)
SWEEP_STOP_AT_PERCENT = env.int("SWEEP_STOP_AT_PERCENT", 30, at_least=1, at_most=100)
# A removal ends by one look only where the entry stands and lacks the value; else by a second one.
REMOVAL_SECOND_LOOK_SECONDS = env.int("REMOVAL_SECOND_LOOK_SECONDS", 300, at_least=1, at_most=3600)
# An order of whose unit or person something is not seen any more goes back by a second look only.
ORDER_SECOND_LOOK_SECONDS = env.int("ORDER_SECOND_LOOK_SECONDS", 300, at_least=1, at_most=3600)
# A delegation whose ground the directory does not show ends by a second look, so many minutes later.
DELEGATION_SECOND_LOOK_MINUTES = env.int("DELEGATION_SECOND_LOOK_MINUTES", 60, at_least=1, at_most=1440)
DELEGATION_NOTICE_DAYS = env.ints("DELEGATION_NOTICE_DAYS", (14, 1))

# --- How long things are kept -------------------------------------------------------------------------------
RETENTION_CASES_YEARS = env.int("RETENTION_CASES_YEARS", 5, at_least=1, at_most=100)
RETENTION_AUDIT_YEARS = env.int("RETENTION_AUDIT_YEARS", 5, at_least=1, at_most=100)
RETENTION_MESSAGES_DAYS = env.int("RETENTION_MESSAGES_DAYS", 365, at_least=30, at_most=36_500)
RETENTION_DRAFTS_DAYS = env.int("RETENTION_DRAFTS_DAYS", 14, at_least=1, at_most=90)
RETENTION_WEBHOOKS_DAYS = env.int("RETENTION_WEBHOOKS_DAYS", 30, at_least=1, at_most=365)
if RETENTION_AUDIT_YEARS < RETENTION_CASES_YEARS:
    raise ImproperlyConfigured(
        "RETENTION_AUDIT_YEARS must be at least RETENTION_CASES_YEARS: who decided is told by the event log."
    )
if RETENTION_MESSAGES_DAYS > 365 * RETENTION_CASES_YEARS:
    raise ImproperlyConfigured(
        "RETENTION_MESSAGES_DAYS must not be longer than RETENTION_CASES_YEARS: messages go with their case."
    )

# --- Language and time --------------------------------------------------------------------------------------
LANGUAGE_CODE = "sv"
LANGUAGES = [("sv", _("Swedish")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "provisioning" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Stockholm"

# --- Static files -------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- Browser security ---------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
# How often, and how much at once. A limited person gets a page that keeps what was sent.
LIMIT_LOGINS_PER_MINUTE = env.int("LIMIT_LOGINS_PER_MINUTE", 120, at_least=1)
LIMIT_SEARCHES_PER_MINUTE = env.int("LIMIT_SEARCHES_PER_MINUTE", 60, at_least=1)
# More searches than this in a day by one person are told to those who run the tool.
UNUSUAL_SEARCHES_PER_DAY = env.int("UNUSUAL_SEARCHES_PER_DAY", 100, at_least=1)
# Lines of one order for many: each is one person, one access and one place.
ORDER_MOST_LINES = env.int("ORDER_MOST_LINES", 1000, at_least=1, at_most=2000)
LIMIT_ORDERS_PER_HOUR = env.int("LIMIT_ORDERS_PER_HOUR", 200, at_least=1)
LIMIT_CALLS_PER_MINUTE = env.int("LIMIT_CALLS_PER_MINUTE", 300, at_least=1)
# How many proxies of our own stand in front: which part of X-Forwarded-For can be believed.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 1 if IS_PRODUCTION else 0, at_least=0, at_most=9)
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # bytes; the largest form has some 100 000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 5
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_IDLE_MINUTES = env.int("SESSION_IDLE_MINUTES", 30, at_least=1, at_most=480)
SESSION_HOURS = env.int("SESSION_HOURS", 8, at_least=1, at_most=24)
SESSION_COOKIE_AGE = SESSION_HOURS * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "provisioning.pages.stale_token.stale_token"
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_PRODUCTION
SECURE_SSL_REDIRECT = IS_PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if IS_PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_PRODUCTION
SECURE_HSTS_PRELOAD = IS_PRODUCTION
if IS_PRODUCTION:
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    # The container is reached through a proxy alone, which sets this header itself and drops a caller's.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# --- Logs ---------------------------------------------------------------------------------------------------
# Case numbers and codes only: no names, no identifiers, no request bodies, no SQL parameters. So nothing
# below WARNING from the libraries, and no mail to ADMINS, whose reports hold local variables.
# Where spans go (OTLP over HTTP): provisioning/traces.py.
OTEL_EXPORTER_OTLP_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", "")
if OTEL_EXPORTER_OTLP_ENDPOINT and importlib.util.find_spec("opentelemetry") is None:
    raise ImproperlyConfigured("OTEL_EXPORTER_OTLP_ENDPOINT needs what requirements-traces.lock installs.")
LOG_LEVEL = env.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    **DISCREET_LINES,
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "celery": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        # A line for each sweep, every few seconds, would hide all others.
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "provisioning": {"level": LOG_LEVEL},
        "workflows": {"level": LOG_LEVEL},
        "config": {"level": LOG_LEVEL},
    },
}

ENV_NAMES = frozenset(
    env.names | {"MOCK_KIV_BIND_DN", "MOCK_KIV_BIND_PASSWORD", "MOCK_KIV_BIND_PASSWORD_FILE"}
)
