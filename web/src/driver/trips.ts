/** The driver's assignments in the order in which their hands are needed. */

import type { Assignment, AssignmentState, Itinerary, ItineraryStop } from "../server/contract";
import { dayOf } from "../words/instants";
import { stateWithTaps, type Tap } from "./tap_queue";

export interface Trip {
  assignment: Assignment;
  /** The state with the waiting taps applied. */
  state: AssignmentState;
}

const OVER: AssignmentState[] = ["finished", "declined", "withdrawn"];
const BEGUN: AssignmentState[] = ["started", "on_board", "dropped_off"];

export interface DaysWork {
  offers: Trip[];
  now: Trip | null;
  later: Trip[];
  over: Trip[];
}

/** When the trip next needs its driver: at the pick-up until the passengers are on board, then at the drop-off. */
function dueAt(trip: Trip): number {
  const boarded = trip.state === "on_board" || trip.state === "dropped_off";
  return Date.parse(boarded ? trip.assignment.dropoff_at : trip.assignment.pickup_at);
}

export function daysWork(assignments: readonly Assignment[], taps: readonly Tap[]): DaysWork {
  const trips = assignments.map((assignment) => ({
    assignment,
    state: stateWithTaps(assignment.id, assignment.state, taps),
  }));
  trips.sort((a, b) => dueAt(a) - dueAt(b) || a.assignment.id.localeCompare(b.assignment.id));
  const offers = trips.filter((trip) => trip.state === "offered");
  const over = trips.filter((trip) => OVER.includes(trip.state));
  const open = trips.filter((trip) => trip.state === "accepted" || BEGUN.includes(trip.state));
  // A trip that has begun comes before one that has not, even when that one is due earlier.
  const begun = open.filter((trip) => BEGUN.includes(trip.state));
  const now = begun[0] ?? open[0] ?? null;
  return { offers, now, later: open.filter((trip) => trip !== now), over };
}

/** Today when there are trips today, else the next day with open trips, else the last day with any. */
export function drivingDay(assignments: readonly Assignment[], today: string): string {
  const days = assignments.map((each) => dayOf(each.pickup_at)).sort();
  if (days.length === 0 || days.includes(today)) return today;
  const open = assignments.filter((each) => !OVER.includes(each.state)).map((each) => dayOf(each.pickup_at));
  return open.sort().find((day) => day > today) ?? open.at(-1) ?? days.at(-1)!;
}

/** The stops of the day in order. Without an itinerary they are read from the assignments. */
export function daysStops(itineraries: readonly Itinerary[], assignments: readonly Assignment[]): ItineraryStop[] {
  const planned = itineraries.flatMap((itinerary) => itinerary.stops);
  if (planned.length > 0) return [...planned].sort((a, b) => Date.parse(a.begin_at) - Date.parse(b.begin_at));
  const stops = assignments
    .filter((each) => each.state !== "declined" && each.state !== "withdrawn")
    .flatMap((each) => {
      const places = each.request?.stops ?? [];
      return places.map((place, index): ItineraryStop => {
        const at = index === 0 ? each.pickup_at : index === places.length - 1 ? each.dropoff_at : place.earliest_at;
        return {
          kind: index === 0 ? "pickup" : index === places.length - 1 ? "dropoff" : "visit",
          name: place.name,
          lon_wgs84: place.lon_wgs84,
          lat_wgs84: place.lat_wgs84,
          arrive_at: at,
          begin_at: at,
          depart_at: at,
          load_count: each.request?.passengers ?? 0,
          leg_s: 0,
          leg_m: 0,
          leg_wh: 0,
          request_id: each.request_id,
          site_id: null,
          charge_wh: null,
          charged_wh: 0,
          leg_toll_fen: 0,
          leg_confidence: "unverified",
        };
      });
    });
  return stops.sort((a, b) => Date.parse(a.begin_at) - Date.parse(b.begin_at));
}
