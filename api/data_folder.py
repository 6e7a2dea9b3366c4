"""One server per data folder: a lock that the process holds for its life, and the system frees when it dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from api.wording import Text

_NAME = "server.lock"


class DataFolderInUse(Exception):
    """Another process works on the data folder; ``holder`` is what it wrote about itself."""

    def __init__(self, *, var_dir: Path, holder: str) -> None:
        super().__init__(f"{var_dir} is in use by {holder}")
        self.var_dir = var_dir
        self.holder = holder

    def to_text(self) -> Text:
        return Text(
            f"数据文件夹 {self.var_dir} 正由另一个进程使用（{self.holder}）。"
            "请先停止它，或用 --var（CHUANYU_VAR）另选一个文件夹。",
            f"the data folder {self.var_dir} is in use by another process ({self.holder}). "
            "Stop that one first, or choose another folder with --var (CHUANYU_VAR).",
        )


class DataFolder:
    """The hold on a data folder, which is made where it is missing; let go by :meth:`close` or the end of the process.

    Raises
    ------
    DataFolderInUse
        If another process holds it.
    """

    def __init__(self, var_dir: Path, *, holder: str) -> None:
        var_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Not truncated when opened: it says who holds it. Children do not inherit it (PEP 446), so it ends with us.
        self._file: IO[str] = (var_dir / _NAME).open("a+", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            told = self._file.read().strip()
            self._file.close()
            raise DataFolderInUse(var_dir=var_dir, holder=told or "?") from None
        self._file.truncate(0)
        self._file.write(f"pid {os.getpid()}, {holder}\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> DataFolder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
