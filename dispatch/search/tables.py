"""The tables that the compiled kernels work on: a routing model flattened into arrays, and one search's own state.

All times, costs, loads and energies are float64. Integers below 2**53 are exact in it, so that a
:class:`~dispatch.problem.Problem`
keeps its integer arithmetic, while research benchmarks with real distances run through the same kernels.

A route is a sequence of nodes: the slot's start, request nodes, the slot's end. A request owns consecutive node numbers:
two for a transfer, two or more for a block (an exclusive transfer, a charter or a rental), which is always visited without
interruption. A slot is one vehicle in one of its working windows.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

FloatTable = npt.NDArray[np.float64]
IntTable = npt.NDArray[np.int64]
HashTable = npt.NDArray[np.uint64]

NO_PLAN = 1e300
"""Objective of no plan at all."""
INF = 1e18
"""Larger than any time, cost or load that a model may hold; INF itself marks "never"."""
BLOCK_LOAD = 1e9
"""Load of an exclusive block while it is under way, so that nobody else fits in."""
EPS = 1e-6
MEMO = 1 << 18
"""Pairs of request and route for which the best insertion is remembered at most; a power of two."""
QUEUE = 64
"""Insertions of one request into one route whose charging and rests are tried at most, cheapest first."""
MAX_CHARGES = 4
"""Charge stops that the search adds to one route at most."""
OCCUPANCY = 96
"""Charge stops at one group at most."""

# columns of Net.node_f
EARLY, LATE, SERVICE, RIDE, GAIN = range(5)
# columns of Net.node_i
LOC, REQ, KIND, MATE = range(4)
# values of node_i[:, KIND]
DEPOT, FIRST, LAST, MIDDLE = range(4)
# columns of Net.req_i
R_FIRST, R_LAST, R_BLOCK, R_PROMISED = range(4)
# columns of Net.req_f
R_PENALTY, R_CHANGE, R_DIRECT = range(3)
# columns of Net.slot_i
S_START, S_END, S_GEAR, S_CLASS, S_COMPAT, S_SELF_DRIVE, S_BATTERY, S_VEHICLE, S_NEEDS, S_YARD = range(10)
# bits of slot_i[:, S_NEEDS]
NEEDS_ENERGY, NEEDS_HOURS, NEEDS_EXCESS, NEEDS_HOME = 1, 2, 4, 8
# columns of Net.slot_f
S_DURATION, S_FIXED, S_MAX_DRIVE, S_CONTINUOUS, S_REST, S_DRIVEN = range(6)
# columns of Net.battery_f
B_CAPACITY, B_RESERVE, B_FINAL, B_INITIAL = range(4)
# columns of Net.group_i, Net.group_f
G_LOC, G_SITE, G_POINTS, G_DC = range(4)
G_POWER, G_PRICE, G_OVERHEAD = range(3)
# entries of Net.scalars
X_TICK, X_EXCESS, X_VISITS = range(3)
# entries of State.objective
O_CURRENT, O_BEST, O_UNSERVED, O_BEST_UNSERVED = range(4)


class Net(NamedTuple):
    """What a search is given and never changes; shapes in the comments.

    N nodes, n requests, K slots, L locations (the last one is "nowhere": free to reach), G gears (distinct combinations of
    drive profile and prices), Q load dimensions, B battery kinds, P charge groups.
    """

    node_f: FloatTable  # (N, 5) EARLY, LATE, SERVICE, RIDE (at FIRST nodes), GAIN (energy got at a pinned charge)
    node_i: IntTable  # (N, 4) LOC, REQ, KIND, MATE
    load: FloatTable  # (N, Q) change of load
    req_i: IntTable  # (n, 4)
    req_f: FloatTable  # (n, 3)
    slot_i: IntTable  # (K, 10)
    slot_f: FloatTable  # (K, 6)
    capacity: FloatTable  # (K, Q)
    compat: FloatTable  # (n, kinds of slots) price, INF where not allowed
    drive: FloatTable  # (G, L, L) seconds
    price: FloatTable  # (G, L, L) cost
    energy: FloatTable  # (G, L, L) Wh
    near: IntTable  # (n, .) related requests, nearest first
    classes: IntTable  # (n, .) slot classes by cost of serving the request alone, cheapest first, -1 ends
    yard_room: IntTable  # (yards,) how many used slots may end there
    class_from: IntTable  # (classes + 1,) first slot of each class; slots are sorted by class
    battery_f: FloatTable  # (B, 4)
    curve: FloatTable  # (B, 2, J, 2) AC and DC: from_wh, power_w, ended by from_wh = INF
    group_i: IntTable  # (P, 4)
    group_f: FloatTable  # (P, 3)
    site_power: FloatTable  # (sites,)
    near_groups: IntTable  # (L, .) charge groups by drive, nearest first, -1 ends
    scalars: FloatTable  # (3,) whole units of charging time, price of excess ride time, points count visits


class State(NamedTuple):
    """One search's current and best plan, its undo copies, scratch space and route pool."""

    node_f: FloatTable  # copies of the model's with MAX_CHARGES + 1 scratch rows for charge stops
    node_i: IntTable
    seq: IntTable
    length: IntTable
    route_of: IntTable  # -1: unserved
    early: FloatTable
    late: FloatTable
    load: FloatTable
    cost: FloatTable
    version: HashTable  # of the slot and its stops, so that a route that comes back is recognised
    place: IntTable  # position of every node in its route
    charge_count: IntTable
    charge_i: IntTable  # (K, MAX_CHARGES, 2) position before it, group
    charge_f: FloatTable  # (K, MAX_CHARGES, 3) begin, end, energy
    vehicle_use: IntTable
    yard_left: IntTable
    active: IntTable
    occ_count: IntTable
    occ_owner: IntTable
    occ_f: FloatTable
    occ_hash: HashTable  # of everything that is held
    rng: npt.NDArray[np.uint64]
    objective: FloatTable
    absent: FloatTable
    # undo
    u_seq: IntTable
    u_length: IntTable
    u_early: FloatTable
    u_late: FloatTable
    u_load: FloatTable
    u_cost: FloatTable
    u_version: HashTable
    u_charge_count: IntTable
    u_charge_i: IntTable
    u_charge_f: FloatTable
    # best
    b_seq: IntTable
    b_length: IntTable
    b_route_of: IntTable
    b_charge_count: IntTable
    b_charge_i: IntTable
    b_charge_f: FloatTable
    # scratch
    tmp: IntTable
    zero: FloatTable
    times: FloatTable
    cap: FloatTable
    cap_try: FloatTable
    queue_cost: FloatTable
    queue_at: IntTable
    pos: IntTable
    aug: IntTable
    aug_try: IntTable
    aug_extra: FloatTable
    aug_times: FloatTable
    aug_level: FloatTable
    aug_need: FloatTable
    aug_i: IntTable  # (MAX_CHARGES + 1, 2) position in the plain route, group
    aug_f: FloatTable  # (MAX_CHARGES + 1, 3) begin, end, energy
    removed: IntTable
    previous: IntTable
    is_removed: IntTable
    touched: IntTable
    touched_list: IntTable
    cand_mark: IntTable
    cand: IntTable
    key: FloatTable
    col_cost: FloatTable
    col_i: IntTable
    col_count: IntTable
    memo_key: HashTable  # (MEMO,) of request and route
    memo_cost: FloatTable
    memo_at: IntTable  # positions of both ends, packed; -1: none below this cost
    # pool
    zobrist: npt.NDArray[np.uint64]
    pool_hash: npt.NDArray[np.uint64]
    pool_at: IntTable
    pool_seq: IntTable
    pool_len: IntTable
    pool_cost: FloatTable
    pool_class: IntTable
    pool_count: IntTable


