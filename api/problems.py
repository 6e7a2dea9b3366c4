"""What every error says to the caller: RFC 9457 problem documents in Chinese or English.

One table maps every error class to a status, a title and a detail; ``tests/api/test_problems.py`` proves that no error
of ``fleet``, ``routing`` or ``dispatch`` is without an answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api import vocabulary
from api.errors import (
    AlreadyExists,
    ApiError,
    BodyTooLarge,
    CannotServe,
    FieldError,
    Forbidden,
    InvalidInput,
    KeyReused,
    KeyUnusable,
    MalformedBody,
    NoSuchPosition,
    NotSignedIn,
    NotUtf8,
    OutsideRegion,
    QueueFull,
    RuleRefused,
    StaleMatch,
    StillStarting,
    TooManyAttempts,
    WouldDisturb,
    WrongPassword,
    presentable,
)
from api.remedies import say_remedy
from api.routing_words import say_reason
from api.wording import Language, Text, choose_language
from dispatch.errors import BadInstance, DispatchError, InvalidProblem
from dispatch.service import PlanRejected
from dispatch.snapshot import PenaltyOverflow
from fleet.errors import (
    FleetError,
    IllegalTransition,
    InvalidFact,
    LeaseLost,
    LedgerBroken,
    LedgerDiverged,
    NotFound,
    StaleRevision,
    StoreUnavailable,
)
from routing.errors import InvalidClosure, InvalidNetwork, NoRoute, OffNetwork, RoutingError, UnknownProfile

__all__ = [
    "ANSWERS",
    "MEDIA_TYPE",
    "TYPE_PREFIX",
    "AlreadyExists",
    "Answer",
    "ApiError",
    "BodyTooLarge",
    "FieldError",
    "Forbidden",
    "InvalidInput",
    "KeyReused",
    "KeyUnusable",
    "MalformedBody",
    "NotSignedIn",
    "NotUtf8",
    "OutsideRegion",
    "Problem",
    "QueueFull",
    "RuleRefused",
    "StaleMatch",
    "StillStarting",
    "TooManyAttempts",
    "WrongPassword",
    "answer_for",
    "describe",
    "describe_crash",
    "describe_plain",
    "presentable",
    "respond",
]

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:chuanyu:problem:"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How an error class is told. ``fields`` yields what the detail's braces stand for."""

    status: int
    slug: str
    title: Text
    detail: Text
    fields: Callable[[Any, Language], Mapping[str, object]] = lambda _error, _language: {}
    errors: Callable[[Any], Sequence[FieldError]] = lambda _error: ()
    headers: Callable[[Any], Mapping[str, str]] = lambda _error: {}


def _kind(name: str, language: Language) -> str:
    return vocabulary.word(vocabulary.KINDS, name, language)


def _kind_and_id(error: Any, language: Language) -> Mapping[str, object]:
    return {"kind": _kind(error.kind, language), "id": error.id}


def _transition(error: IllegalTransition, language: Language) -> Mapping[str, object]:
    return {
        "kind": _kind(error.kind, language),
        "id": error.id,
        "state": vocabulary.word(vocabulary.STATES, error.state, language),
        "action": vocabulary.word(vocabulary.ACTIONS, error.action, language),
    }


def _invalid_fact_errors(error: InvalidFact) -> Sequence[FieldError]:
    return (
        FieldError(
            field=error.field,
            value=error.value,
            message=Text("取值无效", "not a possible value"),
            remedy=say_remedy(error.remedy),
        ),
    )


def _refusal_errors(error: RuleRefused) -> Sequence[FieldError]:
    return tuple(
        FieldError(
            field=own.rule_id,
            value=own.code,
            message=Text(own.message_zh, own.message_en),
            remedy=Text(f"规则全文见 /v1/rules/{own.rule_id}", f"/v1/rules/{own.rule_id} has the rule in full"),
        )
        for own in error.refusals
    )


