"""What the rooms of the roads complain about, in both languages.

``routing`` states reasons in English, some with a value inside. Each pattern here knows one of them and says it in Chinese;
``tests/cli/test_routing_words.py`` proves that no reason is without one.
"""

from __future__ import annotations

import re

from api.wording import Text
from routing.errors import InvalidClosure, InvalidNetwork, NoRoute, OffNetwork, RoutingError, UnknownProfile

_PATTERNS: tuple[tuple[str, str], ...] = (
    (r"name road numbers, or draw a geometry, or both", "须给出道路编号或几何范围，或两者都给"),
    (r"0 closes; above 0 and below 1 slows down", "0 表示封闭，0 与 1 之间表示减速"),
    (r"an instant needs a time zone", "时刻须带时区"),
    (r"after starts_at, or none", "须晚于 starts_at，或不填"),
    (r"no road of the network lies there", "该处没有路网中的道路"),
    (r"not a GeoJSON geometry \((.*)\)", "不是 GeoJSON 几何（{0}）"),
    (r"it is empty or not finite", "几何为空或坐标不是有限数值"),
    (r"it does not close or crosses itself: (.*)", "几何未闭合或自相交：{0}"),
    (r"not readable: (.*)", "无法读取：{0}"),
    (r"not UTF-8 \(byte (.*)\); save it as UTF-8", "不是 UTF-8 文本（第 {0} 字节），请另存为 UTF-8"),
    (r"not readable as UTF-8 text \((.*)\)", "无法按 UTF-8 文本读取（{0}）"),
    (r"a header and at least one row", "须有表头和至少一行数据"),
    (r"no such column; the header is (.*); also understood: (.*)", "没有该列；现有表头为 {0}；也可写作 {1}"),
    (r"no such column; the header needs lon, lat, elevation_m", "没有该列；表头须有 lon、lat、elevation_m"),
    (r"(.*) is no driving speed in m/s", "{0} 不是以米每秒计的行车速度"),
    (r"(.*) cells under (.*) headings", "{1} 列表头下有 {0} 格"),
    (r"(.*) is not a number", "{0} 不是数字"),
    (r"(.*) is not between (.*) and (.*)", "{0} 不在 {1} 至 {2} 之间"),
    (r"(.*) is not a node of (.*)", "{0} 不是 {1} 中的节点"),
    (r"(.*) is not in road_links.csv", "{0} 不在 road_links.csv 中"),
    (r"(.*) is not in road_nodes.csv", "{0} 不在 road_nodes.csv 中"),
    (r"one of (.*)", "须为以下之一：{0}"),
    (r"(.*) is neither yes nor no", "{0} 既不是 yes 也不是 no"),
    (r"empty; every node needs an id", "为空；每个节点须有编号"),
    (r"(.*) stands in row (.*) already", "{0} 已在第 {1} 行出现"),
    (r"(.*) is none of (.*)", "{0} 不在以下范围：{1}"),
    (r"at least one extract", "至少给出一个地图文件"),
    (r"no road that a car may drive", "没有可行车的道路"),
    (r"no such file", "文件不存在"),
    (r"the file is empty; download it again", "文件是空的，请重新下载"),
    (r"not a whole OpenStreetMap file \((.*)\); download it again", "不是完整的 OpenStreetMap 文件（{0}），请重新下载"),
    (
        r"its ways come before their nodes, or without them; sort it with `osmium sort`",
        "文件中道路先于节点或缺少节点，请先用 `osmium sort` 排序",
    ),
    (r"holds something else; name a new or empty folder", "已有其他内容，请指定新的或空的文件夹"),
    (r"no network here; make one with `chuanyu network build`", "此处没有路网；可用 `chuanyu network build` 生成"),
    (r"not (.*); build it again", "不符合 {0}，请重新生成"),
    (r"missing or cut short; build the network again", "缺失或不完整，请重新生成路网"),
    (r"no square of 16-bit samples", "不是正方形的 16 位高程采样"),
    (r"no GeoTIFF and no tile such as N30E104.hgt in it", "其中没有 GeoTIFF，也没有 N30E104.hgt 之类的高程文件"),
    (
        r"names no coordinate system; state one with `gdal_edit.py -a_srs`",
        "未注明坐标系，请用 `gdal_edit.py -a_srs` 注明",
    ),
    (r"is turned against its axes; warp it with `gdalwarp`", "栅格相对坐标轴有旋转，请先用 `gdalwarp` 纠正"),
    (r"not readable as a raster of heights \((.*)\)", "无法按高程栅格读取（{0}）"),
    (r"a network has at least one node", "路网至少有一个节点"),
    (r"one entry for each of (.*) nodes, or none at all", "每个节点一项（共 {0} 个），或全不给"),
    (r"every end is a node index from 0 to (.*)", "端点须为 0 至 {0} 的节点序号"),
    (r"zero or more", "零或正数"),
    (r"above zero", "大于零"),
    (r"(.*) entries where (.*) are due", "有 {0} 项，应有 {1} 项"),
)


def say_reason(reason: str) -> Text:
    """The reason in both languages; one without a pattern stays English in both."""
    for pattern, chinese in _PATTERNS:
        found = re.fullmatch(pattern, reason, flags=re.DOTALL)
        if found:
            return Text(chinese.format(*found.groups()), reason)
    return Text(reason, reason)


def say_routing_error(error: RoutingError) -> Text:
    """An error of the roads as one sentence."""
    if isinstance(error, InvalidNetwork):
        row = "" if error.row is None else f" 第 {error.row} 行"
        return Text(f"{error.source}{row}，{error.field}：{say_reason(error.reason).zh}", str(error))
    if isinstance(error, InvalidClosure):
        return Text(f"交通管制 {error.id}，{error.field}：{say_reason(error.reason).zh}", str(error))
    if isinstance(error, OffNetwork):
        place = f"({error.lon_wgs84}, {error.lat_wgs84})"
        return Text(f"{place} 距最近道路 {error.distance_m:.0f} 米，超过 {error.limit_m:.0f} 米", str(error))
    if isinstance(error, NoRoute):
        return Text(f"{error.from_name} 与 {error.to_name} 之间没有可通行的道路", str(error))
    if isinstance(error, UnknownProfile):
        return Text(f"没有名为 {error.name} 的行驶参数；可用：{'、'.join(error.known)}", str(error))
    return Text(str(error), str(error))