def new_state(net: Net, *, route_nodes: int, pool_routes: int, seed: int) -> State:
    """Return a state with every slot empty (start and end only), every request unserved, and an empty pool."""
    N, n, K, Q = len(net.node_f), len(net.req_i), len(net.slot_i), net.load.shape[1]
    M = route_nodes + 2 * MAX_CHARGES + 6
    P = max(1, len(net.group_i))
    scratch = MAX_CHARGES + 1
    hash_size = 1
    while hash_size < 3 * pool_routes:
        hash_size *= 2
    rng = np.random.default_rng(seed)
    # a route is known by the set of its requests: mirror nodes carry no hash of their own
    zobrist = np.zeros(N + scratch, np.uint64)
    zobrist[net.req_i[:, R_FIRST]] = rng.integers(1, 2**63 - 1, size=n, dtype=np.int64).astype(np.uint64)
    state_f: dict[str, Any] = {}
    for name in ("early", "late", "u_early", "u_late"):
        state_f[name] = np.zeros((K, M))
    columns = min(K, 64) + 2
    seq = np.zeros((K, M), np.int64)
    seq[:, 0], seq[:, 1] = net.slot_i[:, S_START], net.slot_i[:, S_END]
    vehicles = int(net.slot_i[:, S_VEHICLE].max(initial=-1)) + 1
    return State(
        node_f=np.vstack([net.node_f, np.zeros((scratch, 5))]),
        node_i=np.vstack([net.node_i, np.full((scratch, 4), -1)]).astype(np.int64),
        seq=seq,
        length=np.full(K, 2, np.int64),
        route_of=np.full(n, -1, np.int64),
        load=np.zeros((K, M, Q)),
        cost=np.zeros(K),
        version=np.zeros(K, np.uint64),
        place=np.zeros(N + scratch, np.int64),
        charge_count=np.zeros(K, np.int64),
        charge_i=np.zeros((K, MAX_CHARGES, 2), np.int64),
        charge_f=np.zeros((K, MAX_CHARGES, 3)),
        vehicle_use=np.zeros(vehicles, np.int64),
        yard_left=net.yard_room.copy(),
        active=np.zeros(K, np.int64),
        occ_count=np.zeros(P, np.int64),
        occ_owner=np.zeros((P, OCCUPANCY), np.int64),
        occ_f=np.zeros((P, OCCUPANCY, 2)),
        occ_hash=np.zeros(1, np.uint64),
        rng=np.array([(seed * 2 + 1) * 0x9E3779B97F4A7C15 & (2**64 - 1)], np.uint64),
        objective=np.array([NO_PLAN, NO_PLAN, n, n], np.float64),
        absent=np.ones(n),
        u_seq=np.zeros((K, M), np.int64),
        u_length=np.zeros(K, np.int64),
        u_load=np.zeros((K, M, Q)),
        u_cost=np.zeros(K),
        u_version=np.zeros(K, np.uint64),
        u_charge_count=np.zeros(K, np.int64),
        u_charge_i=np.zeros((K, MAX_CHARGES, 2), np.int64),
        u_charge_f=np.zeros((K, MAX_CHARGES, 3)),
        b_seq=seq.copy(),
        b_length=np.full(K, 2, np.int64),
        b_route_of=np.full(n, -1, np.int64),
        b_charge_count=np.zeros(K, np.int64),
        b_charge_i=np.zeros((K, MAX_CHARGES, 2), np.int64),
        b_charge_f=np.zeros((K, MAX_CHARGES, 3)),
        tmp=np.zeros(M, np.int64),
        zero=np.zeros(M),
        times=np.zeros(M),
        cap=np.zeros(M),
        cap_try=np.zeros(M),
        queue_cost=np.zeros(QUEUE),
        queue_at=np.zeros((QUEUE, 2), np.int64),
        pos=np.zeros(N + scratch, np.int64),
        aug=np.zeros(M, np.int64),
        aug_try=np.zeros(M, np.int64),
        aug_extra=np.zeros(M),
        aug_times=np.zeros(M),
        aug_level=np.zeros(M),
        aug_need=np.zeros(M),
        aug_i=np.zeros((scratch, 2), np.int64),
        aug_f=np.zeros((scratch, 3)),
        removed=np.zeros(n + 1, np.int64),
        previous=np.zeros(n, np.int64),
        is_removed=np.zeros(n, np.int64),
        touched=np.zeros(K, np.int64),
        touched_list=np.zeros(K, np.int64),
        cand_mark=np.full(K, -1, np.int64),
        cand=np.zeros(K + 1, np.int64),
        key=np.zeros(n + 1),
        col_cost=np.zeros((64, columns)),
        col_i=np.zeros((64, columns, 3), np.int64),
        col_count=np.zeros(64, np.int64),
        memo_key=np.zeros(MEMO, np.uint64),
        memo_cost=np.zeros(MEMO),
        memo_at=np.zeros(MEMO, np.int64),
        zobrist=zobrist,
        pool_hash=np.zeros(hash_size, np.uint64),
        pool_at=np.zeros(hash_size, np.int64),
        pool_seq=np.zeros((pool_routes, route_nodes + 2), np.int64),
        pool_len=np.zeros(pool_routes, np.int64),
        pool_cost=np.zeros(pool_routes),
        pool_class=np.zeros(pool_routes, np.int64),
        pool_count=np.zeros(1, np.int64),
        **state_f,
    )


