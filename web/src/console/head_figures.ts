/** The figures of the console's head, from the service's overview; what it leaves out is counted from the lists. */

import type { Plan, RequestState, TripRequest, Vehicle } from "../server/contract";
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

const NEV = new Set(["phev", "bev", "fcev"]);

export function headFigures(
  overview: Overview | null,
  requests: ReadonlyMap<string, TripRequest>,
  vehicles: ReadonlyMap<string, Vehicle>,
  plan: Plan | null,
): HeadNumbers {
  const byState: Partial<Record<RequestState, number>> = {};
  for (const request of requests.values()) byState[request.state] = (byState[request.state] ?? 0) + 1;
  const fleet = [...vehicles.values()].filter((vehicle) => vehicle.state !== "disposed");
  const nevs = fleet.filter((vehicle) => NEV.has(vehicle.energy)).length;
  const given = overview?.nev_frac;
  return {
    requests: requests.size,
    byState,
    vehicles: fleet.length,
    available: fleet.filter((vehicle) => vehicle.state === "available").length,
    nevFrac: typeof given === "number" ? given : fleet.length > 0 ? nevs / fleet.length : null,
    drive_m: plan?.figures.drive_m ?? null,
    cost_fen: plan?.figures.cost_fen ?? null,
  };
}
