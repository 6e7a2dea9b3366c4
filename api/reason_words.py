"""A reason why a request is left out, in words: the cause, what was refused and by which rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.vocabulary import CAUSES, REFUSALS, word
from api.wording import Language, Text
from dispatch.plan import Cause

_OWN_WORDS = ("message_zh", "message_en", "refusal", "rules", "request", "field")


def message_of(code: str, detail: Mapping[str, Any], language: Language) -> str:
    """Return one sentence; particulars that have no words of their own are left to ``detail``."""
    message = CAUSES[Cause(code)].say(language) if code in set(Cause) else code
    told = str(detail.get(f"message_{language}") or "")
    if not told and detail.get("refusal"):
        names = str(detail["refusal"]).split(",")
        told = Text("；", "; ").say(language).join(word(REFUSALS, name, language) for name in names)
    rules = str(detail.get("rules") or "").replace(",", " ")
    if rules:
        return (told or message) + Text(f"（{rules}）", f" ({rules})").say(language)
    return told or message


def particulars(detail: Mapping[str, Any]) -> dict[str, Any]:
    """What of ``detail`` the message does not say yet."""
    return {key: value for key, value in sorted(detail.items()) if key not in _OWN_WORDS}
