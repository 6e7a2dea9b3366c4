"""The people of a drill, each signed in at the interface, each call with a key of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx


class Refusal(Exception):
    """The service said no; ``status`` and ``detail`` say how."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.detail = detail


@dataclass
class People:
    """Calls in the name of accounts that share one password. ``calls`` counts them, ``refusals`` lists what was refused."""

    url: str
    password: str
    calls: int = 0
    refusals: list[str] = field(default_factory=list)
    _tokens: dict[str, str] = field(default_factory=dict)
    _client: httpx.Client | None = None

    def get(self, login: str, path: str, **params: Any) -> Any:
        return self._call("GET", login, path, params=params)

    def every(self, login: str, path: str, **params: Any) -> list[Any]:
        """Read all pages of a list."""
        items: list[Any] = []
        after = ""
        while True:
            page = self.get(login, path, limit=1000, after=after, **params)
            items += page["items"]
            if page["next_after"] is None:
                return items
            after = page["next_after"]

    def post(self, login: str, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """Call with an idempotency key; twice, as a phone with a bad signal does, and hold both answers against each other."""
        headers = {"Idempotency-Key": key} if key is not None else {}
        first = self._call("POST", login, path, json=body or {}, headers=headers)
        if key is not None and self.calls % 7 == 0:
            again = self._call("POST", login, path, json=body or {}, headers=headers)
            if again != first:
                raise AssertionError(f"{path}: the repetition of {key} was answered differently")
        return first

    def try_post(self, login: str, path: str, body: Any = None, *, key: str | None = None) -> Any | None:
        """Call, and note a refusal instead of raising it: on a bad day some come too late."""
        try:
            return self.post(login, path, body, key=key)
        except Refusal as refused:
            self.refusals.append(f"{path} {refused}")
            return None

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def _call(self, method: str, login: str, path: str, **more: Any) -> Any:
        if self._client is None:
            self._client = httpx.Client(base_url=self.url, timeout=900)
        self.calls += 1
        headers = {"Authorization": f"Bearer {self._token(login)}", **more.pop("headers", {})}
        answer = self._client.request(method, path, headers=headers, **more)
        if answer.status_code >= 400:
            raise Refusal(answer.status_code, answer.text[:300])
        return answer.json()

    def _token(self, login: str) -> str:
        if login not in self._tokens:
            client = self._client or httpx.Client(base_url=self.url, timeout=900)
            answer = client.post("/v1/sessions", json={"login": login, "password": self.password})
            if answer.status_code != 201:
                raise Refusal(answer.status_code, answer.text[:300])
            self._tokens[login] = str(answer.json()["token"])
        return self._tokens[login]
