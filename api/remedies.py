"""The remedies that the lower rooms state in English, said in both languages.

``tests/api/test_remedies.py`` collects every literal remedy in ``fleet`` and proves that it stands here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from api.wording import Text

REMEDIES_ZH: Mapping[str, str] = MappingProxyType(
    {
        "at least 1": "至少为 1",
        "a battery vehicle needs its capacity": "纯电动车必须填写电池容量",
        "say what the trip is for (R068)": "请填写用车事由（R068）",
        "a pick-up and a drop-off; only a charter has more": "须有一个上车点和一个下车点；只有包车可以有更多停靠点",
        "not before earliest_at": "不得早于 earliest_at",
        "not before pickup_from_at": "不得早于 pickup_from_at",
        "the reading itself": "须填写读数",
        "a charge group of the site, from 0": "该站点的充电桩组序号，从 0 起",
        "from zero to the points of the group": "从 0 到该组的桩数",
        "zero or more": "零或正数",
        "the drop-off is not before the pick-up": "下车时间不得早于上车时间",
        "name the fact in the past tense": "请用过去时写明事实",
        "an instant with a UTC offset": "须为带时区的时刻",
        "an instant with a UTC offset, such as 2026-03-02T08:00:00+08:00": "须为带时区的时刻，如 2026-03-02T08:00:00+08:00",
        "a text, or none at all": "填写文字，或不填",
        "a document has a kind (a plain word) and an id": "记录须有类型和编号",
        "each document once in a commit": "同一记录在一次提交中只能出现一次",
        "0 for a new document, else the version that was read; only what exists can be deleted": (
            "新记录为 0，否则为读取时的版本；只有已存在的记录才能删除"
        ),
        "a JSON object": "须为 JSON 对象",
        "a finite number": "须为有限的数值",
        "required": "必填",
        "not empty, without spaces around it": "不得为空，首尾不得有空格",
        "at least one role": "至少一个角色",
        "the role driver needs the driver's id": "驾驶员角色必须填写驾驶员编号",
        "R012: each side is confirmed by a person of its own": "R012：双方须由各自的人员确认",
        "R017: a review date not before the start": "R017：复核日期不得早于起始日期",
        "R017: the office that coordinates": "R017：请填写牵头协调单位",
        "a unit of the same register": "须为同一登记中的单位",
        "say why": "请说明原因",
        "two different regions for a pair, one for an opt-in": "互助协议须为两个不同区划，片区加入为一个区划",
        "letters, digits, underscore, dash, dot": "只能用字母、数字、下划线、连字符和点",
        "only admin and auditor go without a region": "只有管理员和审计员可以不填区划",
        "each class of vehicles once (R032)": "每类车辆的编制只填一次（R032）",
        "from 0 to 1000": "从 0 到 1000",
        "R109: an agreed tariff before the first settlement": "R109：首次结算前须约定计价办法",
        "R109: at least one order": "R109：至少有一张派车单",
        "from zero to the number of all spaces": "从零到车位总数",
        "0: a closure has no level": "封控没有级别，填 0",
        "R131: zero or more fen": "R131：零或正数（分）",
        "R170: an energy emergency is of a region; mark a site as protected": (
            "R170：能源应急按地区启动；个别站点请标为保电"
        ),
        "R170: level 1 to 4": "R170：级别为 1 至 4",
        "a year such as 2026": "填年份，如 2026",
        "after starts_at": "须晚于 starts_at",
        "each rule once": "每条规则只填一次",
        "R107: a pair that R007-R012 open, or one prefecture of a cooperation area (R105)": (
            "R107：须为 R007-R012 可启用的两地，或片区内的一个市（州）（R105）"
        ),
        "near the agreed start": "须接近约定的取车时间",
        "valid through the whole rental": "须在整个租期内有效",
        "after the inspection": "须在验车之后",
        "after the present end": "须晚于当前约定的还车时间",
        "the car of this order": "须为本订单的车辆",
        "the readings at the breakdown": "请填写故障时的读数",
        "another car than the broken one": "须为另一辆车",
        "only a settled order is adjusted": "只有已结算的订单才能调整",
        "no more than what is owed": "不得超过应付金额",
        "not below the reading at handover": "不得小于取车时的读数",
        "not before the car was taken": "不得早于取车时间",
        "R087: a return record first": "R087：须先有还车记录",
        "R088: a return and one settlement": "R088：须有一次还车和一次结算",
        "R097: every clause with its text": "R097：每项必备条款都要填写内容",
        "a contract id that is not used yet": "换一个未使用的合同编号",
        "a contract of this provider": "须为该供应商的合同",
        "a divisor of 24 hours, such as 60 or 3600": "须能整除24小时，如60或3600",
        "after from_at": "须晚于 from_at",
        "at least one photograph, each by its SHA-256 in 64 hexadecimal digits": "至少一张照片，每张填64位十六进制SHA-256",
        "from 0 to 1": "从 0 到 1",
        "from 0 to 100": "从 0 到 100",
        "from 0, rising, each a whole number of kilometres": "从0起递增，均为整公里",
        "from 0, rising, each a whole number of steps below 24 hours": "从0起递增，均为计费步长的整数倍且小于24小时",
        "not before starts_on": "不得早于 starts_on",
        "not before the begin of use": "不得早于用车开始",
        "not before valid_from": "不得早于 valid_from",
        "one of A1, A2, A3, B1, B2, C1, C2": "须为 A1、A2、A3、B1、B2、C1、C2 之一",
        "opens before it closes, both within the day": "开始时间早于结束时间，均在一天之内",
        "the sum of the lines": "须为各行之和",
        "true, as tiers rise or kilometres are free: say that splitting may save": (
            "单价递增或含免费里程时须填 true，即声明拆单可能更便宜"
        ),
    }
)


#: Remedies that carry a name or a number, by their form: those of rule files above all.
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(form), zh)
    for form, zh in (
        (r"dates that do not overlap in one region", "同一地区同一数值的起止日期不得重叠"),
        (r"whole numbers on both sides, such as (.+)", "两边须为整数倍，如 {0}"),
        (r"exactly one of number, integer \(.+\) and codes", "number、integer（整数式）、codes 三者只填其一"),
        (r"a known region code, SC, CQ or one of (.+)", "须为已有的区划代码、SC、CQ，或 {0} 之一"),
        (r"a name that ends in (.+)", "名称须以 {0} 结尾，与单位一致"),
        (r"not before from", "不得早于 from"),
        (r"not before the signature of (.+)", "不得早于签署日 {0}"),
        (
            r"a table \[signature\] with person, on \(a date\) and reason",
            "须有 [signature]：person、on（日期）和 reason",
        ),
        (r"(R\d+) is hard: (?:at least as strict as|stricter than) (.+)", "{0} 为硬性规则，只能比 {1} 更严"),
        (r"(R\d+) is hard and cited: its value stands as it is", "{0} 为硬性规则且有出处，数值不得更改"),
        (r"the id of a rule of the book", "须为已有规则的编号"),
        (r"the regions for which the office may decide", "填写本单位可以决定的地区"),
        (r"an id of your own, starting with L", "自定规则的编号以 L 开头"),
        (r"a TOML file", "须为 TOML 文件"),
        (r"the form that docs/rules.md shows", "按 docs/rules.md 所示的格式填写"),
        (r"an existing folder of signed .toml files", "须为已有的文件夹，内含签署的 .toml 文件"),
        (r"(R\d+) cannot be waived", "{0} 不接受例外"),
        (r"(R\d+): say why", "{0}：请写明情况"),
        (r"(R\d+): one of (.+)", "{0}：可填 {1}"),
        (r"one of (.+)", "可填：{0}"),
    )
)


def say_remedy(remedy: str) -> Text:
    """Return the remedy in both languages; one that the tables lack is shown in English in both."""
    if remedy in REMEDIES_ZH:
        return Text(REMEDIES_ZH[remedy], remedy)
    for form, zh in _PATTERNS:
        if found := form.fullmatch(remedy):
            return Text(zh.format(*found.groups()), remedy)
    return Text(remedy, remedy)
