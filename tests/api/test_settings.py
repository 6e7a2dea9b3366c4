"""What the environment may say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.settings import InvalidSetting, Settings, load_settings


def test_an_empty_environment_gives_the_defaults():
    assert load_settings({}) == Settings()


def test_the_environment_is_read():
    settings = load_settings(
        {"CHUANYU_PORT": "9000", "CHUANYU_VAR": "/data", "REDIS_URL": "redis://r:6379/0", "CHUANYU_DEMO": "1"}
    )
    assert (settings.port, settings.var_dir, settings.redis_url, settings.demo) == (
        9000,
        Path("/data"),
        "redis://r:6379/0",
        True,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CHUANYU_PORT", "http"),
        ("CHUANYU_PORT", "70000"),
        ("CHUANYU_DEMO", "maybe"),
        ("CHUANYU_PLAN_SECONDS", "nan"),
        ("CHUANYU_PLAN_SECONDS", "-1"),
        ("CHUANYU_LOG_LEVEL", "loud"),
        ("CHUANYU_DEMO_VEHICLES", "3"),
        ("CHUANYU_DEMO_DAY", "2026-02-30"),
    ],
)
def test_an_unusable_value_is_named(name, value):
    with pytest.raises(InvalidSetting) as caught:
        load_settings({name: value})
    assert caught.value.name == name


@pytest.mark.parametrize(
    ("host", "expected"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("a.b", False)],  # noqa: S104
)
def test_loopback(host, expected):
    assert Settings(host=host).is_loopback is expected


@pytest.mark.parametrize("page", ["docs/server.md", "docs/server.zh-CN.md"])
def test_every_variable_is_documented(repository, page):
    read = set(re.findall(r'"(CHUANYU_[A-Z0-9_]+|REDIS_URL)"', (repository / "api" / "settings.py").read_text("utf-8")))
    told = set(re.findall(r"CHUANYU_[A-Z0-9_]+|REDIS_URL", (repository / page).read_text("utf-8")))
    assert told == read
