"""What a rule says when it says no: its id, a code for programs, and a sentence in each language for people (R083)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One refusal. ``code`` is stable; ``detail`` carries the figures that decided."""

    rule_id: str
    code: str
    message_zh: str
    message_en: str
    detail: Mapping[str, int | str] = field(default_factory=dict)
