"""Heights where none were measured: interpolation over the network from the nodes that have one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph
from scipy.sparse.linalg import splu

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]


def interpolate_over_links(
    elevation_m: Floats, edge_from: Ints, edge_to: Ints, length_m: npt.NDArray[np.int32]
) -> Floats:
    """Fill NaN heights with the harmonic interpolation of the known ones.

    Each unknown node gets the mean of its neighbours weighted by 1 / length, all at once: heights then change evenly along
    a road between two known places. Undulation in between is lost, so that energy over a pass whose summit has no known
    height is a lower bound. Nodes whose component holds no known height stay NaN.
    """
    n = len(elevation_m)
    known = np.isfinite(elevation_m)
    if known.all() or not known.any():
        return elevation_m.copy()
    weight = 1.0 / np.maximum(length_m, 1)
    adjacency = sparse.csr_matrix((weight, (edge_from, edge_to)), shape=(n, n))
    adjacency = adjacency + adjacency.T
    _, component = csgraph.connected_components(adjacency, directed=False)
    anchored = np.zeros(component.max() + 1, dtype=bool)
    anchored[component[known]] = True
    open_nodes = np.flatnonzero(~known & anchored[component])
    result = elevation_m.copy()
    if open_nodes.size:
        degree = np.asarray(adjacency.sum(axis=1)).ravel()
        laplacian = sparse.csr_matrix(sparse.diags(degree) - adjacency)
        fixed = np.flatnonzero(known)
        right = np.asarray(-(laplacian[open_nodes][:, fixed] @ elevation_m[fixed]), dtype=np.float64).ravel()
        result[open_nodes] = splu(sparse.csc_matrix(laplacian[open_nodes][:, open_nodes])).solve(right)
    return result