class Roads(NamedTuple):
    """Nodes and the drives between them; the node tables are an island's own, with scratch rows for charge stops."""

    node_f: FloatTable
    node_i: IntTable
    load: FloatTable
    drive: FloatTable
    price: FloatTable
    energy: FloatTable


class Asks(NamedTuple):
    """Requests."""

    req_i: IntTable
    req_f: FloatTable
    compat: FloatTable


class Fleet(NamedTuple):
    """Slots."""

    slot_i: IntTable
    slot_f: FloatTable
    capacity: FloatTable


class Kin(NamedTuple):
    """Related requests and slot classes."""

    near: IntTable
    classes: IntTable
    class_from: IntTable


class Cells(NamedTuple):
    """Batteries and charge points."""

    battery_f: FloatTable
    curve: FloatTable
    group_i: IntTable
    group_f: FloatTable
    site_power: FloatTable
    near_groups: IntTable
    scalars: FloatTable


class Plan(NamedTuple):
    """The current plan."""

    seq: IntTable
    length: IntTable
    route_of: IntTable
    early: FloatTable
    late: FloatTable
    load: FloatTable
    cost: FloatTable
    version: HashTable
    place: IntTable
    vehicle_use: IntTable
    yard_left: IntTable
    active: IntTable
    objective: FloatTable


