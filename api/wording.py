"""Text in the two languages of the service, and the choice between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True)
class Text:
    """One sentence in both languages; ``{name}`` in it stands for a field that is filled in by :meth:`say`."""

    zh: str
    en: str

    def say(self, language: Language, fields: Mapping[str, object] | None = None) -> str:
        template = self.zh if language == "zh" else self.en
        return template.format_map(fields) if fields is not None else template


def choose_language(accept_language: str | None) -> Language:
    """Pick the caller's language from ``Accept-Language``; Chinese unless English is preferred to it (RFC 9110, 12.5.4)."""
    best: dict[Language, float] = {}
    for number, part in enumerate((accept_language or "").split(",")[:20]):
        tag, _, weight = part.strip().partition(";")
        primary = tag.strip().lower().split("-")[0]
        if primary not in ("zh", "en"):
            continue
        try:
            quality = float(weight.strip().removeprefix("q=")) if weight.strip() else 1.0
        except ValueError:
            continue
        language: Language = "zh" if primary == "zh" else "en"
        best[language] = max(best.get(language, 0.0), quality - number * 1e-6)
    return "en" if best.get("en", 0.0) > best.get("zh", 0.0) else "zh"
