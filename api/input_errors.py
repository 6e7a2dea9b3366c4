"""pydantic's findings as field errors in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from api.intake.kinds import ImportKind
from api.problems import FieldError, InvalidInput
from api.wording import Text

_REQUIRED = (Text("缺少必填字段", "a required field is missing"), Text("请补充该字段", "add it"))
_OFFERED: Mapping[tuple[str, str], str] = {("query", "kind"): ", ".join(ImportKind)}
"""What a missing parameter could be, where it is one of a few words: pydantic does not tell."""
NUMBER = (Text("不是数值", "not a number"), Text("请填写数值", "give a number"))
WHOLE = (Text("不是整数", "not a whole number"), Text("请填写整数", "give a whole number"))
_TEXT = (Text("不是文字", "not a text"), Text("请填写文字", "give a text"))
_INSTANT = (
    Text("不是有效的时刻", "not an instant"),
    Text("按 2026-03-02T08:00:00+08:00 的格式填写，带时区", "write it like 2026-03-02T08:00:00+08:00, with the offset"),
)
_DAY = (Text("不是有效的日期", "not a date"), Text("按 2026-03-02 的格式填写", "write it like 2026-03-02"))
_OBJECT = (Text("不是 JSON 对象", "not a JSON object"), Text("请填写 JSON 对象", "give a JSON object"))
_LIST = (Text("不是列表", "not a list"), Text("请填写列表", "give a list"))
_FLAG = (Text("不是 true 或 false", "not true or false"), Text("请填写 true 或 false", "give true or false"))

_FIXED: Mapping[str, tuple[Text, Text]] = {
    "missing": _REQUIRED,
    "int_type": WHOLE,
    "int_parsing": WHOLE,
    "int_parsing_size": WHOLE,
    "int_from_float": WHOLE,
    "float_type": NUMBER,
    "float_parsing": NUMBER,
    "finite_number": (
        Text("数值必须有限", "the number is not finite"),
        Text("请填写有限的数值", "give a finite number"),
    ),
    "string_type": _TEXT,
    "string_unicode": (Text("含有无效字符", "the text has invalid characters"), Text("请去掉无效字符", "remove them")),
    "bool_type": _FLAG,
    "bool_parsing": _FLAG,
    "datetime_type": _INSTANT,
    "datetime_parsing": _INSTANT,
    "datetime_from_date_parsing": _INSTANT,
    "datetime_object_invalid": _INSTANT,
    "timezone_aware": _INSTANT,
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dict_type": _OBJECT,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "json_invalid": (Text("不是有效的 JSON", "not JSON"), Text("请检查 JSON 语法", "check its syntax")),
    "extra_forbidden": (
        Text("没有这个字段", "there is no such field"),
        Text("请删除或改正字段名", "remove it or correct its name"),
    ),
}

_WITH_BOUND: Mapping[str, tuple[Text, Text, str]] = {
    "greater_than_equal": (Text("数值过小", "too small"), Text("不小于 {bound}", "at least {bound}"), "ge"),
    "greater_than": (Text("数值过小", "too small"), Text("大于 {bound}", "more than {bound}"), "gt"),
    "less_than_equal": (Text("数值过大", "too large"), Text("不大于 {bound}", "at most {bound}"), "le"),
    "less_than": (Text("数值过大", "too large"), Text("小于 {bound}", "less than {bound}"), "lt"),
    "string_too_short": (
        Text("文字过短", "the text is too short"),
        Text("至少 {bound} 个字符", "at least {bound} character(s)"),
        "min_length",
    ),
    "string_too_long": (
        Text("文字过长", "the text is too long"),
        Text("至多 {bound} 个字符", "at most {bound} character(s)"),
        "max_length",
    ),
    "too_short": (Text("项目过少", "too few entries"), Text("至少 {bound} 项", "at least {bound}"), "min_length"),
    "too_long": (Text("项目过多", "too many entries"), Text("至多 {bound} 项", "at most {bound}"), "max_length"),
    "enum": (Text("不是可选值", "not one of the possible values"), Text("可选：{bound}", "one of {bound}"), "expected"),
    "literal_error": (
        Text("不是可选值", "not one of the possible values"),
        Text("可选：{bound}", "one of {bound}"),
        "expected",
    ),
    "string_pattern_mismatch": (
        Text("格式不符", "not in the expected form"),
        Text("须符合 {bound}", "it must match {bound}"),
        "pattern",
    ),
    "multiple_of": (
        Text("数值不符", "not a possible number"),
        Text("须为 {bound} 的倍数", "a multiple of {bound}"),
        "multiple_of",
    ),
}


class Unacceptable(ValueError):
    """A model's own refusal of a value, with its words: raised in a validator, said as they are."""

    def __init__(self, message: Text, remedy: Text) -> None:
        super().__init__(f"{message.en}: {remedy.en}")
        self.message = message
        self.remedy = remedy


def path_of(location: Sequence[int | str]) -> str:
    """Write pydantic's location as ``stops[0].lon_wgs84``; the leading word for where the input came from is dropped."""
    steps = list(location)
    if steps and steps[0] in ("body", "query", "path", "header", "cookie"):
        steps = steps[1:]
    path = ""
    for step in steps:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    return path or "body"


def from_validation(findings: Iterable[Mapping[str, Any]]) -> InvalidInput:
    """Say every finding of a validation in both languages."""
    return InvalidInput([_say(finding) for finding in findings])


def _say(finding: Mapping[str, Any]) -> FieldError:
    kind = str(finding.get("type", ""))
    context = finding.get("ctx") or {}
    refusal = context.get("error")
    if isinstance(refusal, Unacceptable):
        message, remedy = refusal.message, refusal.remedy
    elif kind == "missing" and (words := _OFFERED.get(tuple(finding.get("loc", ())))):
        message, remedy = _REQUIRED[0], Text(f"可选：{words}", f"one of {words}")
    elif kind in _FIXED:
        message, remedy = _FIXED[kind]
    elif kind in _WITH_BOUND:
        message, template, name = _WITH_BOUND[kind]
        bound = {"bound": str(context.get(name, ""))}
        remedy = Text(template.say("zh", bound), template.say("en", bound))
    else:
        message = Text("取值无效", "not a possible value")
        remedy = Text(str(finding.get("msg", "")), str(finding.get("msg", "")))
    path = path_of(finding.get("loc", ()))
    hidden = kind == "missing" or "password" in path
    return FieldError(
        field=path,
        value=None if hidden else finding.get("input"),
        message=message,
        remedy=remedy,
    )