def _off_network_errors(error: OffNetwork) -> Sequence[FieldError]:
    return (
        FieldError(
            field="lon_wgs84, lat_wgs84",
            value=[error.lon_wgs84, error.lat_wgs84],
            message=Text("距最近道路太远", "too far from every road"),
            remedy=Text(
                f"选择距道路 {error.limit_m} 米以内的地点", f"choose a place within {error.limit_m} m of a road"
            ),
        ),
    )


ANSWERS: Mapping[type[Exception], Answer] = {
    IllegalTransition: Answer(
        status=409,
        slug="illegal-transition",
        title=Text("当前状态不允许此操作", "Not possible in the present state"),
        detail=Text(
            "{kind} {id} 的状态为“{state}”，不能{action}。", "The {kind} {id} is {state}: {action} is not possible."
        ),
        fields=_transition,
    ),
    InvalidFact: Answer(
        status=422,
        slug="invalid-input",
        title=Text("输入有误", "The input is not valid"),
        detail=Text(
            "{kind} {id} 的字段 {field} 取值无效，未作任何更改。",
            "The field {field} of {kind} {id} has an impossible value. Nothing was changed.",
        ),
        fields=lambda error, language: {**_kind_and_id(error, language), "field": error.field},
        errors=_invalid_fact_errors,
    ),
    NotFound: Answer(
        status=404,
        slug="not-found",
        title=Text("未找到", "Not found"),
        detail=Text(
            "没有编号为 {id} 的{kind}，或您无权查看。",
            "There is no {kind} with the id {id}, or it is not yours to see.",
        ),
        fields=_kind_and_id,
    ),
    StaleRevision: Answer(
        status=409,
        slug="stale-revision",
        title=Text("数据已被他人更改", "Changed by someone else meanwhile"),
        detail=Text(
            "{kind} {id} 在保存前已更新到版本 {actual}，未作任何更改。请刷新后重试。",
            "The {kind} {id} went on to version {actual} before this was saved. Nothing was changed; reload and try again.",
        ),
        fields=lambda error, language: {**_kind_and_id(error, language), "actual": error.actual},
    ),
    StoreUnavailable: Answer(
        status=503,
        slug="store-unavailable",
        title=Text("数据存储暂时不可用", "The store does not answer"),
        detail=Text(
            "写入是否完成尚不确定。请几秒后用同一个 Idempotency-Key 重试，不会重复生效。",
            "Whether the write was applied is not known. Repeat it in a few seconds with the same Idempotency-Key; "
            "it will not happen twice.",
        ),
        headers=lambda _error: {"Retry-After": "2"},
    ),
    LedgerBroken: Answer(
        status=500,
        slug="ledger-broken",
        title=Text("台账校验失败", "The ledger's chain is broken"),
        detail=Text(
            "台账第 {sequence} 条校验不通过。请停止写入并联系管理员核对备份。",
            "Entry {sequence} of the ledger fails its check. Stop writing and compare it with a backup.",
        ),
        fields=lambda error, _language: {"sequence": error.sequence},
    ),
    FleetError: Answer(
        status=500,
        slug="fleet-error",
        title=Text("内部错误", "Internal error"),
        detail=Text(
            "服务端出现未分类的错误，已记录。", "The server met an error without a class of its own; it was logged."
        ),
    ),
    InvalidNetwork: Answer(
        status=422,
        slug="invalid-network",
        title=Text("路网文件有误", "The road network file is not valid"),
        detail=Text("{source} {where}字段 {field}：{reason}", "{source}, {where}field {field}: {reason}"),
        fields=lambda error, language: {
            "source": error.source,
            "where": ""
            if error.row is None
            else Text("第 {row} 行，", "row {row}, ").say(language, {"row": error.row}),
            "field": error.field,
            "reason": say_reason(error.reason).say(language),
        },
    ),
    OffNetwork: Answer(
        status=422,
        slug="off-network",
        title=Text("地点不可达", "The place cannot be reached"),
        detail=Text(
            "坐标（{lon}, {lat}）距最近道路 {distance_m} 米，超过 {limit_m} 米。",
            "The point ({lon}, {lat}) is {distance_m} m from the nearest road; at most {limit_m} m are allowed.",
        ),
        fields=lambda error, _language: {
            "lon": error.lon_wgs84,
            "lat": error.lat_wgs84,
            "distance_m": error.distance_m,
            "limit_m": error.limit_m,
        },
        errors=_off_network_errors,
    ),
    UnknownProfile: Answer(
        status=422,
        slug="unknown-profile",
        title=Text("没有该行驶参数", "No such drive profile"),
        detail=Text(
            "没有名为 {name} 的行驶参数；可用：{known}。", "There is no drive profile {name}; known are {known}."
        ),
        fields=lambda error, _language: {"name": error.name, "known": ", ".join(error.known)},
    ),
    RoutingError: Answer(
        status=500,
        slug="routing-error",
        title=Text("内部错误", "Internal error"),
        detail=Text(
            "路网计算出现未分类的错误，已记录。", "Routing met an error without a class of its own; it was logged."
        ),
    ),
    InvalidClosure: Answer(
        status=422,
        slug="invalid-closure",
        title=Text("交通管制有误", "The closure is not valid"),
        detail=Text(
            "交通管制 {id} 的字段 {field}：{reason}。未作任何更改。",
            "Closure {id}, field {field}: {reason}. Nothing was changed.",
        ),
        fields=lambda error, language: {
            "id": error.id,
            "field": error.field,
            "reason": say_reason(error.reason).say(language),
        },
    ),
    NoRoute: Answer(
        status=422,
        slug="no-route",
        title=Text("没有道路相通", "No road leads there"),
        detail=Text(
            "两点之间没有道路相通，请换一个地点。", "No road leads from one point to the other; choose another place."
        ),
    ),
    LedgerDiverged: Answer(
        status=503,
        slug="ledger-diverged",
        title=Text("数据存储与台账不一致", "Store and ledger differ"),
        detail=Text(
            "正在以台账为准恢复数据存储，请稍后用同一个 Idempotency-Key 重试。",
            "The store is being restored from the ledger; repeat with the same Idempotency-Key in a moment.",
        ),
        headers=lambda _error: {"Retry-After": "2"},
    ),
    InvalidProblem: Answer(
        status=422,
        slug="invalid-problem",
        title=Text("模型自相矛盾", "The model contradicts itself"),
        detail=Text("字段 {field} 的取值 {value} 不可能成立。", "{field} = {value}: {message}."),
        fields=lambda error, _language: {
            "field": error.field,
            "value": presentable(error.value),
            "message": error.message,
        },
    ),
    BadInstance: Answer(
        status=422,
        slug="bad-instance",
        title=Text("算例文件格式不符", "The benchmark file is not of its format"),
        detail=Text("{instance} 不符合所声明的格式。", "{instance} is not of the stated format."),
        fields=lambda error, _language: {"instance": error.instance},
    ),
    DispatchError: Answer(
        status=500,
        slug="dispatch-error",
        title=Text("内部错误", "Internal error"),
        detail=Text(
            "调度出现未分类的错误，已记录。", "Dispatch met an error without a class of its own; it was logged."
        ),
    ),
    PenaltyOverflow: Answer(
        status=422,
        slug="too-many-requests-to-weigh",
        title=Text("申请过多，无法一次规划", "Too many requests to weigh in one plan"),
        detail=Text(
            "优先级权重之和超出求解器的数值范围。请按区划分开规划。",
            "The weights of the priorities exceed the solver's range of numbers. Plan region by region.",
        ),
    ),
    PlanRejected: Answer(
        status=500,
        slug="plan-rejected",
        title=Text("方案未通过校验", "The plan failed its check"),
        detail=Text(
            "校验发现 {count} 处违反，方案未写入，现有派车单不变。已记录。",
            "The checker found {count} violation(s); the plan was not written and the present orders stand. It was logged.",
        ),
        fields=lambda error, _language: {"count": len(error.violations)},
    ),
    NotSignedIn: Answer(
        status=401,
        slug="not-signed-in",
        title=Text("请先登录", "Sign in first"),
        detail=Text("没有登录，或登录已过期。请重新登录。", "There is no session, or it has ended. Please sign in."),
        headers=lambda _error: {"WWW-Authenticate": 'Bearer realm="chuanyu"'},
    ),
    WrongPassword: Answer(
        status=401,
        slug="wrong-password",
        title=Text("账号或密码不正确", "Login or password is wrong"),
        detail=Text("请核对账号和密码后重试。", "Check both and try again."),
        headers=lambda _error: {"WWW-Authenticate": 'Bearer realm="chuanyu"'},
    ),
    TooManyAttempts: Answer(
        status=429,
        slug="too-many-attempts",
        title=Text("尝试次数过多", "Too many attempts"),
        detail=Text("请 {seconds} 秒后再试。", "Try again in {seconds} s."),
        fields=lambda error, _language: {"seconds": error.retry_after_s},
        headers=lambda error: {"Retry-After": str(error.retry_after_s)},
    ),
    Forbidden: Answer(
        status=403,
        slug="forbidden",
        title=Text("没有权限", "Not permitted"),
        detail=Text("此操作需要以下角色之一：{needs}。", "This needs one of these roles: {needs}."),
        fields=lambda error, _language: {"needs": ", ".join(error.needs)},
    ),
    OutsideRegion: Answer(
        status=403,
        slug="outside-region",
        title=Text("不在您的管辖区域", "Outside your region"),
        detail=Text("您的账户不能为区划 {region} 写入数据。", "Your account may not write for region {region}."),
        fields=lambda error, _language: {"region": error.region},
    ),
    InvalidInput: Answer(
        status=422,
        slug="invalid-input",
        title=Text("输入有误", "The input is not valid"),
        detail=Text(
            "共 {count} 处有误，未作任何更改。逐项说明见 errors。",
            "Nothing was changed. Findings: {count}; each is listed under errors.",
        ),
        fields=lambda error, _language: {"count": len(error.errors)},
        errors=lambda error: error.errors,
    ),
    MalformedBody: Answer(
        status=400,
        slug="malformed-body",
        title=Text("请求正文不是有效的 JSON", "The body is not JSON"),
        detail=Text("第 {position} 个字符处无法解析。", "It cannot be read at character {position}."),
        fields=lambda error, _language: {"position": error.position},
    ),
    NotUtf8: Answer(
        status=400,
        slug="not-utf8",
        title=Text("请求正文不是 UTF-8 编码", "The body is not UTF-8"),
        detail=Text(
            "第 {position} 个字节无法按 UTF-8 解码。请用 UTF-8 保存后重新发送（不要用 GBK）。",
            "Byte {position} cannot be decoded. Save the text as UTF-8 (not GBK) and send it again.",
        ),
        fields=lambda error, _language: {"position": error.position},
    ),
    BodyTooLarge: Answer(
        status=413,
        slug="body-too-large",
        title=Text("请求正文过大", "The body is too large"),
        detail=Text(
            "上限为 {limit} 字节，正文未被读取。请分批提交。",
            "At most {limit} bytes are accepted; the body was not read. Send it in several parts.",
        ),
        fields=lambda error, _language: {"limit": error.limit_bytes},
    ),
    AlreadyExists: Answer(
        status=409,
        slug="already-exists",
        title=Text("编号已存在", "The id is taken"),
        detail=Text(
            "已有编号为 {id} 的{kind}，未作任何更改。请换一个编号，或修改已有记录。",
            "There is already a {kind} with the id {id}. Nothing was changed; choose another id or change that record.",
        ),
        fields=_kind_and_id,
    ),
    StaleMatch: Answer(
        status=412,
        slug="stale-match",
        title=Text("数据已被他人更改", "Changed by someone else meanwhile"),
        detail=Text(
            "{kind} {id} 的当前版本是 {actual}，而 If-Match 为 {expected}，未作任何更改。请重新读取后再改。",
            "The {kind} {id} is at version {actual} but If-Match says {expected}. Nothing was changed; read it again first.",
        ),
        fields=lambda error, language: {
            **_kind_and_id(error, language),
            "actual": error.actual,
            "expected": error.expected,
        },
    ),
    KeyReused: Answer(
        status=422,
        slug="idempotency-key-reused",
        title=Text("Idempotency-Key 已用于其他请求", "The Idempotency-Key was used for another request"),
        detail=Text(
            "同一个键只能重复完全相同的请求。请为新的请求换一个键。",
            "A key repeats exactly the same request only. Take a new key for a new request.",
        ),
    ),
    KeyUnusable: Answer(
        status=400,
        slug="idempotency-key-unusable",
        title=Text("Idempotency-Key 无法使用", "The Idempotency-Key is not usable"),
        detail=Text("应为 1 至 200 个可见 ASCII 字符。", "It must be 1 to 200 visible ASCII characters."),
    ),
    NoSuchPosition: Answer(
        status=400,
        slug="no-such-position",
        title=Text("事件流中没有这个位置", "No such position in the event stream"),
        detail=Text(
            "Last-Event-ID 须为 0 至 {head} 的整数。从头读取请填 0，只听新事件请去掉该请求头；重新读取页面数据后再续接。",
            "Last-Event-ID must be a whole number from 0 to {head}. Start from 0, or leave the header out to hear only "
            "what is new.",
        ),
        fields=lambda error, _language: {"head": error.head},
    ),
    StillStarting: Answer(
        status=503,
        slug="still-starting",
        title=Text("服务正在启动", "The server is still starting"),
        detail=Text("正在等待：{what}。请稍后重试。", "Waiting for: {what}. Try again in a moment."),
        fields=lambda error, language: {"what": error.waiting_for.say(language)},
        headers=lambda _error: {"Retry-After": "2"},
    ),
    CannotServe: Answer(
        status=409,
        slug="cannot-serve",
        title=Text("该车无法承担此行程", "That vehicle cannot serve the trip"),
        detail=Text("{reasons}。可用车辆见 options。", "{reasons}. See options for vehicles that can."),
        fields=lambda error, language: {
            "reasons": Text("；", "; ").say(language).join(reason.say(language) for reason in error.reasons)
        },
    ),
    WouldDisturb: Answer(
        status=409,
        slug="would-disturb",
        title=Text("会影响其他行程", "Other trips would lose the vehicle"),
        detail=Text(
            "将重新安排：{requests}。确认请加 displace: true。",
            "To be planned again: {requests}. Send displace: true to go ahead.",
        ),
        fields=lambda error, _language: {"requests": ", ".join(error.request_ids)},
    ),
    LeaseLost: Answer(
        status=503,
        slug="lease-lost",
        title=Text("调度区域已由其他进程接管", "Another worker leads this area"),
        detail=Text(
            "区域 {name} 的方案未写入，请稍后重试。", "The plan for area {name} was not written; try again later."
        ),
        fields=lambda error, _language: {"name": error.name or "*"},
    ),
    RuleRefused: Answer(
        status=409,
        slug="rule-refused",
        title=Text("规则不允许", "Forbidden by a rule"),
        detail=Text("{rules}：{messages}。未作任何更改。", "{rules}: {messages}. Nothing was changed."),
        fields=lambda error, language: {
            "rules": ", ".join(dict.fromkeys(own.rule_id for own in error.refusals)),
            "messages": ("；" if language == "zh" else "; ").join(
                own.message_zh if language == "zh" else own.message_en for own in error.refusals
            ),
        },
        errors=_refusal_errors,
    ),
    QueueFull: Answer(
        status=503,
        slug="queue-full",
        title=Text("任务过多", "Too many jobs"),
        detail=Text("排队任务已满，请稍后重试。", "The queue is full; try again later."),
        headers=lambda _error: {"Retry-After": "30"},
    ),
}

