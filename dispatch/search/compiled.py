"""How the search's kernels are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit as _njit

# numba's stubs leave out the options that do without wrappers and reference counts
njit: Any = _njit


def inner(function: Callable[..., Any]) -> Any:
    """Compile a function that only other kernels call: without the wrappers that Python would need."""
    return njit(nogil=True, error_model="numpy", _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)


def entry(function: Callable[..., Any]) -> Any:
    """Compile a kernel that Python calls, and keep the result on disk beside the package (or in NUMBA_CACHE_DIR)."""
    return njit(nogil=True, cache=True, error_model="numpy", _nrt=False, no_cfunc_wrapper=True)(function)
