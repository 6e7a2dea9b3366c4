"""``chuanyu template``: the workbook to fill in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.terminal import BadInput, JsonOption, LangOption, language, print_json, refusing, result
from api.intake.template import columns_markdown, write_template
from api.wording import Text


def template(
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="输出文件 / file to write"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="覆盖已有文件 / overwrite an existing file")] = False,
    columns: Annotated[
        bool, typer.Option("--columns", help="只列出各表的列 / only list the columns of every sheet")
    ] = False,
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
        path.write_bytes(write_template(lang=tongue))
    if as_json:
        print_json({"file": str(path)})
    else:
        result().print(str(path), markup=False)
