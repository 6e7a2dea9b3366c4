"""``docs/rules.md`` from the data: ``python -m fleet.rules.document > docs/rules.md``."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator

from fleet.rules.load import load
from fleet.rules.model import Citation, Origin, Rule, RuleBook, RuleType, Status, Value

GROUPS = {
    "A": "范围与地区 Scope and regions",
    "B": "车辆与编制 Vehicles and quotas",
    "C": "充电与能源 Chargers and energy supply",
    "D": "调度与使用 Dispatch and use",
    "E": "分时租赁与社会化保障 Time-share rental and socialised support",
    "F": "川渝跨区 Cross-region operation",
    "G": "驾驶员与安全 Drivers and safety",
    "H": "成本与统计 Cost and statistics",
    "I": "监督与审计 Oversight and audit",
    "J": "应急 Emergency",
    "K": "平台、数据与安全 Platform, data and security",
}

STATUSES = {
    Status.ENFORCED: ("生效", "what breaks it is refused"),
    Status.CHECKED: ("核查", "the compliance check says pass or fail; it stops no trip"),
    Status.OFFERED: ("待接入", "the deciding function stands and is tested; dispatch or API do not call it yet"),
    Status.CONTEXT: ("参考", "figures to show; there is nothing to refuse"),
    Status.OPEN: ("未实施", "not yet"),
}

_HEAD = """# 规则 Rules

<!-- Generated from fleet/rules/data by `python -m fleet.rules.document > docs/rules.md`; a test compares. -->

Every rule that the service knows: {total} of them, each a file in `fleet/rules/data/rules`, with its numbers, dates, scope
and citation. **HARD** is never broken, **SOFT** is an objective, a warning or a waiver with a reason, **IND** blocks nothing.
*stated*: in a cited plan; *derived*: our testable reading of its words; *public*: from other public sources or law.

| status | means | HARD | SOFT | IND |
|---|---|---|---|---|
{statuses}

Numbers: *default* ones are ours, to be set by the office; *unverified* ones are known only from general knowledge of a text
that was not at hand. A value whose dates have ended and that nothing followed stays in force and is shown as carried over
(R015).

## A local office's own rules

Files `*.toml` in a folder of the office, given to `chuanyu rules ... --overrides DIR` and to the server by the setting
`CHUANYU_RULES_DIR`; `GET /v1/rules` and the console show who signed them. Each is signed by a person and dated, names the
regions it is for, and reaches no further back than its signature. A hard rule can be tightened, not loosened.

```toml
overrides = "R021"

[signature]
person = "张三"
on = 2026-01-05
reason = "市政府常务会议决定"

[[values]]
name = "nev_share"
integer = "2*nev > 1*replaced"
unit = "ratio"
regions = ["510100"]
from = 2026-02-01
origin = "local"
```

A rule of one's own has the form of the files in the package, an id that starts with `L`, and the same `[signature]`.

## What is not yet enforced

{open}
"""


def _line(values: list[str]) -> str:
    return "| " + " | ".join(value.replace("|", "\\|") for value in values) + " |"


def _say_value(value: Value) -> str:
    if value.bound is not None:
        text = f"`{value.bound}`"
    elif value.number is not None:
        text = f"{value.number} {value.unit}"
    else:
        codes = value.codes or ()
        text = ", ".join(codes) if len(codes) <= 12 else f"{len(codes)} {value.unit} codes"
        text = text or f"no {value.unit} yet"
    where = f" [{' '.join(value.regions)}]" if value.regions else ""
    until = "" if value.to_day is None else f"..{value.to_day}"
    origin = "" if value.origin in (Origin.STATED, Origin.PUBLIC) else f", {value.origin}"
    return f"`{value.name}`{where} = {text} ({value.from_day}{until}{origin})"


def _say_citation(book: RuleBook, citation: Citation) -> str:
    document = book.documents[citation.document]
    if not citation.quotation:
        return f"[{document.id}]"
    return f"《{document.title}》{citation.section}：“{citation.quotation}”"


def _where(rule: Rule) -> str:
    own = rule.enforcement
    parts = [STATUSES[own.status][0]]
    if own.where:
        parts.append(f"`{own.where}`")
    if own.test:
        parts.append(f"`{own.test}`")
    if own.missing:
        parts.append(own.missing)
    return "<br>".join(parts)


def lines(book: RuleBook) -> Iterator[str]:
    """Yield the document line by line."""
    counts = Counter((rule.enforcement.status, rule.type) for rule in book)
    statuses = "\n".join(
        _line([f"{zh} {status}", text, *(str(counts[status, type]) for type in RuleType)])
        for status, (zh, text) in STATUSES.items()
    )
    waiting = {
        status: [rule for rule in book if rule.enforcement.status is status] for status in (Status.OFFERED, Status.OPEN)
    }
    open_text = "\n\n".join(
        f"**{STATUSES[status][0]} {status}** ({STATUSES[status][1]}):\n\n"
        + "\n".join(f"- {rule.id} {rule.title_zh} {rule.title_en} ({rule.type})" for rule in rules)
        for status, rules in waiting.items()
        if rules
    )
    yield from _HEAD.format(total=len(book.rules), statuses=statuses, open=open_text).splitlines()
    for group, title in GROUPS.items():
        rules = [rule for rule in book if rule.group == group]
        if not rules:
            continue
        yield ""
        yield f"## {group}. {title}"
        yield ""
        yield "| 规则 | 内容 | 数值 | 出处 | 落实 |"
        yield "|---|---|---|---|---|"
        for rule in rules:
            scope = " ".join(rule.regions) + (f" ({', '.join(rule.levels)})" if rule.levels else "")
            note = f"<br>*{rule.note}*" if rule.note else ""
            waiver = f"<br>waiver: {', '.join(rule.waiver_reasons)}" if rule.waiver_reasons else ""
            to_set = f"<br>to be set by the region: {', '.join(rule.to_be_set)}" if rule.to_be_set else ""
            yield _line(
                [
                    f"**{rule.id}** {rule.title_zh}<br>{rule.title_en}<br>{rule.type} ({rule.basis})",
                    f"{rule.text}{note}<br>{scope}; {rule.population}{waiver}",
                    "<br>".join(_say_value(value) for value in rule.values) + to_set,
                    "<br>".join(_say_citation(book, citation) for citation in rule.citations),
                    _where(rule),
                ]
            )
    yield ""
    yield "## 出处 Documents"
    yield ""
    yield "| 编号 | 文件 | 出处 | 所见 |"
    yield "|---|---|---|---|"
    for document in book.documents.values():
        title = f"{document.title} ({document.english})" if document.english else document.title
        yield _line([document.id, title, document.where or "quoted word for word", document.seen or "whole text"])


def text(book: RuleBook) -> str:
    """Return the whole document."""
    return "\n".join(lines(book)) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text(load()))
