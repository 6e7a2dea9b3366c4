/** Which day the page opens on: today when there is something to see, else a day to come. Never one that is over. */

import { get, list } from "../server/client";
import type { Plan, TripRequest } from "../server/contract";
import { may } from "../session";
import { dayOf } from "../words/instants";

/** The day of the plan that was made last. */
export function dayOfNewestPlan(plans: readonly Pick<Plan, "day" | "created_at">[]): string | null {
  let newest: Pick<Plan, "day" | "created_at"> | null = null;
  for (const plan of plans) {
    if (newest === null || Date.parse(plan.created_at) > Date.parse(newest.created_at)) newest = plan;
  }
  return newest?.day ?? null;
}

/** The first day, from today on, on which one of the requests begins. */
export function nextDayOf(requests: readonly Pick<TripRequest, "stops">[], today: string): string | null {
  const days = requests.flatMap((request) => (request.stops[0] ? [dayOf(request.stops[0].earliest_at)] : []));
  return days.filter((day) => day >= today).sort()[0] ?? null;
}

export async function findWorkingDay(today: string): Promise<string> {
  if (may("vehicles")) {
    const overview = await get<{ requests_count?: number }>("/v1/overview", { day: today });
    if ((overview.requests_count ?? 0) > 0) return today;
  }
  if (may("plans")) {
    const day = dayOfNewestPlan(await list<Plan>("/v1/plans"));
    if (day !== null && day >= today) return day;
  }
  return nextDayOf(await list<TripRequest>("/v1/requests"), today) ?? today;
}
