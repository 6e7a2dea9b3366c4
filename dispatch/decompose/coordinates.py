"""Where places lie, worked out from the drives between them: a problem knows no map.

A place's coordinates are its drives to a few landmarks that lie far from each other: places near each other have similar
ones.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dispatch.drives import Places
from dispatch.problem import Problem

LANDMARKS = 12

Points = npt.NDArray[np.float64]


def coordinates(problem: Problem, *, landmarks: int = LANDMARKS) -> Points:
    """Return (locations, landmarks): seconds of the drive between each place and each landmark, the mean of both ways.

    A place that cannot be reached from a landmark is put twice as far away as the farthest one that can.
    """
    legs = problem.legs[0]
    count = legs.drive_s.shape[0]
    everywhere: Places = np.arange(count, dtype=np.int64)
    rows: list[Points] = []
    nearest = np.full(count, np.inf)
    at = problem.vehicles[0].start_location if problem.vehicles else 0
    for _ in range(min(landmarks, count)):
        out = np.asarray(legs.drive_s[at, everywhere], np.float64)
        back = np.asarray(legs.drive_s[everywhere, at], np.float64)
        gone = (out < 0) | (back < 0)
        row = (out + back) / 2.0
        row[gone] = 2.0 * row[~gone].max(initial=0.0) + 1.0
        rows.append(row)
        nearest = np.minimum(nearest, row)
        at = int(np.argmax(nearest))
    return np.stack(rows, axis=1) if rows else np.zeros((count, 1))
