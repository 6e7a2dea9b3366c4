"""Rule files to a rule book, strictly: a file that does not say what it means is refused by name.

A local office keeps its own folder of files with the same form. Each is signed (``[signature]``: person, on, reason) and may
add values to a rule of the book, or a rule of its own whose id starts with ``L``. A hard bound may be tightened, not loosened;
no value reaches back before its signature.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import combinations
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from fleet.errors import InvalidFact
from fleet.rules.bounds import Bound, parse_bound
from fleet.rules.jurisdictions import Province, find_jurisdiction, list_districts, list_prefectures
from fleet.rules.model import (
    Basis,
    Citation,
    Document,
    Enforcement,
    Origin,
    PopulationScope,
    Rule,
    RuleBook,
    RuleType,
    Signature,
    Status,
    Value,
)
from fleet.units import Level

_T = TypeVar("_T")

#: unit of a whole number -> the ending that its name carries
NUMBER_UNITS: Mapping[str, str] = {
    "count": "_count",
    "s": "_s",
    "m": "_m",
    "m_per_h": "_m_per_h",
    "wh": "_wh",
    "wh_per_km": "_wh_per_km",
    "w": "_w",
    "fen": "_fen",
    "ml": "_ml",
    "permille": "_permille",
    "year": "_year",
    "years": "_years",
    "months": "_months",
    "days": "_days",
}

#: what codes may be codes of
CODE_UNITS = frozenset(
    [
        "region",
        "day",
        "vehicle_class",
        "vehicle_state",
        "drive_train",
        "tier",
        "priority",
        "reason",
        "field",
        "decision",
        "parameter",
        "mode",
        "state",
        "cost_item",
        "alert",
        "role",
    ]
)

#: the unit of a bound
BOUND_UNIT = "ratio"


class _ValueFile(msgspec.Struct, forbid_unknown_fields=True, rename={"from_day": "from", "to_day": "to"}):
    name: str
    unit: str
    from_day: date
    origin: Origin
    to_day: date | None = None
    regions: list[str] = []
    number: int | None = None
    integer: str | None = None
    codes: list[str] | None = None


class _ScopeFile(msgspec.Struct, forbid_unknown_fields=True):
    regions: list[str]
    levels: list[Level] = []


class _CitationFile(msgspec.Struct, forbid_unknown_fields=True):
    document: str
    section: str = ""
    quotation: str = ""
    english: str = ""


class _EnforcementFile(msgspec.Struct, forbid_unknown_fields=True):
    status: Status
    where: str = ""
    test: str = ""
    missing: str = ""


class _RuleFile(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    group: str
    title_zh: str
    title_en: str
    type: RuleType
    basis: Basis
    population: PopulationScope
    text: str
    bites: list[str]
    scope: _ScopeFile
    citations: list[_CitationFile]
    enforcement: _EnforcementFile
    values: list[_ValueFile] = []
    note: str = ""
    waiver_reasons: list[str] = []
    to_be_set: list[str] = []


class _SignatureFile(msgspec.Struct, forbid_unknown_fields=True):
    person: str
    on: date
    reason: str


class _OverrideFile(msgspec.Struct, forbid_unknown_fields=True):
    overrides: str
    values: list[_ValueFile]
    citations: list[_CitationFile] = []


def _refuse(file: str, field: str, value: object, remedy: str) -> InvalidFact:
    return InvalidFact(kind="rule", id=file, field=field, value=value, remedy=remedy)


def load(overrides: Path | None = None) -> RuleBook:
    """Return the book of the package, with the overrides of a local folder (``*.toml``) where one is given.

    Raises
    ------
    InvalidFact
        If a file is unreadable, incomplete or contradicts itself or the book; nothing of the folder is used then.
    """
    if overrides is None:
        return _built_in()
    if not overrides.is_dir():
        raise _refuse(str(overrides), "folder", str(overrides), "an existing folder of signed .toml files")
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(overrides.glob("*.toml"))}
    return with_overrides(_built_in(), texts)


@cache
def _built_in() -> RuleBook:
    data = files("fleet.rules").joinpath("data")
    documents = _documents(tomllib.loads(data.joinpath("documents.toml").read_text(encoding="utf-8")))
    groups = _groups(tomllib.loads(data.joinpath("groups.toml").read_text(encoding="utf-8")))
    rules = [
        build_rule(entry.name, entry.read_text(encoding="utf-8"), documents=documents, groups=groups)
        for entry in sorted(data.joinpath("rules").iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".toml")
    ]
    return build_book(rules, documents=documents, groups=groups)


def build_book(
    rules: Iterable[Rule], *, documents: Mapping[str, Document], groups: Mapping[str, tuple[str, ...]]
) -> RuleBook:
    """Put rules together; raises ``InvalidFact`` if an id stands twice."""
    by_id: dict[str, Rule] = {}
    for rule in sorted(rules, key=lambda rule: rule.id):
        if rule.id in by_id:
            raise _refuse(rule.id, "id", rule.id, "each id once")
        by_id[rule.id] = rule
    return RuleBook(rules=MappingProxyType(by_id), documents=documents, groups=groups)


def build_rule(
    file: str, text: str, *, documents: Mapping[str, Document], groups: Mapping[str, tuple[str, ...]]
) -> Rule:
    """Read one rule file.

    Raises
    ------
    InvalidFact
        Naming the file, the field and what would be accepted.
    """
    return _rule(file, _parse(file, text), documents=documents, groups=groups)


def _rule(
    file: str,
    body: Mapping[str, Any],
    *,
    documents: Mapping[str, Document],
    groups: Mapping[str, tuple[str, ...]],
    signature: Signature | None = None,
) -> Rule:
    raw = _convert(file, body, _RuleFile)
    for name in ("title_zh", "title_en", "text"):
        if not getattr(raw, name).strip():
            raise _refuse(file, name, "", "not empty")
    if file.removesuffix(".toml") != raw.id:
        raise _refuse(file, "id", raw.id, "the file bears the rule's id")
    if not raw.scope.regions:
        raise _refuse(file, "scope.regions", [], "at least one region or group")
    _check_regions(file, "scope.regions", raw.scope.regions, groups)
    citations = _citations(file, raw.citations, documents)
    if not citations:
        raise _refuse(file, "citations", [], "at least one document, quoted where it is at hand")
    values = tuple(_value(file, value, groups=groups, signature=signature) for value in raw.values)
    rule = Rule(
        id=raw.id,
        group=raw.group,
        title_zh=raw.title_zh,
        title_en=raw.title_en,
        type=raw.type,
        basis=raw.basis,
        population=raw.population,
        text=raw.text,
        bites=tuple(raw.bites),
        regions=tuple(raw.scope.regions),
        levels=tuple(raw.scope.levels),
        values=values,
        citations=citations,
        enforcement=Enforcement(
            status=raw.enforcement.status,
            where=raw.enforcement.where,
            test=raw.enforcement.test,
            missing=raw.enforcement.missing,
        ),
        note=raw.note,
        waiver_reasons=tuple(raw.waiver_reasons),
        to_be_set=tuple(raw.to_be_set),
    )
    _check_overlaps(file, values, groups)
    return rule


def with_overrides(book: RuleBook, texts: Mapping[str, str]) -> RuleBook:
    """Return the book with a local office's files, by file name, added.

    Raises
    ------
    InvalidFact
        If a file is unsigned, unknown in form, reaches back before its signature or loosens a hard bound.
    """
    rules, documents = dict(book.rules), dict(book.documents)
    for file in sorted(texts):
        body = _parse(file, texts[file])
        signature = _signature(file, body.pop("signature", None))
        documents |= _documents(body.pop("documents", {}), file)
        if "overrides" in body:
            rule = _overridden(file, body, signature, rules=rules, documents=documents, groups=book.groups)
        else:
            rule = _rule(file, body, documents=documents, groups=book.groups, signature=signature)
            if not rule.id.startswith("L"):
                raise _refuse(file, "id", rule.id, "an id of your own, starting with L")
            if rule.id in rules:
                raise _refuse(file, "id", rule.id, "each id once")
        rules[rule.id] = rule
    return RuleBook(
        rules=MappingProxyType(dict(sorted(rules.items()))),
        documents=MappingProxyType(documents),
        groups=book.groups,
    )


def _overridden(
    file: str,
    body: dict[str, Any],
    signature: Signature,
    *,
    rules: Mapping[str, Rule],
    documents: Mapping[str, Document],
    groups: Mapping[str, tuple[str, ...]],
) -> Rule:
    raw = _convert(file, body, _OverrideFile)
    rule = rules.get(raw.overrides)
    if rule is None:
        raise _refuse(file, "overrides", raw.overrides, "the id of a rule of the book")
    if not raw.values:
        raise _refuse(file, "values", [], "at least one value")
    added = tuple(_value(file, value, groups=groups, signature=signature) for value in raw.values)
    for value in added:
        if not value.regions:
            raise _refuse(file, f"values.{value.name}.regions", [], "the regions for which the office may decide")
        _check_override(file, rule, value)
    values = (*rule.values, *added)
    _check_overlaps(file, [value for value in values if value.signature is not None], groups)
    return replace(rule, values=values, citations=(*rule.citations, *_citations(file, raw.citations, documents)))


def _check_override(file: str, rule: Rule, value: Value) -> None:
    """What an office may set: names that the rule knows. A hard rule is tightened, never loosened; our own defaults are free.

    Numbers and codes that a hard rule takes from a plan or a law stand as they are until their dates end.
    """
    known = [own for own in rule.values if own.name == value.name and own.signature is None]
    if not known and value.name not in rule.to_be_set:
        names = sorted({own.name for own in rule.values} | set(rule.to_be_set))
        raise _refuse(file, f"values.{value.name}", value.name, f"{rule.id} knows {', '.join(names) or 'no value'}")
    if any(own.unit != value.unit for own in known):
        raise _refuse(file, f"values.{value.name}.unit", value.unit, f"{rule.id}: {known[0].unit}")
    if rule.type is not RuleType.HARD:
        return
    if value.bound is None:
        for own in known:
            fixed = own.origin not in (Origin.DEFAULT, Origin.UNVERIFIED)
            if fixed and (own.to_day is None or value.from_day <= own.to_day):
                remedy = f"{rule.id} is hard and cited: its value stands as it is"
                raise _refuse(file, f"values.{value.name}", value.content, remedy)
        return
    for own in known or rule.values:
        if own.bound is None or own.origin is Origin.DEFAULT:
            continue
        stricter = value.bound.is_at_least_as_strict_as(own.bound)
        if not stricter or (not known and own.bound.is_at_least_as_strict_as(value.bound)):
            remedy = f"{rule.id} is hard: {'at least as strict as' if known else 'stricter than'} {own.bound}"
            raise _refuse(file, f"values.{value.name}.integer", str(value.bound), remedy)


def _parse(file: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _refuse(file, "file", str(error), "a TOML file") from error


def _convert(file: str, body: Mapping[str, Any], form: type[_T]) -> _T:
    try:
        return msgspec.convert(body, form)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        raise _refuse(
            file, path.rstrip("`").lstrip(".") or "file", message, "the form that docs/rules.md shows"
        ) from error


def _signature(file: str, body: object) -> Signature:
    remedy = "a table [signature] with person, on (a date) and reason"
    if not isinstance(body, Mapping):
        raise _refuse(file, "signature", body, remedy)
    raw = _convert(file, body, _SignatureFile)
    if not raw.person.strip() or not raw.reason.strip():
        raise _refuse(file, "signature", dict(body), remedy)
    return Signature(person=raw.person.strip(), on=raw.on, reason=raw.reason.strip(), file=file)


def _documents(body: Mapping[str, Any], file: str = "documents.toml") -> Mapping[str, Document]:
    found: dict[str, Document] = {}
    for id, fields in body.items():
        try:
            found[id] = msgspec.convert({"id": id, **fields}, Document)
        except (msgspec.ValidationError, TypeError) as error:
            raise _refuse(file, id, str(error), "title, and where it is to be found") from error
    return MappingProxyType(found)


def _groups(body: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType({name: tuple(fields["regions"]) for name, fields in body.items()})


def _citations(file: str, raw: Sequence[_CitationFile], documents: Mapping[str, Document]) -> tuple[Citation, ...]:
    for number, citation in enumerate(raw):
        document = documents.get(citation.document)
        if document is None:
            raise _refuse(file, f"citations[{number}].document", citation.document, "a document of documents.toml")
        if not citation.quotation.strip() and not document.where:
            raise _refuse(file, f"citations[{number}].quotation", "", f"the words of {citation.document}")
    return tuple(
        Citation(document=own.document, section=own.section, quotation=own.quotation, english=own.english)
        for own in raw
    )


def _check_regions(file: str, field: str, tokens: Sequence[str], groups: Mapping[str, tuple[str, ...]]) -> None:
    for token in tokens:
        if token not in groups and token not in tuple(Province) and find_jurisdiction(token) is None:
            raise _refuse(file, field, token, f"a known region code, SC, CQ or one of {', '.join(groups)}")


def _value(file: str, raw: _ValueFile, *, groups: Mapping[str, tuple[str, ...]], signature: Signature | None) -> Value:
    at = f"values.{raw.name}"
    if not raw.name.isidentifier():
        raise _refuse(file, at, raw.name, "a name in lower case with underscores")
    given = [part is not None for part in (raw.number, raw.integer, raw.codes)]
    if sum(given) != 1:
        remedy = "exactly one of number, integer (the whole-number form of a bound) and codes"
        raise _refuse(file, at, raw.name, remedy)
    if raw.to_day is not None and raw.to_day < raw.from_day:
        raise _refuse(file, f"{at}.to", raw.to_day.isoformat(), "not before from")
    if signature is not None and raw.from_day < signature.on:
        raise _refuse(file, f"{at}.from", raw.from_day.isoformat(), f"not before the signature of {signature.on}")
    _check_regions(file, f"{at}.regions", raw.regions, groups)
    bound: Bound | None = None
    if raw.number is not None:
        ending = NUMBER_UNITS.get(raw.unit)
        if ending is None:
            raise _refuse(file, f"{at}.unit", raw.unit, f"one of {', '.join(NUMBER_UNITS)}")
        if not raw.name.endswith(ending):
            raise _refuse(file, f"{at}.name", raw.name, f"a name that ends in {ending}")
    elif raw.integer is not None:
        if raw.unit != BOUND_UNIT:
            raise _refuse(file, f"{at}.unit", raw.unit, BOUND_UNIT)
        try:
            bound = parse_bound(raw.integer)
        except ValueError as error:
            remedy = "whole numbers on both sides, such as 10*nev > 3*replaced"
            raise _refuse(file, f"{at}.integer", raw.integer, remedy) from error
    else:
        if raw.unit not in CODE_UNITS:
            raise _refuse(file, f"{at}.unit", raw.unit, f"one of {', '.join(sorted(CODE_UNITS))}")
        if raw.unit == "region":
            _check_regions(file, f"{at}.codes", raw.codes or [], groups)
    return Value(
        name=raw.name,
        unit=raw.unit,
        origin=Origin.LOCAL if signature is not None else raw.origin,
        from_day=raw.from_day,
        to_day=raw.to_day,
        regions=tuple(raw.regions),
        number=raw.number,
        bound=bound,
        codes=None if raw.codes is None else tuple(raw.codes),
        signature=signature,
    )


def _check_overlaps(file: str, values: Sequence[Value], groups: Mapping[str, tuple[str, ...]]) -> None:
    """Two values of one name on one day in one region contradict each other, unless one narrows the other's regions."""
    for a, b in combinations(values, 2):
        if a.name != b.name or bool(a.regions) != bool(b.regions):
            continue
        starts_in_time = a.from_day <= (b.to_day or date.max) and b.from_day <= (a.to_day or date.max)
        if starts_in_time and (not a.regions or _meet(a.regions, b.regions, groups)):
            field = f"values.{a.name}"
            raise _refuse(file, field, f"{a.from_day} and {b.from_day}", "dates that do not overlap in one region")


def _meet(a: Sequence[str], b: Sequence[str], groups: Mapping[str, tuple[str, ...]]) -> bool:
    return bool(_reach(a, groups) & _reach(b, groups))


def _reach(tokens: Sequence[str], groups: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Jurisdictions that tokens touch; a county counts as its prefecture, so that overlaps are found rather than missed."""
    found: set[str] = set()
    for token in tokens:
        if token == Province.SICHUAN:
            found |= {"510000", *(own.code for own in list_prefectures())}
        elif token == Province.CHONGQING:
            found |= {"500000", *(own.code for own in list_districts())}
        else:
            for code in groups.get(token, (token,)):
                own = find_jurisdiction(code)
                found.add(code if own is None else own.code)
    return found
