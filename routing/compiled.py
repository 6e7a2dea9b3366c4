"""The decorator of kernels: numba's, without the lock of the interpreter, kept on disk; typed, so that callers are checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compiled(function: Kernel) -> Kernel:
    """Compile on first call. Kernels take and return arrays and plain numbers only."""
    return cast("Kernel", njit(cache=True, nogil=True)(function))
