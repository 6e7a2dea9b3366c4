"""A real Redis for the tests of whole histories."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fleet import redis_server


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a server that lives as long as the tests do."""
    with redis_server.start(tmp_path_factory.mktemp("var")) as running:
        yield running.url
