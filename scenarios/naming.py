"""Words of the demo region: offices, facilities, purposes, people's names and number plates. People are invented."""

from __future__ import annotations

from random import Random

_SURNAMES = (
    "王李张刘陈杨黄赵周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
    "余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
_GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国志文海燕晓红春梅雪峰云飞俊宇浩然子轩思雨嘉欣"
    "雅琴国庆永康德福家辉成林川蓉渝江岚松柏清波启航"
)

#: Offices of a prefecture or district in the order in which a growing region receives them.
OFFICES = (
    "机关事务管理局",
    "人民政府办公室",
    "发展和改革委员会",
    "财政局",
    "交通运输局",
    "生态环境局",
    "农业农村局",
    "水利局",
    "教育局",
    "民政局",
    "应急管理局",
    "自然资源和规划局",
    "住房和城乡建设局",
    "市场监督管理局",
    "卫生健康委员会",
    "人力资源和社会保障局",
    "经济和信息化局",
    "文化广播电视和旅游局",
    "审计局",
    "统计局",
    "林业局",
    "退役军人事务局",
    "乡村振兴局",
    "信访局",
    "综合行政执法局",
)

#: Kinds of places that officials travel to; the position of each is generated near its county's seat.
FACILITIES = (
    "政务服务中心",
    "人民医院",
    "汽车客运站",
    "工业园区管委会",
    "现代农业园区",
    "职业技术学校",
    "水库管理所",
    "铁路客运站",
    "环境监测站",
    "乡村振兴示范村",
)

PURPOSES = (
    "参加全市工作推进会",
    "安全生产现场检查",
    "项目建设现场调研",
    "乡村振兴驻村帮扶",
    "生态环境监测采样",
    "河长制巡查",
    "统计调查入户核实",
    "机关事务工作交流",
    "节能工作督导",
    "营商环境调研",
    "接送评审专家",
    "送达公文",
    "窗口业务办理",
    "水利工程质量检查",
    "财政资金绩效评价",
    "信访事项实地核查",
    "地质灾害隐患点巡查",
    "招商项目对接",
)
PURPOSES_CROSS = ("川渝毗邻地区工作会商", "遂潼一体化发展先行区项目对接", "川渝公务出行一体化调研", "跨省通办业务协调")
PURPOSES_CHARTER = ("多点现场督查", "基层联合调研", "重点项目巡回检查", "农村公路验收")
PURPOSE_CONFIDENTIAL = "机要文件交换"
PURPOSE_EMERGENCY = "突发事件现场处置"
PURPOSE_EVENT = "重要会议集中乘车"

#: First character and letter of number plates by region, the letter series in use by the traffic police.
PLATE_SERIES = {
    "510100": "川A",
    "510300": "川C",
    "510400": "川D",
    "510500": "川E",
    "510600": "川F",
    "510700": "川B",
    "510800": "川H",
    "510900": "川J",
    "511000": "川K",
    "511100": "川L",
    "511300": "川R",
    "511400": "川Z",
    "511500": "川Q",
    "511600": "川X",
    "511700": "川S",
    "511800": "川T",
    "511900": "川Y",
    "512000": "川M",
    "513200": "川U",
    "513300": "川V",
    "513400": "川W",
}
_PLATE_CHONGQING = {
    "渝C": ("500110", "500111", "500116", "500117", "500118", "500120", "500151", "500152", "500153"),
    "渝F": ("500101", "500154", "500155", "500229", "500233", "500235", "500236", "500237", "500238"),
    "渝G": ("500102", "500115", "500119", "500156", "500230", "500231"),
    "渝H": ("500114", "500240", "500241", "500242", "500243"),
}
_PLATE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def person_name(rng: Random) -> str:
    """An invented name: a surname and one or two given characters."""
    given = "".join(rng.choice(_GIVEN) for _ in range(rng.choice((1, 2, 2))))
    return rng.choice(_SURNAMES) + given


def plate_series(region: str) -> str:
    for series, regions in _PLATE_CHONGQING.items():
        if region in regions:
            return series
    return PLATE_SERIES.get(region, "渝A")


def plate(rng: Random, region: str, *, energy: str, large: bool) -> str:
    """A number plate in the form of GA 36-2018: five characters, or six where the vehicle is a new-energy one.

    A small battery vehicle has D after the series letter, another new-energy vehicle F; a large one carries it last.
    """
    series = plate_series(region)
    if energy in ("bev", "phev", "fcev"):
        mark = "D" if energy == "bev" else "F"
        digits = f"{rng.randrange(100_000):05d}"
        return f"{series}{digits}{mark}" if large else f"{series}{mark}{digits}"
    body = [str(rng.randrange(10)) for _ in range(5)]
    body[rng.choice((0, 1))] = rng.choice(_PLATE_LETTERS)
    return series + "".join(body)