_PLAIN: Mapping[int, tuple[str, Text, Text]] = {
    404: (
        "no-such-address",
        Text("没有这个地址", "No such address"),
        Text("{path} 不存在。接口清单见 /openapi.json。", "{path} does not exist. /openapi.json lists what does."),
    ),
    405: (
        "method-not-allowed",
        Text("不支持该方法", "Method not allowed"),
        Text("{path} 不支持 {method}。", "{path} does not take {method}."),
    ),
}
_OTHER = (
    "refused",
    Text("请求无法处理", "The request cannot be handled"),
    Text("服务器拒绝了对 {path} 的请求。", "The server refused the request for {path}."),
)
_CRASH = (
    "internal-error",
    Text("内部错误", "Internal error"),
    Text("服务端出现意外错误，已记录。", "The server met an unexpected error; it was logged."),
)


def answer_for(kind: type[Exception]) -> Answer | None:
    """Return the answer of a class or of its nearest ancestor that has one."""
    for ancestor in kind.__mro__:
        if issubclass(ancestor, Exception) and ancestor in ANSWERS:
            return ANSWERS[ancestor]
    return None


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A problem document, ready to be sent."""

    status: int
    slug: str
    title: str
    detail: str
    errors: Sequence[Mapping[str, object]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def to_json(self, instance: str) -> dict[str, object]:
        body: dict[str, object] = {
            "type": TYPE_PREFIX + self.slug,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
        }
        body["errors"] = list(self.errors)
        return body

    def to_response(self, instance: str, language: Language) -> Response:
        content = json.dumps(self.to_json(instance), ensure_ascii=False, allow_nan=False)
        return Response(
            content.encode("utf-8", "backslashreplace"),
            status_code=self.status,
            media_type=MEDIA_TYPE,
            headers={
                **self.headers,
                "Content-Language": "zh-CN" if language == "zh" else "en",
                "Vary": "Accept-Language",
                "Cache-Control": "no-store",
            },
        )


def describe(error: Exception, language: Language) -> Problem | None:
    """Say an error in a language; None when the table has no answer for it."""
    answer = answer_for(type(error))
    if answer is None:
        return None
    return Problem(
        status=answer.status,
        slug=answer.slug,
        title=answer.title.say(language),
        detail=answer.detail.say(language, answer.fields(error, language)),
        errors=[entry.to_json(language) for entry in answer.errors(error)],
        headers=answer.headers(error),
    )


def describe_plain(error: HTTPException, language: Language, *, path: str, method: str) -> Problem:
    """Say an error that the framework raised by status only."""
    slug, title, detail = _PLAIN.get(error.status_code, _OTHER)
    return Problem(
        status=error.status_code,
        slug=slug,
        title=title.say(language),
        detail=detail.say(language, {"path": path, "method": method}),
        headers=error.headers or {},
    )


def describe_crash(language: Language) -> Problem:
    """Say that something unforeseen happened; the particulars are in the log only."""
    slug, title, detail = _CRASH
    return Problem(status=500, slug=slug, title=title.say(language), detail=detail.say(language))


def respond(request: Request, error: Exception) -> Response:
    """Answer an error that the table knows, or an unforeseen one with 500."""
    language = choose_language(request.headers.get("accept-language"))
    if isinstance(error, HTTPException):
        problem = describe_plain(error, language, path=request.url.path, method=request.method)
    else:
        problem = describe(error, language) or describe_crash(language)
    return problem.to_response(request.url.path, language)
