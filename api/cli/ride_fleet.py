"""A made-up fleet for ride requests that come without one: equal cars, spread evenly over a street graph."""

from __future__ import annotations

import numpy as np

from api.cli.offline import Nouns
from fleet.drivers import Driver, Shift
from fleet.ids import DriverId, RegionCode, SiteId, UnitId, VehicleId
from fleet.requests import TripRequest
from fleet.sites import Site
from fleet.units import Level, Unit
from fleet.vehicles import Energy, Vehicle, VehicleKind
from routing.graph import RoadGraph
from routing.snap import on_sphere_m


def spread_nodes(graph: RoadGraph, count: int) -> list[int]:
    """Return nodes far from each other: first the one nearest the middle, then always the farthest from all chosen.

    The first k of a longer list are the list of k (Gonzalez, Theoretical Computer Science 38, 1985: within a factor of two
    of the least covering radius).
    """
    at = on_sphere_m(graph.node_lon_wgs84, graph.node_lat_wgs84)
    usable = np.zeros(len(at), dtype=bool)
    usable[graph.edge_from] = True
    nodes = np.flatnonzero(usable)
    at = at[nodes]
    chosen = [int(np.argmin(np.linalg.norm(at - at.mean(axis=0), axis=1)))]
    away = np.linalg.norm(at - at[chosen[0]], axis=1)
    while len(chosen) < min(count, len(nodes)):
        chosen.append(int(np.argmax(away)))
        away = np.minimum(away, np.linalg.norm(at - at[chosen[-1]], axis=1))
    return [int(nodes[one]) for one in chosen]


def equal_cars(
    graph: RoadGraph,
    requests: tuple[TripRequest, ...],
    *,
    count: int,
    seats: int,
    shift: Shift,
    unit_id: UnitId,
    region: RegionCode,
) -> Nouns:
    """Return the nouns of a plan with ``count`` petrol sedans, each at a place of its own and with a driver of its own."""
    nodes = spread_nodes(graph, count)
    sites, vehicles, drivers = [], [], []
    for number in range(count):
        node = nodes[number % len(nodes)]
        site_id = SiteId(f"S{number + 1:03d}")
        sites.append(
            Site(
                id=site_id,
                name=(graph.node_names[node] if graph.node_names else "")
                or f"{graph.node_lon_wgs84[node]:.5f}, {graph.node_lat_wgs84[node]:.5f}",
                region=region,
                unit_id=unit_id,
                lon_wgs84=float(graph.node_lon_wgs84[node]),
                lat_wgs84=float(graph.node_lat_wgs84[node]),
            )
        )
        vehicles.append(
            Vehicle(
                id=VehicleId(f"V{number + 1:03d}"),
                plate=f"川A{number + 1:05d}",
                unit_id=unit_id,
                region=region,
                home_site_id=site_id,
                kind=VehicleKind.SEDAN,
                energy=Energy.PETROL,
                seats=seats,
                profile="sedan_petrol",
            )
        )
        drivers.append(
            Driver(
                id=DriverId(f"D{number + 1:03d}"),
                name=f"驾驶员{number + 1:03d}",
                unit_id=unit_id,
                region=region,
                home_site_id=site_id,
                licence="C1",
                shift=shift,
            )
        )
    unit = Unit(id=unit_id, name="乘车需求方", region=region, level=Level.PREFECTURE)
    return Nouns(units=(unit,), sites=tuple(sites), vehicles=tuple(vehicles), drivers=tuple(drivers), requests=requests)
