/** What the console shows of one day, kept fresh by the event stream. */

import { computed, inject, onBeforeUnmount, provide, ref, shallowRef, type InjectionKey, type Ref } from "vue";

import { get, list, Refused } from "../server/client";
import type {
  Driver,
  Itinerary,
  Plan,
  Site,
  StoreEvent,
  TripRequest,
  Unit,
  Vehicle,
} from "../server/contract";
import { follow, type LiveState } from "../server/live";
import { dayOf } from "../words/instants";
import { may } from "../session";
import { told } from "../words/told";
import { findWorkingDay } from "./working_day";

/** The figures of the head; there are none for a role that does not see the whole. */
export interface Overview {
  requests_count?: number;
  nev_frac?: number | null;
}

/** Above so many changed documents of a kind, reading the whole list again is cheaper than one by one. */
const ONE_BY_ONE = 12;
const GATHER_MS = 400;

type Named = { id: string };

function byId<T extends Named>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [item.id, item]));
}

export function makeBoard() {
  const day = ref("");
  const overview = shallowRef<Overview | null>(null);
  const requests = shallowRef(new Map<string, TripRequest>());
  const vehicles = shallowRef(new Map<string, Vehicle>());
  const units = shallowRef(new Map<string, Unit>());
  const sites = shallowRef(new Map<string, Site>());
  const drivers = shallowRef(new Map<string, Driver>());
  const itineraries = shallowRef(new Map<string, Itinerary>());
  const plan = shallowRef<Plan | null>(null);
  const loading = ref(true);
  const trouble = ref("");
  const selectedVehicle = ref<string | null>(null);
  const openRequest = ref<string | null>(null);
  const openItinerary = ref<string | null>(null);
  /** Grows with every change of an assignment; who shows one reads it again. */
  const assignmentsChanged = ref(0);

  const itineraryOfVehicle = computed(() => {
    const found = new Map<string, Itinerary>();
    for (const itinerary of itineraries.value.values()) found.set(itinerary.vehicle_id, itinerary);
    return found;
  });

  async function guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
      trouble.value = "";
    } catch (error) {
      trouble.value = told(error);
    }
  }

  async function readOverview(): Promise<void> {
    overview.value = may("vehicles") ? await get<Overview>("/v1/overview", { day: day.value }) : null;
  }

  async function readRequests(): Promise<void> {
    requests.value = byId(await list<TripRequest>("/v1/requests", { day: day.value }));
  }

  async function readVehicles(): Promise<void> {
    if (may("vehicles")) vehicles.value = byId(await list<Vehicle>("/v1/vehicles"));
  }

  async function readPlan(): Promise<void> {
    if (!may("plans")) return;
    try {
      plan.value = await get<Plan | null>("/v1/plans/latest", { day: day.value });
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 404) throw error;
      plan.value = null;
    }
    itineraries.value = byId(await list<Itinerary>("/v1/itineraries", { day: day.value }));
  }

  async function readFacts(): Promise<void> {
    const [u, s, d] = await Promise.all([
      list<Unit>("/v1/units"),
      list<Site>("/v1/sites"),
      may("plans") ? list<Driver>("/v1/drivers") : Promise.resolve([]),
    ]);
    units.value = byId(u);
    sites.value = byId(s);
    drivers.value = byId(d);
  }

  async function readDay(): Promise<void> {
    loading.value = true;
    await guarded(async () => {
      await Promise.all([readOverview(), readRequests(), readPlan()]);
    });
    loading.value = false;
  }

  /** Read everything: at the beginning, and again when a lost connection is back. */
  async function readAll(): Promise<void> {
    loading.value = true;
    await guarded(async () => {
      if (!day.value) day.value = await findWorkingDay(dayOf(new Date()));
      await Promise.all([readOverview(), readRequests(), readPlan(), readVehicles(), readFacts()]);
    });
    loading.value = false;
  }

  /** Show another day. */
  function turnTo(other: string): void {
    day.value = other;
    selectedVehicle.value = null;
    void readDay();
  }

  const changed = new Map<string, Set<string>>();
  let gathering: ReturnType<typeof setTimeout> | undefined;

  async function readSome<T extends Named>(into: Ref<Map<string, T>>, path: string, ids: Set<string>): Promise<void> {
    const next = new Map(into.value);
    for (const id of ids) {
      try {
        next.set(id, await get<T>(`${path}/${encodeURIComponent(id)}`));
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        next.delete(id);
      }
    }
    into.value = next;
  }

  async function takeChanges(): Promise<void> {
    const now = new Map(changed);
    changed.clear();
    const ids = (kind: string): Set<string> => now.get(kind) ?? new Set();
    await guarded(async () => {
      const requestIds = new Set([...ids("request")]);
      if (requestIds.size > ONE_BY_ONE || (requestIds.size > 0 && [...requestIds].some((id) => !requests.value.has(id)))) {
        await readRequests();
      } else if (requestIds.size > 0) {
        await readSome(requests, "/v1/requests", requestIds);
      }
      if (ids("vehicle").size > ONE_BY_ONE) await readVehicles();
      else if (ids("vehicle").size > 0) await readSome(vehicles, "/v1/vehicles", ids("vehicle"));
      if (ids("plan").size > 0 || ids("itinerary").size > 0) await readPlan();
      if (ids("assignment").size > 0) assignmentsChanged.value += 1;
      await readOverview();
    });
  }

  function onEvent(event: StoreEvent): void {
    for (const document of event.documents) {
      const ids = changed.get(document.kind) ?? new Set<string>();
      ids.add(document.id);
      changed.set(document.kind, ids);
    }
    clearTimeout(gathering);
    gathering = setTimeout(() => void takeChanges(), GATHER_MS);
  }

  const live = follow(onEvent, () => void readAll());
  const liveState: Ref<LiveState> = live.state;
  onBeforeUnmount(() => {
    clearTimeout(gathering);
    live.stop();
  });

  /** Put a document that an action returned in place at once; the event that follows confirms it. */
  function takeRequest(document: TripRequest): void {
    const next = new Map(requests.value);
    next.set(document.id, { ...next.get(document.id), ...document });
    requests.value = next;
  }

  function takeVehicle(document: Vehicle): void {
    const next = new Map(vehicles.value);
    next.set(document.id, document);
    vehicles.value = next;
  }

  return {
    day,
    overview,
    requests,
    vehicles,
    units,
    sites,
    drivers,
    itineraries,
    itineraryOfVehicle,
    plan,
    loading,
    trouble,
    selectedVehicle,
    openRequest,
    openItinerary,
    assignmentsChanged,
    liveState,
    readAll,
    turnTo,
    readDay,
    readPlan,
    takeRequest,
    takeVehicle,
  };
}

export type Board = ReturnType<typeof makeBoard>;

const KEY: InjectionKey<Board> = Symbol("board");

export function provideBoard(): Board {
  const board = makeBoard();
  provide(KEY, board);
  return board;
}

export function useBoard(): Board {
  const board = inject(KEY);
  if (!board) throw new Error("useBoard outside of the console page");
  return board;
}
