"""Signing in."""

from __future__ import annotations

from pydantic import Field, SecretStr

from api.schemas.base import Input, examples


class SignInInput(Input):
    model_config = examples({"login": "dispatcher-510900", "password": "…"})

    login: str = Field(min_length=1, max_length=200)
    password: SecretStr = Field(min_length=1, max_length=1_000)
