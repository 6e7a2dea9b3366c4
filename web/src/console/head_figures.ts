/**
 * The figures of the console's head, counted from what the reader sees: a plan may span more regions than the reader's, and
 * its own totals would not fit the lists below them.
 */

import type { Itinerary, RequestState, TripRequest, Vehicle } from "../server/contract";
import type { Overview } from "./board";

export interface HeadNumbers {
  requests: number;
  byState: Partial<Record<RequestState, number>>;
  vehicles: number;
  available: number;
  nevFrac: number | null;
  drive_m: number | null;
  cost_fen: number | null;
}

const driven = (itinerary: Itinerary): number => itinerary.stops.reduce((sum, stop) => sum + stop.leg_m, 0);

const NEV = new Set(["phev", "bev", "fcev"]);

export function headFigures(
  overview: Overview | null,
  requests: ReadonlyMap<string, TripRequest>,
  vehicles: ReadonlyMap<string, Vehicle>,
  itineraries: Iterable<Itinerary>,
): HeadNumbers {
  const byState: Partial<Record<RequestState, number>> = {};
  for (const request of requests.values()) byState[request.state] = (byState[request.state] ?? 0) + 1;
  const fleet = [...vehicles.values()].filter((vehicle) => vehicle.state !== "disposed");
  const nevs = fleet.filter((vehicle) => NEV.has(vehicle.energy)).length;
  const planned = [...itineraries];
  const given = overview?.nev_frac;
  return {
    requests: requests.size,
    byState,
    vehicles: fleet.length,
    available: fleet.filter((vehicle) => vehicle.state === "available").length,
    nevFrac: typeof given === "number" ? given : fleet.length > 0 ? nevs / fleet.length : null,
    drive_m: planned.length > 0 ? planned.reduce((sum, each) => sum + driven(each), 0) : null,
    cost_fen: planned.length > 0 ? planned.reduce((sum, each) => sum + each.cost_fen, 0) : null,
  };
}
