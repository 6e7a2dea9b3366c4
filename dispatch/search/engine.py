"""Several searches side by side, the pool they fill, and the master that combines it: what runs one model to its stop."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from dispatch.search.anneal import MINIMISE, SHED, anneal
from dispatch.search.choice import ChargeRows, Stay
from dispatch.search.coupling import Rows
from dispatch.search.entries import load_routes, offer, schedule, variants
from dispatch.search.master import Master
from dispatch.search.model import Model
from dispatch.search.pool import RoutePool
from dispatch.search.tables import (
    NEEDS_ENERGY,
    NO_PLAN,
    O_BEST,
    O_BEST_UNSERVED,
    O_CURRENT,
    O_UNSERVED,
    S_NEEDS,
    S_VEHICLE,
    X_VISITS,
    FloatTable,
    IntTable,
    Plugs,
    State,
    grouped,
    new_state,
)

MOST_CLASSES = 6
"""Up to so many slot classes, every route met is also tried with the vehicles of the other classes."""


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """What steers a search; the defaults hold for every set of instances."""

    average: float = 10.0
    blink: float = 0.01
    regret: float = 0.35
    pool_within: float = 1.03
    shares: tuple[float, ...] = (0.5, 0.2, 0.1, 0.1, 0.1)
    hot: float = 0.2
    cold: float = 0.02
    wide_below: int = 60
    masters_at: tuple[float, ...] = (0.5, 0.75, 0.9)
    master_share: float = 0.1
    chunk_s: float = 0.08
    pool_routes: int = 60_000


@dataclass(kw_only=True)
class Clocked:
    """How far a run is: by iterations (deterministic) or by the clock that is passed in, whichever is further.

    A run may be one stretch of a longer search: it begins at the share ``cooled_from`` of the way from hot to cold and ends
    at ``cooled_to``.
    """

    clock: Callable[[], float]
    iterations: int | None
    seconds: float | None
    cooled_from: float = 0.0
    cooled_to: float = 1.0
    done: int = 0
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock()

    @property
    def elapsed(self) -> float:
        return self.clock() - self.began

    @property
    def share(self) -> float:
        parts = [0.0]
        if self.iterations is not None:
            parts.append(self.done / max(1, self.iterations))
        if self.seconds is not None:
            parts.append(self.elapsed / max(1e-9, self.seconds))
        return max(parts)

    @property
    def cooled(self) -> float:
        """How far the temperature has come from hot (0) to cold (1)."""
        return self.cooled_from + (self.cooled_to - self.cooled_from) * min(1.0, self.share)


class Engine:
    """Searches one model with ``threads`` islands; deterministic for a seed when stopped by iterations."""

    def __init__(self, model: Model, *, seed: int, threads: int = 2, tuning: Tuning | None = None) -> None:
        self.model, self.net = model, model.net
        self.tuning = tuning or Tuning()
        net = self.net
        n, K = len(net.req_i), len(net.slot_i)
        nodes = int((net.req_i[:, 1] - net.req_i[:, 0] + 1).sum()) if n else 0
        head = max((len(p) for p in model.heads), default=0)
        route_nodes = min(nodes + head + 4, max(200, 8 * nodes // max(1, K) + head))
        pool = max(1000, min(self.tuning.pool_routes, 60_000_000 // (route_nodes + 2)))
        self.states = [
            new_state(net, route_nodes=route_nodes, pool_routes=pool, seed=seed * 1000 + i)
            for i in range(max(1, threads))
        ]
        self.wide = self.tuning.wide_below >= K
        self.iterations = 0
        self.bound: float | None = None
        seq, length = self.heads()
        self.master = Master(net, (seq, length))
        for state in self.states:
            # every pool must know a route by the same hash
            state.zobrist[:] = self.states[0].zobrist
            for group, begin, end in model.held:
                at = int(state.occ_count[group])
                state.occ_owner[group, at] = -1
                state.occ_f[group, at] = (begin, end)
                state.occ_count[group] = at + 1
            self.install(seq, length, state)

    def heads(self) -> tuple[IntTable, IntTable]:
        """Routes that hold nothing but their pinned stops."""
        state, slot_i = self.states[0], self.net.slot_i
        seq = np.zeros_like(state.seq)
        length = np.zeros(len(slot_i), np.int64)
        for k, head in enumerate(self.model.heads):
            row = [slot_i[k, 0], *head, slot_i[k, 1]]
            seq[k, : len(row)] = row
            length[k] = len(row)
        return seq, length

    @property
    def best(self) -> State:
        return min(self.states, key=lambda s: s.objective[O_BEST])

    @property
    def objective(self) -> float:
        return float(self.best.objective[O_BEST])

    @property
    def unserved(self) -> int:
        return int(self.best.objective[O_BEST_UNSERVED])

    def load(self, seq: IntTable, length: IntTable, states: list[State] | None = None) -> None:
        """Make the given routes the current plan of all (or the given) islands."""
        for state in states or self.states:
            self.install(seq, length, state)

    def install(self, seq: IntTable, length: IntTable, state: State) -> None:
        roads, asks, fleet, _, cells, plan, _, best, plugs, desk, *_ = grouped(self.net, state)
        load_routes(seq, length, roads, asks, fleet, cells, plan, best, plugs, desk)

    def relax(self, model: Model) -> None:
        """Go on with a model that differs from the present one in wider windows only."""
        self.net.node_f[:] = model.net.node_f
        for state in self.states:
            state.node_f[: len(model.net.node_f)] = model.net.node_f

    def settle(self) -> None:
        """Make the current plans the best ones: the search goes on elsewhere from where it stands, better or worse."""
        for state in self.states:
            state.objective[O_BEST], state.objective[O_BEST_UNSERVED] = NO_PLAN, len(self.net.req_i)
            self.install(state.seq.copy(), state.length.copy(), state)

    def lay_out(self, k: int) -> tuple[int, State]:
        """Time slot ``k`` of the best plan with its charge stops and rests.

        Return the length left in ``desk`` and the state.
        """
        best = self.best
        roads, _, fleet, _, cells, _, _, _, _, desk, *_ = grouped(self.net, best)
        length = schedule(
            k, best.b_seq[k], int(best.b_length[k]), int(best.b_charge_count[k]), best.b_charge_i[k], best.b_charge_f[k],
            roads, fleet, cells, desk,
        )  # fmt: skip
        return length, best

    def variants(self, kinds: IntTable, nodes: IntTable, lengths: IntTable) -> FloatTable:
        """Return what routes would cost in every class of slots (routes, classes), -1 where they cannot be driven."""
        classes = len(self.net.class_from) - 1
        tied = np.array([bool(self.model.heads[k]) for k in self.net.class_from[:-1].tolist()], np.bool_)
        prices = np.empty((len(nodes), classes))
        roads, asks, fleet, _, cells, _, _, _, plugs, desk, *_ = grouped(self.net, self.states[0])
        variants(
            kinds, np.ascontiguousarray(nodes), lengths, self.net.class_from, tied, prices, roads, asks, fleet, cells,
            plugs, desk,
        )  # fmt: skip
        return prices

    def charges(self, pool: RoutePool, entries: IntTable) -> ChargeRows:
        """Return the charge stops that each entry of the pool would make if no other vehicle charged anywhere."""
        roads, asks, fleet, _, cells, _, _, _, plugs, desk, *_ = grouped(self.net, self.states[0])
        alone = Plugs(**{name: np.zeros_like(array) for name, array in plugs._asdict().items()})
        found: list[list[Stay]] = []
        anybody, free = np.full(1, -1, np.int64), np.zeros(1, np.bool_)
        for at in entries.tolist():
            stays: list[Stay] = []
            k = int(self.net.class_from[pool.kind[at]])
            if self.net.slot_i[k, S_NEEDS] & NEEDS_ENERGY:
                nodes, price = pool.nodes(at)[None, :], np.zeros((1, 1))
                variants(
                    anybody, nodes, np.full(1, nodes.shape[1]), np.full(1, k), free, price,
                    roads, asks, fleet, cells, alone, desk,
                )  # fmt: skip
                if price[0, 0] >= 0.0:
                    stays = [
                        (int(desk.aug_i[c, 1]), float(desk.aug_f[c, 0]), float(desk.aug_f[c, 1]))
                        for c in range(int(desk.aug_i[-1, 1]))
                    ]
            found.append(stays)
        return ChargeRows(self.net, found, self.model.held)

    def agree(self, rows: Rows, *, seconds: float, deterministic: float | None) -> tuple[IntTable, IntTable] | None:
        """Return the best routes of the pool that keep ``rows``."""
        self.master.pool.gather(self.states, self.variants if len(self.net.class_from) - 1 <= MOST_CLASSES else None)
        return self.master.solve(self.best, seconds=seconds, deterministic=deterministic, rows=rows)

    def forget_routes(self) -> None:
        """Empty the pool: what it holds may not be driven any more."""
        for state in self.states:
            state.pool_count[0] = 0
            state.pool_hash[:] = 0
        self.master = Master(self.net, self.heads())

    def begin_with(self, seq: IntTable, length: IntTable) -> None:
        """Forget the best plans and go on from these routes."""
        for state in self.states:
            state.objective[O_BEST], state.objective[O_BEST_UNSERVED] = NO_PLAN, len(self.net.req_i)
            self.install(seq, length, state)

    def offer(self, r: int) -> tuple[float, int, int, int]:
        """Return cost, slot and positions of the cheapest insertion of ``r`` into the first island's plan (slot -1: none)."""
        roads, asks, fleet, _, cells, plan, _, _, plugs, desk, *_ = grouped(self.net, self.states[0])
        cost, slot, i, j = offer(r, roads, asks, fleet, cells, plan, plugs, desk)
        return float(cost), int(slot), int(i), int(j)

    def step(
        self, iterations: int, hot: float, cold: float, pool: ThreadPoolExecutor | None, mode: int = MINIMISE
    ) -> None:
        """Run every island for ``iterations``."""
        tune = self.tuning
        n = len(self.net.req_i)
        average = min(tune.average, float(n))
        shares = np.array(tune.shares)

        def run(state: State) -> None:
            anneal(
                iterations, hot, cold, average, tune.blink, tune.regret, tune.pool_within, mode, self.wide, shares,
                *grouped(self.net, state),
            )  # fmt: skip

        if pool is None or len(self.states) == 1:
            for state in self.states:
                run(state)
        else:
            list(pool.map(run, self.states))
        self.iterations += iterations * len(self.states)

    def scale(self) -> float:
        """Cost per request of the best plan, without fixed prices and penalties: what temperatures are measured in."""
        best = self.best
        n = len(self.net.req_i)
        used = best.b_length > 2
        total = best.objective[O_BEST] - float(self.net.slot_f[used, 1].sum())
        missing = best.b_route_of < 0
        total -= float(self.net.req_f[missing, 0].sum())
        served = max(1, n - int(missing.sum()))
        return float(max(total / served, 1e-3))

    def run(
        self,
        watch: Clocked,
        *,
        should_stop: Callable[[], bool] | None = None,
        on_chunk: Callable[[Engine], None] | None = None,
        mode: int = MINIMISE,
        masters: bool = True,
        upto: float = 1.0,
    ) -> None:
        """Search until ``watch`` says that the share of the work is done, or ``should_stop``."""
        tune, n = self.tuning, len(self.net.req_i)
        if n == 0:
            for state in self.states:
                state.objective[O_CURRENT] = state.objective[O_BEST]
            return
        islands = len(self.states)
        for state in self.states:
            # the model may have been changed since the last run
            state.memo_key[:] = 0
        with ThreadPoolExecutor(max_workers=islands) as pool:
            if self.states[0].objective[O_UNSERVED] == n or self.states[0].objective[O_BEST] >= NO_PLAN:
                self.step(1, 1e-9, 1e-9, pool)
                watch.done += islands
            planned = list(tune.masters_at) if masters else []
            per = 50 if watch.iterations is None else max(1, min(2000, watch.iterations // (100 * islands)))
            while watch.share < upto and not (should_stop and should_stop()):
                scale = self.scale()
                heat = tune.hot * scale * (tune.cold / tune.hot) ** watch.cooled
                if watch.iterations is not None:
                    per = max(1, min(per, -(-(watch.iterations - watch.done) // islands)))
                begin = watch.clock()
                self.step(per, heat, heat * 0.9999, pool, mode)
                watch.done += per * islands
                took = watch.clock() - begin
                if watch.iterations is None and watch.seconds is not None:
                    left = watch.seconds - watch.elapsed
                    goal = max(0.005, min(tune.chunk_s, 0.5 * left))
                    per = max(1, min(20_000, int(per * min(2.0, max(0.3, goal / max(took, 1e-4))))))
                if on_chunk:
                    on_chunk(self)
                if mode == SHED and self.unserved == 0:
                    return
                if planned and watch.share >= planned[0]:
                    planned.pop(0)
                    self.combine(watch)

    def shed(self, watch: Clocked, *, upto: float, should_stop: Callable[[], bool] | None = None) -> None:
        """Use as few slots as can be found until the share ``upto`` of the work is done; the others stay closed afterwards.

        One route is dissolved at a time, and its requests are squeezed into the others, the ones that were left out most often
        first (after the ejection counters of Nagata and Braeysy 2009, Oper. Res. Lett. 37(5)).
        """
        if not len(self.net.req_i):
            return
        with ThreadPoolExecutor(max_workers=len(self.states)) as pool:
            self.step(1, 1e-9, 1e-9, pool)
            base = self.best
            kept = (base.b_seq.copy(), base.b_length.copy())
            empty = self.heads()
            for state in self.states:
                self.install(*kept, state)
                state.vehicle_use[self.net.slot_i[kept[1] == 2, S_VEHICLE]] = 1
            if self.unserved:
                for state in self.states:
                    state.vehicle_use[self.net.slot_i[kept[1] == 2, S_VEHICLE]] = 0
                return
            per = 100
            while watch.share < upto and int((kept[1] > 2).sum()) > 1 and not (should_stop and should_stop()):
                used = np.where(kept[1] > 2)[0]
                gone = int(used[np.argmin(kept[1][used])])
                seq, length = kept[0].copy(), kept[1].copy()
                seq[gone], length[gone] = empty[0][gone], empty[1][gone]
                for state in self.states:
                    state.objective[O_BEST], state.objective[O_BEST_UNSERVED] = NO_PLAN, len(self.net.req_i)
                    self.install(seq, length, state)
                    state.vehicle_use[self.net.slot_i[gone, S_VEHICLE]] = 1
                    state.absent[:] = 1.0
                heat = 0.02 * self.scale()
                while watch.share < upto and self.unserved and not (should_stop and should_stop()):
                    begin = watch.clock()
                    self.step(per, heat, heat * 0.999, pool, SHED)
                    watch.done += per * len(self.states)
                    per = max(
                        10,
                        min(
                            5_000, int(per * min(2.0, max(0.3, self.tuning.chunk_s / max(watch.clock() - begin, 1e-4))))
                        ),
                    )
                if self.unserved:
                    for state in self.states:
                        state.vehicle_use[self.net.slot_i[gone, S_VEHICLE]] = 0
                    break
                found = self.best
                kept = (found.b_seq.copy(), found.b_length.copy())
            for state in self.states:
                state.objective[O_BEST], state.objective[O_BEST_UNSERVED] = NO_PLAN, len(self.net.req_i)
                self.install(*kept, state)
        self.master.limit(int((kept[1] > 2).sum()))

    def combine(self, watch: Clocked) -> None:
        """Let the master pick the best routes of the pool; what it finds becomes the current plan of the worst island."""
        several = 1 < len(self.net.class_from) - 1 <= MOST_CLASSES
        self.master.pool.gather(self.states, self.variants if several else None)
        limit = 60.0
        if watch.seconds is not None:
            # the model has to be built and read back as well
            limit = min(self.tuning.master_share * watch.seconds, 0.5 * (watch.seconds - watch.elapsed))
        deterministic = 4.0 if watch.seconds is None else None
        charges = self.charges if len(self.net.group_i) and self.net.scalars[X_VISITS] <= 0.0 else None
        found = self.master.solve(self.best, seconds=limit, deterministic=deterministic, charges=charges)
        best, worst = self.best, max(self.states, key=lambda s: s.objective[O_BEST])
        if found is not None:
            for state in self.states:
                self.install(found[0], found[1], state)
                if state.objective[O_CURRENT] > self.objective + 1e-7:
                    # what single routes cannot see, as who is at a charge point when, did not fit together
                    self.install(best.b_seq, best.b_length, state)
        elif worst.objective[O_BEST] > self.objective + 1e-7:
            self.install(best.b_seq, best.b_length, worst)
