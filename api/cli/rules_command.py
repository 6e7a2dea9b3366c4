"""``chuanyu rules``: what the fact tables say of each region."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.terminal import BadInput, JsonOption, LangOption, language, print_json, refusing, result, table
from api.wording import Language, Text
from fleet.regions import Region, Regions, load_regions


def _alliances(regions: Regions, region: Region) -> list[str]:
    return [alliance.name_zh for alliance in regions.alliances if region.code in alliance.members]


def _exempt(region: Region, lang: Language) -> str:
    said = []
    for value, text in (
        (region.nev_exempt, Text("新能源比例", "NEV share")),
        (region.charger_exempt, Text("充电桩配比", "charger ratio")),
    ):
        if value:
            said.append(text.say(lang))
    return "、".join(said) if lang == "zh" else ", ".join(said)


def rules(
    region: Annotated[str | None, typer.Option(help="区划代码，含其下级 / region code, with those below it")] = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """各地适用的协作关系：片区、毗邻、联盟与豁免。What holds where: cooperation areas, alliances, exemptions."""
    tongue = language(lang)
    regions = load_regions()
    with refusing(tongue, as_json=as_json):
        if region is not None and regions.find(region) is None:
            raise BadInput(
                Text(
                    f"没有行政区划代码 {region}；填 GB/T 2260 六位代码",
                    f"no region has the code {region}; six digits of GB/T 2260",
                )
            )
    shown = [one for one in regions.list() if region is None or regions.covers(region, one.code)]
    if as_json:
        print_json(
            [
                {
                    "code": one.code,
                    "name_zh": one.name_zh,
                    "name_en": one.name_en,
                    "level": one.level.value,
                    "parent": one.parent,
                    "cooperation_area": regions.cooperation_area(one.code),
                    "neighbours": list(one.neighbours),
                    "alliances": _alliances(regions, one),
                    "nev_exempt": one.nev_exempt,
                    "charger_exempt": one.charger_exempt,
                }
                for one in shown
            ]
        )
        return
    heads = (
        Text("代码", "Code"),
        Text("名称", "Name"),
        Text("片区", "Area"),
        Text("跨省毗邻", "Across the border"),
        Text("联盟", "Alliances"),
        Text("豁免", "Exempt from"),
    )
    rows = []
    for one in shown:
        neighbours = [regions.get(code) for code in one.neighbours]
        names = [near.name_zh if tongue == "zh" else near.name_en for near in neighbours]
        rows.append(
            [
                one.code,
                one.name_zh if tongue == "zh" else one.name_en,
                regions.cooperation_area(one.code),
                ("、" if tongue == "zh" else ", ").join(names),
                "、".join(_alliances(regions, one)),
                _exempt(one, tongue),
            ]
        )
    result().print(table(heads, rows, tongue))
