"""A road graph on disk: one folder of memory-mapped arrays, written whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from routing.builtin import load_builtin
from routing.errors import InvalidNetwork
from routing.graph import RoadGraph

FORMAT = "chuanyu-network/1"
MANIFEST = "network.json"

BUILTIN = "builtin"
"""Name of the network that comes with the program."""

_TEXTS = frozenset({"node_names", "node_ids", "refs", "road_classes", "notes"})


def save_network(graph: RoadGraph, folder: Path, *, report: dict[str, Any] | None = None) -> None:
    """Write the graph into ``folder``, replacing a network that stands there.

    The arrays are written beside it and moved into place by one rename, so that an interrupted run leaves either the old
    network or none.

    Raises
    ------
    InvalidNetwork
        If ``folder`` exists and holds something else than a network.
    """
    folder = folder.absolute()
    if folder.exists() and not (folder / MANIFEST).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise InvalidNetwork(
            source=str(folder), row=None, field="folder", reason="holds something else; name a new or empty folder"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.partial-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        manifest: dict[str, Any] = {"format": FORMAT, "digest": graph.digest(), "report": report or {}, "arrays": {}}
        for item in fields(graph):
            value = getattr(graph, item.name)
            if isinstance(value, np.ndarray):
                with (partial / f"{item.name}.npy").open("wb") as file:
                    np.save(file, value)
                    file.flush()
                    os.fsync(file.fileno())
                manifest["arrays"][item.name] = [value.dtype.str, list(value.shape)]
            else:
                manifest[item.name] = value
        with (partial / MANIFEST).open("w", encoding="utf-8") as text:
            json.dump(manifest, text, ensure_ascii=False, indent=1)
            text.flush()
            os.fsync(text.fileno())
        if folder.exists():
            old = folder.with_name(f".{folder.name}.old-{os.getpid()}")
            folder.rename(old)
            partial.rename(folder)
            shutil.rmtree(old)
        else:
            partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def read_manifest(folder: Path) -> dict[str, Any]:
    """What the network says about itself, its ``report`` of the import included.

    Raises
    ------
    InvalidNetwork
        If the folder holds no network, or one of another format.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidNetwork(
            source=str(folder),
            row=None,
            field=MANIFEST,
            reason="no network here; make one with `chuanyu network build`",
        ) from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise InvalidNetwork(source=str(folder), row=None, field="format", reason=f"not {FORMAT}; build it again")
    return manifest


def load_network(folder: Path) -> RoadGraph:
    """Open a stored network; arrays are mapped read-only and read from disk as they are used.

    Raises
    ------
    InvalidNetwork
        If a file is missing, cut short, or not what the manifest says.
    """
    manifest = read_manifest(folder)
    values: dict[str, Any] = {"name": manifest["name"]}
    for item in fields(RoadGraph):
        if item.name in _TEXTS:
            values[item.name] = tuple(manifest[item.name])
        elif item.name in manifest["arrays"]:
            path = folder / f"{item.name}.npy"
            try:
                empty = 0 in manifest["arrays"][item.name][1]
                array = np.load(path, mmap_mode=None if empty else "r", allow_pickle=False)
            except (OSError, ValueError) as error:
                raise InvalidNetwork(
                    source=str(path), row=None, field=item.name, reason="missing or cut short; build the network again"
                ) from error
            if [array.dtype.str, list(array.shape)] != manifest["arrays"][item.name]:
                raise InvalidNetwork(
                    source=str(path), row=None, field=item.name, reason="not what the manifest says; build it again"
                )
            values[item.name] = array
    return RoadGraph(**values)


def open_network(name: str) -> RoadGraph:
    """The built-in network by its name, or the stored one in the folder of that name; raises as :func:`load_network`."""
    return load_builtin() if name == BUILTIN else load_network(Path(name))