class Back(NamedTuple):
    """Copies of touched slots."""

    u_seq: IntTable
    u_length: IntTable
    u_early: FloatTable
    u_late: FloatTable
    u_load: FloatTable
    u_cost: FloatTable
    u_version: HashTable
    u_charge_count: IntTable
    u_charge_i: IntTable
    u_charge_f: FloatTable


class Best(NamedTuple):
    """The best plan."""

    b_seq: IntTable
    b_length: IntTable
    b_route_of: IntTable
    b_charge_count: IntTable
    b_charge_i: IntTable
    b_charge_f: FloatTable


class Plugs(NamedTuple):
    """Charge stops of the current plan, and who holds which point."""

    charge_count: IntTable
    charge_i: IntTable
    charge_f: FloatTable
    occ_count: IntTable
    occ_owner: IntTable
    occ_f: FloatTable
    occ_hash: HashTable


class Desk(NamedTuple):
    """Scratch space for one sequence."""

    tmp: IntTable
    zero: FloatTable
    times: FloatTable
    cap: FloatTable
    cap_try: FloatTable
    queue_cost: FloatTable
    queue_at: IntTable
    pos: IntTable
    aug: IntTable
    aug_try: IntTable
    aug_extra: FloatTable
    aug_times: FloatTable
    aug_level: FloatTable
    aug_need: FloatTable
    aug_i: IntTable
    aug_f: FloatTable


class Work(NamedTuple):
    """Scratch space for one iteration."""

    removed: IntTable
    previous: IntTable
    is_removed: IntTable
    touched: IntTable
    touched_list: IntTable
    cand_mark: IntTable
    cand: IntTable
    key: FloatTable
    absent: FloatTable
    rng: HashTable


class Bids(NamedTuple):
    """Regret columns, and best insertions already known for a version of a route."""

    col_cost: FloatTable
    col_i: IntTable
    col_count: IntTable
    memo_key: HashTable
    memo_cost: FloatTable
    memo_at: IntTable


class Pool(NamedTuple):
    """Routes met."""

    zobrist: HashTable
    pool_hash: HashTable
    pool_at: IntTable
    pool_seq: IntTable
    pool_len: IntTable
    pool_cost: FloatTable
    pool_class: IntTable
    pool_count: IntTable


Groups = tuple[Roads, Asks, Fleet, Kin, Cells, Plan, Back, Best, Plugs, Desk, Work, Bids, Pool]


def grouped(net: Net, state: State) -> Groups:
    """Return model and state as the kernels take them: in small groups, because compilation time grows with a tuple's size."""

    def of(group: Any) -> Any:
        source = {**net._asdict(), **state._asdict()}
        source["load"] = net.load if group is Roads else state.load
        return group(*(source[name] for name in group._fields))

    return (
        of(Roads),
        of(Asks),
        of(Fleet),
        of(Kin),
        of(Cells),
        of(Plan),
        of(Back),
        of(Best),
        of(Plugs),
        of(Desk),
        of(Work),
        of(Bids),
        of(Pool),
    )
