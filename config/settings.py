"""Settings, all from environment variables with defaults that need nothing: SQLite, no accounts, no services.

The limits at the end are what a stranger could abuse; each has an environment variable of the same name.
"""

from __future__ import annotations

import secrets
from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
env = environ.Env()


def _kept_secret() -> str:
    """A secret key made at the first start and kept in var/, so that sessions survive a restart."""
    path = VAR_DIR / "secret_key"
    if not path.exists():
        VAR_DIR.mkdir(exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text().strip()


DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or _kept_secret()
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "daphne",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_vite",
    "simulator.web",
    "designer",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    }
]

DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Readers must not wait for the process that writes frames, and writers queue up instead of failing.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
    VAR_DIR.mkdir(exist_ok=True)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="")
CHANNEL_LAYERS = {
    "default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [REDIS_URL]}}
    if REDIS_URL
    else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
}

SESSION_COOKIE_AGE = 60 * 60 * 24 * 365
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("SECURE_COOKIES", default=False)
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=False)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=0)
X_FRAME_OPTIONS = "DENY"
AUTH_PASSWORD_VALIDATORS = [{"NAME": f"django.contrib.auth.password_validation.{name}"} for name in ("MinimumLengthValidator", "CommonPasswordValidator")]

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "static" / "collected"
STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS = [("dist", BASE_DIR / "static" / "dist")] if (BASE_DIR / "static" / "dist").exists() else []
WHITENOISE_USE_FINDERS = True
WHITENOISE_IMMUTABLE_FILE_TEST = r"/dist/assets/.+-[\w-]{8}\."
DJANGO_VITE = {
    "default": {
        "dev_mode": env.bool("VITE_DEV", default=False),
        "manifest_path": BASE_DIR / "static" / "dist" / "manifest.json",
        "static_url_prefix": "dist",
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["simulator.web.owners.VisitorAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "simulator.web.errors.exception_handler",
    "UNAUTHENTICATED_USER": None,
    # `format` is the report's own parameter, not one that chooses a renderer.
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Backwater",
    "DESCRIPTION": "Diagrams of AWS messaging architectures, and simulated runs of them.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "OAS_VERSION": "3.1.0",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="WARNING")},
}

MAX_NODES = env.int("MAX_NODES", default=1000)
MAX_WIRES = env.int("MAX_WIRES", default=2000)
MAX_GRAPH_BYTES = env.int("MAX_GRAPH_BYTES", default=4_000_000)
FINDINGS_REMEMBERED_S = env.int("FINDINGS_REMEMBERED_S", default=3600)
MAX_DIAGRAMS_PER_OWNER = env.int("MAX_DIAGRAMS_PER_OWNER", default=500)
MAX_VERSIONS_PER_DIAGRAM = env.int("MAX_VERSIONS_PER_DIAGRAM", default=500)
MAX_NAMED_VERSIONS_PER_DIAGRAM = env.int("MAX_NAMED_VERSIONS_PER_DIAGRAM", default=100)
MAX_TRASHED_DIAGRAMS_PER_OWNER = env.int("MAX_TRASHED_DIAGRAMS_PER_OWNER", default=50)
MAX_RUNS_PER_OWNER = env.int("MAX_RUNS_PER_OWNER", default=200)
MAX_ACTIVE_RUNS_PER_OWNER = env.int("MAX_ACTIVE_RUNS_PER_OWNER", default=4)
MAX_WAITING_RUNS = env.int("MAX_WAITING_RUNS", default=100)
MAX_UPLOAD_BYTES = env.int("MAX_UPLOAD_BYTES", default=5_000_000)
MAX_TRACE_VALUES = env.int("MAX_TRACE_VALUES", default=200_000)
MAX_SIMULATED_S = env.float("MAX_SIMULATED_S", default=31 * 86400)
MAX_FRAMES_PER_RUN = env.int("MAX_FRAMES_PER_RUN", default=20_000)
MAX_STORED_FRAMES_PER_RUN = env.int("MAX_STORED_FRAMES_PER_RUN", default=3000)
MAX_STORED_BYTES_PER_RUN = env.int("MAX_STORED_BYTES_PER_RUN", default=200_000_000)
MAX_RUN_WALL_S = env.float("MAX_RUN_WALL_S", default=3600)
MAX_RUN_MEMORY_BYTES = env.int("MAX_RUN_MEMORY_BYTES", default=2_000_000_000)
MAX_FRAMES_PER_REQUEST = env.int("MAX_FRAMES_PER_REQUEST", default=1000)
RUN_PROCESSES = env.int("RUN_PROCESSES", default=2)
MAX_REPLICATIONS = env.int("MAX_REPLICATIONS", default=200)
REPLICATION_PROCESSES = env.int("REPLICATION_PROCESSES", default=0) or None
DASK_SCHEDULER = env.str("DASK_SCHEDULER", default="")
FRAME_MESSAGES_PER_S = env.float("FRAME_MESSAGES_PER_S", default=20)
VIEWER_SLOW_AFTER_S = env.float("VIEWER_SLOW_AFTER_S", default=2)
VIEWER_SKIPS_FRAMES_BEHIND = env.int("VIEWER_SKIPS_FRAMES_BEHIND", default=100)
RUN_HEARTBEAT_TIMEOUT_S = env.float("RUN_HEARTBEAT_TIMEOUT_S", default=20)

DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_GRAPH_BYTES + 100_000
FILE_UPLOAD_MAX_MEMORY_SIZE = MAX_UPLOAD_BYTES
