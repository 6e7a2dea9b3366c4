"""The words by which a sheet may name the values of an enumeration: the Chinese one of the interface first."""

from __future__ import annotations

from collections.abc import Mapping

from api.intake import cells
from api.intake.findings import CellProblem
from api.wording import Text
from fleet.requests import Priority, TripKind
from fleet.units import Level
from fleet.vehicles import Duty, Energy, VehicleKind, VehicleState
from routing.datum import Datum

VEHICLE_KINDS: Mapping[VehicleKind, tuple[str, ...]] = {
    VehicleKind.SEDAN: ("轿车", "小轿车", "car", "saloon"),
    VehicleKind.SUV: ("越野车", "SUV", "运动型多用途车"),
    VehicleKind.MPV: ("商务车", "MPV", "多用途乘用车"),
    VehicleKind.MINIBUS: ("中型客车", "中巴", "中巴车", "面包车", "minivan"),
    VehicleKind.COACH: ("大型客车", "大客车", "大巴", "bus"),
}
ENERGIES: Mapping[Energy, tuple[str, ...]] = {
    Energy.PETROL: ("汽油", "燃油", "gasoline"),
    Energy.DIESEL: ("柴油",),
    Energy.PHEV: ("插电混动", "插电式混合动力", "增程式", "plug-in hybrid"),
    Energy.BEV: ("纯电动", "纯电", "电动", "electric"),
    Energy.FCEV: ("燃料电池", "氢燃料电池", "hydrogen"),
}
DUTIES: Mapping[Duty, tuple[str, ...]] = {
    Duty.POOLED: ("平台车辆", "统筹车辆", "公务用车", "pool"),
    Duty.CONFIDENTIAL: ("机要通信用车", "机要"),
    Duty.EMERGENCY: ("应急保障用车", "应急"),
    Duty.ENFORCEMENT: ("执法执勤用车", "执法执勤", "执法"),
    Duty.SPECIAL: ("特种专业技术用车", "特种专业"),
    Duty.RENTAL: ("分时租赁", "租赁车辆", "租赁"),
}
VEHICLE_STATES: Mapping[VehicleState, tuple[str, ...]] = {
    VehicleState.AVAILABLE: ("可用", "在用", "正常"),
    VehicleState.OUT_OF_SERVICE: ("停用", "维修", "检修"),
    VehicleState.SEALED: ("封存停驶", "封存"),
    VehicleState.DISPOSED: ("已处置", "处置"),
}
LEVELS: Mapping[Level, tuple[str, ...]] = {
    Level.PROVINCE: ("省级", "省本级", "provincial"),
    Level.PREFECTURE: ("市（州）级", "州级", "地市级", "地级"),
    Level.COUNTY: ("区县级", "县级", "区级", "district"),
    Level.TOWNSHIP: ("乡镇级", "乡级", "基层", "town"),
}
TRIP_KINDS: Mapping[TripKind, tuple[str, ...]] = {
    TripKind.TRANSFER: ("接送", "单程", "普通用车"),
    TripKind.CHARTER: ("包车", "随车", "全程用车"),
    TripKind.RENTAL: ("自驾租赁", "分时租赁", "自驾", "self-drive"),
}
PRIORITIES: Mapping[Priority, tuple[str, ...]] = {
    Priority.EMERGENCY: ("应急", "紧急"),
    Priority.CONFIDENTIAL: ("机要",),
    Priority.EVENT: ("重大公务活动", "公务活动", "重要活动"),
    Priority.ORDINARY: ("一般", "普通", "normal"),
}
DATUMS: Mapping[Datum, tuple[str, ...]] = {
    Datum.WGS84: ("WGS-84", "GPS", "地球坐标"),
    Datum.GCJ02: ("GCJ-02", "火星坐标", "高德", "腾讯"),
    Datum.BD09: ("BD-09", "百度", "百度坐标"),
}
LICENCES = ("A1", "A2", "A3", "B1", "B2", "C1", "C2", "C3", "C5")

#: Drive profile by body and drive train, where one fits; for any other pair the sheet must name it.
PROFILES: Mapping[tuple[VehicleKind, Energy], str] = {
    (VehicleKind.SEDAN, Energy.PETROL): "sedan_petrol",
    (VehicleKind.SUV, Energy.PETROL): "suv_petrol",
    (VehicleKind.MPV, Energy.PETROL): "mpv_petrol",
    (VehicleKind.MINIBUS, Energy.DIESEL): "minibus_diesel",
    (VehicleKind.COACH, Energy.DIESEL): "coach_diesel",
    (VehicleKind.SEDAN, Energy.PHEV): "sedan_phev",
    (VehicleKind.SEDAN, Energy.BEV): "sedan_bev",
    (VehicleKind.SUV, Energy.BEV): "suv_bev",
    (VehicleKind.MPV, Energy.BEV): "mpv_bev",
    (VehicleKind.MINIBUS, Energy.BEV): "minibus_bev",
}


class LevelWord(str):
    """市级: a province's rank in Chongqing, a prefecture's in Sichuan; the region beside it decides."""

    __slots__ = ()


MUNICIPAL = LevelWord("市级")


def level(cell: cells.Cell) -> object:
    if isinstance(cell, str) and cells.fold(cell) in ("市级", "municipal"):
        return MUNICIPAL
    return cells.one_of(LEVELS)(cell)


def licence(cell: cells.Cell) -> object:
    value = cells.plain(cells.text(cell)).upper()
    if value not in LICENCES:
        raise CellProblem(
            Text("不是准驾车型代号", "not a licence class"),
            Text(f"可填：{'、'.join(LICENCES)}", f"one of: {', '.join(LICENCES)}"),
        )
    return value


def direct_current(cell: cells.Cell) -> bool:
    word = cells.fold(cell) if isinstance(cell, str) else ""
    if word in ("直流", "dc", "快充"):
        return True
    if word in ("交流", "ac", "慢充"):
        return False
    raise CellProblem(Text("应填 直流 或 交流", "write DC or AC"))
