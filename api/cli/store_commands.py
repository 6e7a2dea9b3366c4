"""``chuanyu store`` and ``chuanyu ledger``: the state and its archive."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Annotated

import typer

from api.cli.serve_command import VarOption, settings_with
from api.cli.terminal import ExitCode, JsonOption, LangOption, language, print_json, progress, refusing, result, screen
from api.data_folder import DataFolder, DataFolderInUse
from api.settings import Settings
from api.wording import Text
from fleet.errors import FleetError, LedgerBroken
from fleet.ledger import Head, Ledger

store_app = typer.Typer(help="状态存储。The store.", no_args_is_help=True)
ledger_app = typer.Typer(help="台账：仅追加、逐条哈希相连的事件档案。The ledger.", no_args_is_help=True)


def ledger_url(settings: Settings) -> str:
    """Return the ledger's address, by default the one that the server uses in its data folder."""
    return settings.ledger_url or f"sqlite:///{(settings.var_dir / 'ledger.sqlite').resolve()}"


def _missing(settings: Settings) -> Text | None:
    path = settings.var_dir / "ledger.sqlite"
    if settings.ledger_url is None and not path.is_file():
        return Text(f"没有台账文件 {path}", f"there is no ledger at {path}")
    return None


@store_app.callback()
def _store() -> None:
    """状态存储。The store."""


@store_app.command()
def rebuild(var: VarOption = None, lang: LangOption = None, as_json: JsonOption = False) -> None:
    """由台账重建 Redis。Restore Redis from the ledger, as it was acknowledged.

    Stop the server first; while it runs on the same folder this is refused (exit code 2).
    Exit code 1: the ledger itself is broken; nothing was rebuilt.
    """
    tongue = language(lang)
    settings = settings_with(var=var)
    _need_ledger(settings, tongue_text=_missing(settings), lang_en=tongue == "en", as_json=as_json)
    try:
        folder = DataFolder(settings.var_dir, holder="chuanyu store rebuild")
    except DataFolderInUse as problem:
        said = problem.to_text().say(tongue)
        if as_json:
            print_json({"error": said})
        screen().print(said, markup=False)
        raise typer.Exit(ExitCode.BAD_INPUT) from None
    with (
        folder,
        refusing(tongue, as_json=as_json, expected=(FleetError,)),
        progress(Text("重建", "Rebuilding"), tongue, quiet=as_json) as advance,
    ):
        ledger = Ledger(ledger_url(settings))
        try:
            advance(0.1, "verify")
            head = ledger.verify()
        except LedgerBroken as broken:
            _say_broken(broken, tongue_en=tongue == "en", as_json=as_json)
            raise typer.Exit(ExitCode.PROBLEM) from None
        finally:
            ledger.close()
        advance(0.4, "redis")
        # Loaded here: the composition root brings Redis and the web framework along.
        store, running, opened = import_module("api.worker").open_store(
            settings.var_dir, redis_url=settings.redis_url, ledger_url=settings.ledger_url
        )
        try:
            count = store.rebuild()
        finally:
            running.stop()
            opened.close()
        advance(1.0, "")
    if as_json:
        print_json({"events_count": count, "head_sequence": head.sequence, "head_hash": head.hash})
    else:
        done = Text(f"已由台账重建 {count} 个事件", f"rebuilt {count} events from the ledger")
        result().print(done.say(tongue))


@ledger_app.callback()
def _ledger() -> None:
    """台账。The ledger."""


@ledger_app.command()
def verify(
    noted: Annotated[
        str | None,
        typer.Option(help="以前另行记下的链尾 / a head noted down elsewhere before, as this command prints it"),
    ] = None,
    var: VarOption = None,
    lang: LangOption = None,
    as_json: JsonOption = False,
) -> None:
    """验证台账的哈希链，指出第一条不符的记录。Prove the hash chain and name the first entry that does not fit.

    A forger of the whole chain, or one who cuts it off and sets its head back, is found out by a head noted down elsewhere.
    Exit code 0: the chain holds; 1: it is broken; 2: there is no ledger.
    """
    tongue = language(lang)
    known = _noted_head(noted, lang_en=tongue == "en")
    settings = settings_with(var=var)
    _need_ledger(settings, tongue_text=_missing(settings), lang_en=tongue == "en", as_json=as_json)
    with refusing(tongue, as_json=as_json, expected=(FleetError,)):
        ledger = Ledger(ledger_url(settings))
        try:
            head = ledger.verify(known=known)
        except LedgerBroken as broken:
            _say_broken(broken, tongue_en=tongue == "en", as_json=as_json)
            raise typer.Exit(ExitCode.PROBLEM) from None
        finally:
            ledger.close()
    if as_json:
        print_json({"holds": True, "entries_count": head.sequence, "head_hash": head.hash})
    else:
        said = Text(
            f"哈希链完好：{head.sequence} 条，链尾 {head.sequence}:{head.hash}",
            f"the chain holds: {head.sequence} entries, head {head.sequence}:{head.hash}",
        )
        result().print(said.say(tongue))


def _noted_head(text: str | None, *, lang_en: bool) -> Head | None:
    if text is None:
        return None
    sequence, _, digest = text.strip().partition(":")
    if not sequence.isdecimal() or re.fullmatch(r"[0-9a-f]{64}", digest) is None:
        said = (
            "--noted: as verify prints it, such as 805:3f9c…"
            if lang_en
            else "--noted：照 verify 的输出填写，如 805:3f9c…"
        )
        screen().print(said, markup=False)
        raise typer.Exit(ExitCode.BAD_INPUT)
    return Head(sequence=int(sequence), hash=digest)


_BROKEN_ZH = {
    "the entry is missing": "记录缺失",
    "does not follow the entry before it": "与上一条不衔接",
    "the body or its hash was altered": "内容或哈希被改动",
    "is not the entry that the head record tells": "与链尾记录不符",
    "is not the entry that the head that was noted down tells": "与另行记下的链尾不符",
}


def _reason_zh(reason: str) -> str:
    if reason.startswith("cut off"):
        return "末尾被截断"
    return _BROKEN_ZH.get(reason, reason)


def _need_ledger(settings: Settings, *, tongue_text: Text | None, lang_en: bool, as_json: bool) -> None:
    if tongue_text is None:
        return
    said = tongue_text.en if lang_en else tongue_text.zh
    if as_json:
        print_json({"error": said, "ledger": ledger_url(settings)})
    screen().print(said, markup=False)
    raise typer.Exit(ExitCode.BAD_INPUT)


def _say_broken(broken: LedgerBroken, *, tongue_en: bool, as_json: bool) -> None:
    if as_json:
        print_json({"holds": False, "sequence": broken.sequence, "reason": broken.reason})
    zh = f"台账在第 {broken.sequence} 条断开：{_reason_zh(broken.reason)}"
    screen().print(str(broken) if tongue_en else zh, markup=False)
