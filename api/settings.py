"""Everything the environment may say, read in one place.

Every variable begins with ``CHUANYU_``, except ``REDIS_URL``, which is the name that hosting platforms set.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from ipaddress import ip_address
from pathlib import Path

from api.wording import Language


class InvalidSetting(Exception):
    """An environment variable has a value that cannot be used; raised before anything is started."""

    def __init__(self, *, name: str, value: str, remedy: str) -> None:
        super().__init__(f"{name}={value!r}: {remedy}")
        self.name = name
        self.value = value
        self.remedy = remedy


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How one server process runs.

    ``var_dir`` holds the embedded Redis, the ledger, the secret and the demo accounts. ``redis_url`` None starts the
    embedded Redis; ``ledger_url`` None is SQLite in ``var_dir``. ``body_limit_bytes`` bounds every request body.
    ``network`` is ``builtin`` or a folder that ``chuanyu network build`` wrote.
    ``rules_dir`` is the folder of the office's own signed rule files (None: the book of the package alone).
    ``rounds`` keeps planned days in step with the facts, each round searching for ``round_seconds``; ``areas`` are the
    region codes that this process may lead, each planned by itself (empty: everything as one area).
    ``plan_seconds`` is how long a plan is searched for unless the caller says otherwise; ``ambient_c`` the outside temperature
    that plans count with, None for what is usual in the region and month. ``gbfs_contact`` is the address that the open
    GBFS feed names (empty: no feed), ``gbfs_availability`` adds the free times of the week. Each of the demo's 59 areas has
    at least one vehicle and one site; ``demo_day`` fixes its day (``YYYY-MM-DD``), otherwise the clock chooses.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    var_dir: Path = field(default_factory=lambda: Path("var"))
    redis_url: str | None = None
    ledger_url: str | None = None
    network: str = "builtin"
    demo: bool = False
    demo_vehicles: int = 400
    demo_requests: int = 1_200
    demo_sites: int = 60
    demo_seed: int = 1
    demo_day: str | None = None
    plan_seconds: float = 20.0
    rounds: bool = True
    round_seconds: float = 3.0
    areas: tuple[str, ...] = ("",)
    ambient_c: float | None = None
    session_hours: float = 12.0
    body_limit_bytes: int = 8 * 1024 * 1024
    log_level: str | None = None
    argon2_memory_kib: int = 65_536
    rules_dir: Path | None = None
    gbfs_contact: str = ""
    gbfs_availability: bool = False

    @property
    def effective_log_level(self) -> str:
        """``log_level`` where it is set; else ``warning`` for a demo, so that its figures stay in sight, and ``info``."""
        return self.log_level or ("warning" if self.demo else "info")

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether a name or address means this very machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _whole(environ: Mapping[str, str], name: str, default: int, *, least: int, most: int) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return default
    try:
        value = int(text)
    except ValueError:
        raise InvalidSetting(name=name, value=text, remedy="a whole number") from None
    if not least <= value <= most:
        raise InvalidSetting(name=name, value=text, remedy=f"from {least} to {most}")
    return value


def _number(environ: Mapping[str, str], name: str, default: float, *, least: float, most: float) -> float:
    text = environ.get(name, "").strip()
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        raise InvalidSetting(name=name, value=text, remedy="a number") from None
    if not least <= value <= most:
        raise InvalidSetting(name=name, value=text, remedy=f"from {least} to {most}")
    return value


def _flag(environ: Mapping[str, str], name: str, default: bool = False) -> bool:
    text = environ.get(name, "").strip().lower()
    if not text:
        return default
    if text in ("0", "no", "false", "off"):
        return False
    if text in ("1", "yes", "true", "on"):
        return True
    raise InvalidSetting(name=name, value=text, remedy="1 or 0")


def _areas(environ: Mapping[str, str]) -> tuple[str, ...]:
    codes = [code.strip() for code in environ.get("CHUANYU_AREAS", "").split(",")]
    for code in codes:
        if code and not (code.isdigit() and len(code) == 6):
            raise InvalidSetting(
                name="CHUANYU_AREAS",
                value=code,
                remedy="region codes of six digits with commas between them, or nothing",
            )
    return tuple(dict.fromkeys(codes))


def _day(environ: Mapping[str, str], name: str) -> str | None:
    text = environ.get(name, "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise InvalidSetting(name=name, value=text, remedy="a day such as 2026-03-02") from None


def _folder(environ: Mapping[str, str], name: str) -> Path | None:
    text = environ.get(name, "").strip()
    if not text:
        return None
    path = Path(text)
    if not path.is_dir():
        raise InvalidSetting(name=name, value=text, remedy="an existing folder")
    return path


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from ``environ``, by default the environment of this process.

    Raises
    ------
    InvalidSetting
        If a variable is set to something unusable.
    """
    if environ is None:
        environ = os.environ
    level = environ.get("CHUANYU_LOG_LEVEL", "").strip().lower() or None
    if level not in (None, "debug", "info", "warning", "error"):
        raise InvalidSetting(name="CHUANYU_LOG_LEVEL", value=level, remedy="debug, info, warning or error")
    return Settings(
        host=environ.get("CHUANYU_HOST", "").strip() or "127.0.0.1",
        port=_whole(environ, "CHUANYU_PORT", 8000, least=0, most=65_535),
        var_dir=Path(environ.get("CHUANYU_VAR", "").strip() or "var"),
        redis_url=environ.get("REDIS_URL", "").strip() or None,
        ledger_url=environ.get("CHUANYU_LEDGER_URL", "").strip() or None,
        network=environ.get("CHUANYU_NETWORK", "").strip() or "builtin",
        demo=_flag(environ, "CHUANYU_DEMO"),
        demo_vehicles=_whole(environ, "CHUANYU_DEMO_VEHICLES", 400, least=59, most=20_000),
        demo_requests=_whole(environ, "CHUANYU_DEMO_REQUESTS", 1_200, least=80, most=100_000),
        demo_sites=_whole(environ, "CHUANYU_DEMO_SITES", 60, least=59, most=5_000),
        demo_seed=_whole(environ, "CHUANYU_DEMO_SEED", 1, least=0, most=2**31 - 1),
        demo_day=_day(environ, "CHUANYU_DEMO_DAY"),
        plan_seconds=_number(environ, "CHUANYU_PLAN_SECONDS", 20.0, least=0.1, most=3_600.0),
        rounds=_flag(environ, "CHUANYU_ROUNDS", default=True),
        round_seconds=_number(environ, "CHUANYU_ROUND_SECONDS", 3.0, least=0.1, most=600.0),
        areas=_areas(environ),
        ambient_c=_number(environ, "CHUANYU_AMBIENT_C", 20.0, least=-50, most=60)
        if environ.get("CHUANYU_AMBIENT_C", "").strip()
        else None,
        session_hours=_number(environ, "CHUANYU_SESSION_HOURS", 12.0, least=0.01, most=24 * 30.0),
        body_limit_bytes=_whole(environ, "CHUANYU_BODY_LIMIT", 8 * 1024 * 1024, least=1024, most=256 * 1024 * 1024),
        log_level=level,
        gbfs_contact=environ.get("CHUANYU_GBFS_CONTACT", "").strip(),
        gbfs_availability=_flag(environ, "CHUANYU_GBFS_AVAILABILITY"),
        argon2_memory_kib=_whole(environ, "CHUANYU_ARGON2_KIB", 65_536, least=8, most=4 * 1024 * 1024),
        rules_dir=_folder(environ, "CHUANYU_RULES_DIR"),
    )


def terminal_language(environ: Mapping[str, str] | None = None) -> Language:
    """Return the language of the terminal by ``LC_ALL``, ``LC_MESSAGES`` and ``LANG``: Chinese unless it is English."""
    if environ is None:
        environ = os.environ
    said = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := environ.get(name, "").strip())), "")
    return "en" if said.lower().startswith("en") else "zh"
