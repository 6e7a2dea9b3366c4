"""Rules, values and findings as the API and the command give them: plain JSON with both languages beside each other."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fleet.rules.findings import Finding
from fleet.rules.model import Rule, RuleBook, RuleView, Value


def values_of(rule: Rule, view: RuleView | None) -> list[Value]:
    """All values of a rule, or those in force in a view."""
    if view is None:
        return list(rule.values)
    found = [view.find(f"{rule.id}.{name}") for name in dict.fromkeys(value.name for value in rule.values)]
    return [value for value in found if value is not None]


def value_json(value: Value) -> dict[str, Any]:
    content = value.content
    return {
        "name": value.name,
        "unit": value.unit,
        "value": str(content) if value.bound is not None else list(content) if isinstance(content, tuple) else content,
        "regions": list(value.regions),
        "from": value.from_day.isoformat(),
        "to": None if value.to_day is None else value.to_day.isoformat(),
        "origin": value.origin.value,
        "signed_by": None if value.signature is None else value.signature.person,
        "signed_on": None if value.signature is None else value.signature.on.isoformat(),
        "signed_for": None if value.signature is None else value.signature.reason,
    }


def rule_json(rule: Rule, view: RuleView | None, book: RuleBook) -> dict[str, Any]:
    """A rule; with a view, its values of that day and region, and whether each is carried over (R015)."""
    values = [
        value_json(value) | ({} if view is None else {"carried_over": view.is_carried_over(f"{rule.id}.{value.name}")})
        for value in values_of(rule, view)
    ]
    return {
        "id": rule.id,
        "group": rule.group,
        "title_zh": rule.title_zh,
        "title_en": rule.title_en,
        "type": rule.type.value,
        "basis": rule.basis.value,
        "population": rule.population.value,
        "text": rule.text,
        "note": rule.note,
        "regions": list(rule.regions),
        "levels": [level.value for level in rule.levels],
        "waiver_reasons": list(rule.waiver_reasons),
        "to_be_set": list(rule.to_be_set),
        "values": values,
        "citations": [
            asdict(citation) | {"title": book.documents[citation.document].title} for citation in rule.citations
        ],
        "enforcement": asdict(rule.enforcement) | {"status": rule.enforcement.status.value},
    }


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding with its citation and the smallest change that would pass."""
    return asdict(finding) | {
        "type": finding.type.value,
        "verdict": finding.verdict.value,
        "listed": list(finding.listed),
    }
