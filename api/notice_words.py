"""Notices in the reader's language."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from api.services import LOCAL_ZONE
from api.wording import Language, Text
from fleet.promises import NoticeKind, NoticeReason
from fleet.store import Document, FleetStore

REASONS: dict[NoticeReason, Text] = {
    NoticeReason.VEHICLE_OUT: Text("原车辆停用", "the vehicle is out of service"),
    NoticeReason.DRIVER_OUT: Text("原驾驶员不能出车", "the driver is not available"),
    NoticeReason.DECLINED: Text("原驾驶员拒单", "the driver declined it"),
    NoticeReason.UNANSWERED: Text("驾驶员未在规定时间内接单", "the driver did not answer in time"),
    NoticeReason.RUNNING_LATE: Text("车辆前序行程晚点", "the vehicle is running late"),
    NoticeReason.EMERGENCY: Text("车辆优先保障应急任务", "an emergency goes first"),
    NoticeReason.ROAD_CLOSED: Text("途经道路管制或拥堵", "a road on the way is closed or slow"),
    NoticeReason.CHARGING: Text("车辆电量或充电桩不足", "the vehicle's charge or the charge points do not suffice"),
    NoticeReason.CHOSEN: Text("调度员调整", "the dispatcher changed it"),
    NoticeReason.REPLANNED: Text("当日调度方案调整", "the day was planned anew"),
}

_MESSAGES: dict[NoticeKind, Text] = {
    NoticeKind.MOVED: Text(
        "上车时间由 {before} 改为 {after}，原因：{reason}。", "The pick-up moves from {before} to {after}: {reason}."
    ),
    NoticeKind.VEHICLE_CHANGED: Text(
        "车辆改为 {plate}，上车时间不变（{after}），原因：{reason}。",
        "Another vehicle comes, {plate}; the pick-up stays {after}: {reason}.",
    ),
    NoticeKind.WITHDRAWN: Text(
        "原定 {before} 的用车暂时无法保障，原因：{reason}；正在重新安排。",
        "The pick-up at {before} cannot be kept: {reason}. It is being planned again.",
    ),
    NoticeKind.RESTORED: Text(
        "已重新安排用车：{after} 上车，{plate}。", "It is served after all: pick-up {after}, {plate}."
    ),
}


def say_notice(document: Document, store: FleetStore, language: Language) -> dict[str, Any]:
    """Return a notice with its message."""
    body = document.body
    vehicle = None if body["after_vehicle_id"] is None else store.find("vehicle", str(body["after_vehicle_id"]))
    message = (
        _MESSAGES[NoticeKind(str(body["kind"]))]
        .say(language)
        .format(
            before=_window(body["before_from_at"], body["before_to_at"]),
            after=_window(body["after_from_at"], body["after_to_at"]),
            plate="" if vehicle is None else vehicle.body["plate"],
            reason=REASONS[NoticeReason(str(body["reason"]))].say(language),
        )
    )
    return {**body, "version": document.version, "message": message}


def _window(begin: object, end: object) -> str:
    if begin is None or end is None:
        return ""
    first, last = (datetime.fromisoformat(str(each)).astimezone(LOCAL_ZONE) for each in (begin, end))
    return f"{first:%m-%d %H:%M}–{last:%H:%M}"
