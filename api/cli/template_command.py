"""``chuanyu template``: the workbook to fill in."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from api.cli.inputs import parse_day
from api.cli.terminal import BadInput, JsonOption, LangOption, language, print_json, refusing, result
from api.intake.cells import SHANGHAI
from api.intake.template import columns_markdown, write_template
from api.intake.write import write_workbook
from api.wording import Language, Text
from scenarios.region import build_demo


def _demo(lang: Language, day: str | None) -> bytes:
    """A small demo region as a workbook, to try ``chuanyu plan`` with."""
    chosen = parse_day(day) if day is not None else (datetime.now(SHANGHAI) + timedelta(days=1)).date()
    demo = build_demo(1, day=chosen, vehicles=120, requests=200, sites=60)
    return write_workbook(
        lang=lang,
        units=demo.units,
        sites=demo.sites,
        vehicles=demo.vehicles,
        drivers=demo.drivers,
        requests=demo.requests,
    )


def template(
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="输出文件 / file to write"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="覆盖已有文件 / overwrite an existing file")] = False,
    columns: Annotated[
        bool, typer.Option("--columns", help="只列出各表的列 / only list the columns of every sheet")
    ] = False,
    filled: Annotated[bool, typer.Option("--filled", help="填入演示数据 / filled with the demo region")] = False,
    day: Annotated[
        str | None, typer.Option(help="演示申请的日期 / day of the demo's requests; default: tomorrow")
    ] = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """写出导入模板：单位、站点、充电桩、车辆、驾驶员、用车申请、途经点。Write the workbook to fill in.

    Every sheet has headers with comments, lists to choose from and an example row, which is left out on import.
    """
    tongue = language(lang)
    if columns:
        result().print(columns_markdown(lang=tongue), markup=False)
        return
    with refusing(tongue, as_json=as_json):
        path = out if out is not None else Path("导入模板.xlsx" if tongue == "zh" else "template.xlsx")
        if path.suffix.lower() != ".xlsx":
            raise BadInput(Text(f"{path}：文件名应以 .xlsx 结尾", f"{path}: the name must end with .xlsx"))
        if path.exists() and not force:
            raise BadInput(Text(f"{path} 已存在；加 --force 覆盖", f"{path} exists; --force overwrites it"))
        if not path.parent.is_dir():
            raise BadInput(
                Text(
                    f"文件夹 {path.parent} 不存在；请先建立",
                    f"the folder {path.parent} does not exist; create it first",
                )
            )
        path.write_bytes(_demo(tongue, day) if filled else write_template(lang=tongue))
    if as_json:
        print_json({"file": str(path)})
    else:
        result().print(str(path), markup=False)
