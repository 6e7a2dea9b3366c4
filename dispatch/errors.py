"""What can be wrong with what dispatch is given. Whoever cannot be served is not an error but an answer."""

from __future__ import annotations


class DispatchError(Exception):
    """Root of all errors of this folder."""


class InvalidProblem(DispatchError):
    """A problem that contradicts itself: ``field`` says where, ``value`` what stands there, ``message`` what is wrong."""

    def __init__(self, field: str, value: object, message: str) -> None:
        super().__init__(f"{field}: {message} ({value!r})")
        self.field = field
        self.value = value
        self.message = message


class BadInstance(DispatchError):
    """A benchmark file that is not of the stated format."""

    def __init__(self, instance: str, message: str) -> None:
        super().__init__(f"{instance}: {message}")
        self.instance = instance
        self.message = message


class TooLargeForProof(DispatchError):
    """A problem that exact solving cannot finish.

    ``what`` ("labels", "time", "powers") ran out at ``count`` of ``most``; with ``most`` 0 it is something that is not weighed.
    """

    def __init__(self, what: str, count: int, most: int) -> None:
        ran_out = f"{what} ran out at {count} of {most}" if most else what
        super().__init__(f"no proof of optimality: {ran_out}")
        self.what = what
        self.count = count
        self.most = most


class PeerMissing(DispatchError):
    """A solver to compare with is not installed: ``solver`` as it was asked for, ``package`` what is missing."""

    def __init__(self, solver: str, package: str) -> None:
        super().__init__(f"{solver} needs the package {package}: install chuanyu-dispatch[bench]")
        self.solver = solver
        self.package = package
