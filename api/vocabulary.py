"""The words for kinds, states, actions, roles and causes in both languages, from the project's glossary."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from api.wording import Language, Text
from dispatch.plan import Cause

KINDS: Mapping[str, Text] = MappingProxyType(
    {
        "unit": Text("单位", "unit"),
        "vehicle": Text("车辆", "vehicle"),
        "driver": Text("驾驶员", "driver"),
        "site": Text("站点", "site"),
        "request": Text("用车申请", "trip request"),
        "itinerary": Text("行车计划", "itinerary"),
        "assignment": Text("派车单", "dispatch order"),
        "plan": Text("调度方案", "plan"),
        "person": Text("账户", "account"),
        "session": Text("登录会话", "session"),
        "job": Text("任务", "job"),
        "agreement": Text("合作协议", "agreement"),
        "closure": Text("交通管制", "closure"),
        "measure": Text("管控措施", "measure"),
        "budget": Text("用车预算", "budget"),
        "tariff": Text("结算标准", "tariff"),
        "promise": Text("用车承诺", "promise"),
        "notice": Text("变更通知", "notice"),
        "webhook": Text("事件推送", "webhook"),
        "webhook_cursor": Text("推送进度", "webhook cursor"),
        "calendar": Text("日历地址", "calendar address"),
        "day_fact": Text("当日情况", "report of the day"),
        "plan_changes": Text("方案变更", "plan changes"),
        "provider": Text("供应商", "provider"),
        "provider_feed": Text("平台接入记录", "provider feed"),
        "feed": Text("数据接口", "feed"),
        "contract": Text("合同", "contract"),
        "rental": Text("租赁订单", "rental order"),
        "rental_calendar": Text("车辆预订日历", "rental calendar"),
        "rental_tariff": Text("租赁价目", "rental tariff"),
        "rental_point": Text("租车网点", "rental point"),
        "rental_budget": Text("租赁预算", "rental budget"),
        "rental_batch": Text("月度结算批次", "monthly batch"),
        "commit": Text("提交", "commit"),
        "document": Text("记录", "document"),
        "store": Text("数据存储", "store"),
        "region": Text("行政区划", "region"),
        "place": Text("地点", "place"),
        "battery": Text("动力电池", "battery"),
        "charge_group": Text("充电桩组", "charge point group"),
        "answer": Text("幂等记录", "idempotency record"),
        "demo": Text("演示记录", "demo record"),
        "rule": Text("规则", "rule"),
        "rule value": Text("规则数值", "rule value"),
        "waiver": Text("例外", "waiver"),
    }
)

STATES: Mapping[str, Text] = MappingProxyType(
    {
        "submitted": Text("已提交", "submitted"),
        "approved": Text("已审批", "approved"),
        "assigned": Text("已派车", "assigned"),
        "under_way": Text("行程中", "under way"),
        "finished": Text("已完成", "finished"),
        "rejected": Text("已驳回", "rejected"),
        "cancelled": Text("已取消", "cancelled"),
        "offered": Text("待接单", "offered"),
        "accepted": Text("已接单", "accepted"),
        "started": Text("已出车", "started"),
        "on_board": Text("乘客已上车", "on board"),
        "dropped_off": Text("乘客已下车", "dropped off"),
        "declined": Text("已拒单", "declined"),
        "withdrawn": Text("已撤回", "withdrawn"),
        "unanswered": Text("超时未接单", "not answered in time"),
        "absent": Text("乘客未到", "nobody came"),
        "broken_off": Text("途中中断", "broken off"),
        "met": Text("已兑现", "kept"),
        "missed": Text("未兑现", "missed"),
        "available": Text("可用", "available"),
        "out_of_service": Text("停用", "out of service"),
        "sealed": Text("封存停驶", "sealed"),
        "disposed": Text("已处置", "disposed"),
        "proposed": Text("待确认", "proposed"),
        "active": Text("生效中", "active"),
        "suspended": Text("已暂停", "suspended"),
        "ended": Text("已终止", "ended"),
        "confirmed": Text("已确认", "confirmed"),
        "own": Text("本人提交", "your own"),
        "held": Text("已占用待确认", "held"),
        "booked": Text("已预订", "booked"),
        "inspected": Text("已验车", "inspected"),
        "in_use": Text("使用中", "in use"),
        "broken_down": Text("故障", "broken down"),
        "returned": Text("已还车", "returned"),
        "disputed": Text("有争议", "disputed"),
        "settled": Text("已结算", "settled"),
        "expired": Text("已失效", "expired"),
        "no_show": Text("未到取车", "not taken"),
        "lapsed": Text("占用已到期", "lapsed"),
        "taken": Text("已被订用", "taken"),
        "elsewhere": Text("不在该网点", "elsewhere"),
        "draft": Text("草拟", "drafted"),
        "evaluated": Text("已评价", "evaluated"),
        "open": Text("待核对", "open"),
        "reconciled": Text("已核对一致", "reconciled"),
        "differences": Text("核对有差异", "with differences"),
        "queued": Text("排队中", "queued"),
        "running": Text("运行中", "running"),
        "done": Text("已结束", "done"),
        "failed": Text("已失败", "failed"),
    }
)

ACTIONS: Mapping[str, Text] = MappingProxyType(
    {
        "approve": Text("审批", "approving"),
        "reject": Text("驳回", "rejecting"),
        "cancel": Text("取消", "cancelling"),
        "assign": Text("派车", "assigning"),
        "withdraw": Text("撤回", "withdrawing"),
        "depart": Text("出发", "departing"),
        "accept": Text("接单", "accepting"),
        "decline": Text("拒单", "declining"),
        "start": Text("出车", "starting"),
        "pick_up": Text("接乘客上车", "picking up"),
        "drop_off": Text("送达乘客", "dropping off"),
        "finish": Text("完成", "finishing"),
        "absent": Text("报告乘客未到", "reporting that nobody came"),
        "arrive": Text("到达", "arriving"),
        "delay": Text("报告延误", "reporting a delay"),
        "take_back": Text("超时收回", "taking back unanswered"),
        "break_off": Text("中断行程", "breaking off"),
        "revoke": Text("撤销", "revoking"),
        "pin": Text("锁定车辆", "pinning"),
        "unpin": Text("解除锁定", "unpinning"),
        "undo": Text("撤销选择", "undoing a choice"),
        "take_out_of_service": Text("停用", "taking out of service"),
        "return_to_service": Text("恢复使用", "returning to service"),
        "confirm": Text("确认", "confirming"),
        "suspend": Text("暂停", "suspending"),
        "resume": Text("恢复", "resuming"),
        "end": Text("终止", "ending"),
        "renew": Text("续签", "renewing"),
        "waive": Text("说明理由", "giving a reason"),
        "seal": Text("封存", "sealing"),
        "hold": Text("占用", "holding"),
        "check_licence": Text("核验驾驶证", "checking the licence"),
        "inspect": Text("验车", "inspecting"),
        "unlock": Text("开锁用车", "unlocking"),
        "extend": Text("延时", "extending"),
        "give_back": Text("还车", "returning"),
        "break_down": Text("报告故障", "reporting a breakdown"),
        "swap": Text("换车", "swapping"),
        "end_broken": Text("因故障结束", "ending after the breakdown"),
        "settle": Text("结算", "settling"),
        "dispute": Text("提出争议", "disputing"),
        "resolve": Text("处理争议", "resolving"),
        "lapse": Text("释放占用", "releasing"),
        "add": Text("新增", "adding"),
        "activate": Text("启用", "activating"),
        "evaluate": Text("考核评价", "evaluating"),
        "reconcile": Text("核对", "reconciling"),
        "dispose": Text("处置", "disposal"),
    }
)

VEHICLE_KINDS: Mapping[str, Text] = MappingProxyType(
    {
        "sedan": Text("轿车", "sedan"),
        "suv": Text("越野车", "SUV"),
        "mpv": Text("商务车", "MPV"),
        "minibus": Text("小型客车", "minibus"),
        "coach": Text("大客车", "coach"),
    }
)

CAUSES: Mapping[Cause, Text] = MappingProxyType(
    {
        Cause.NO_VEHICLE: Text("没有可用车辆", "there is no vehicle for it"),
        Cause.CAPACITY: Text(
            "乘车人数超过任何可用车辆的座位数", "the party is larger than any vehicle that is allowed to serve it"
        ),
        Cause.TIME_WINDOWS: Text("没有车辆能在要求的时间内到达", "no vehicle can be there within the time window"),
        Cause.DURATION: Text("超过车辆或驾驶员的工作时长", "it takes longer than a vehicle's working day allows"),
        Cause.VEHICLE_NOT_ALLOWED: Text(
            "车型、装备、跨区权限或尾号限行不允许",
            "vehicle kind, equipment, area agreement or plate restriction rules every vehicle out",
        ),
        Cause.UNREACHABLE: Text("起讫点之间没有道路相通", "no road leads from one stop to the next"),
        Cause.OFF_NETWORK: Text("地点不在路网范围内", "a stop is off the road network"),
        Cause.RIDE_TIME: Text("乘车时间会超过上限", "the ride would last longer than its limit"),
        Cause.SOC: Text("新能源车电量不足以完成", "no battery vehicle has enough charge for it"),
        Cause.CHARGE_POINT_BUSY: Text("所需充电桩已被占用", "the charge points that it needs are taken"),
        Cause.DRIVER_HOURS: Text("超过驾驶员连续驾驶或当班时间", "it breaks the driver's driving or working hours"),
        Cause.QUOTA: Text("超过本单位用车额度", "the unit's quota is used up"),
        Cause.READY_RESERVE: Text("应急待命车辆须保留", "the ready reserve has to stay back"),
        Cause.TRIP_SHARE: Text(
            "新能源车出行占比会低于要求", "the share of trips with new-energy vehicles would fall below its bound"
        ),
        Cause.RENTAL_POINT: Text("租赁点车位或车辆不足", "the rental point lacks a space or a car"),
        Cause.APPROVAL: Text("尚未审批", "it is not approved yet"),
        Cause.RULE: Text("规则不允许", "a rule forbids it"),
        Cause.LOST_TO: Text("车辆已优先保障其他申请", "the vehicles serve other requests that go first"),
        Cause.UNPROVEN: Text("未能证明原因", "the cause is not proven"),
    }
)

REFUSALS: Mapping[str, Text] = MappingProxyType(
    {
        "NOT_POOLED": Text("车辆不是平台统筹车辆", "the vehicles are not pooled"),
        "NO_AGREEMENT": Text("两地之间没有生效的跨区协议", "no agreement between the regions is in force"),
        "DUTY_MISMATCH": Text("车辆类别与任务不符", "the vehicles' class is kept for other duty"),
        "NOT_OPTED_IN": Text("有关市（州）未加入片区跨区调度", "a prefecture has not opted in to its cooperation area"),
        "NOT_CONFIRMED": Text("跨区协议尚待一方确认", "the agreement still wants one side's word"),
        "EXPIRED": Text("跨区协议到期未复审", "the agreement was not reviewed in time"),
        "OVER_QUOTA": Text("车辆在超编超标清单上", "the vehicles are on the over-quota list"),
        "SEALED": Text("法定节假日车辆封存停驶", "vehicles are sealed on the public holiday"),
        "READY_RESERVE": Text("应急待命车辆须保留", "the ready reserve stays back"),
        "KIND_OR_EQUIPMENT": Text("车型或装备不符", "kind or equipment does not fit"),
    }
)
"""Why a pair of trip and vehicle is forbidden: the names of ``dispatch.problem.TierRefusal``."""


def word(table: Mapping[str, Text], key: object, language: Language) -> str:
    """Return the word for ``key``, or the key itself where the table has none."""
    text = table.get(str(key))
    return str(key) if text is None else text.say(language)
