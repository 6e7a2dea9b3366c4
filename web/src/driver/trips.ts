/** The driver's assignments in the order in which their hands are needed. */

import type { Assignment, AssignmentState, Itinerary, ItineraryStop } from "../server/contract";
import { dayOf } from "../words/instants";
import { stateWithTaps, type Tap } from "./tap_queue";

export interface Trip {
  assignment: Assignment;
  /** The state with the waiting taps applied. */
  state: AssignmentState;
}

/** What is no longer the driver's: they turned it down, or the dispatcher took it back. */
const GONE: AssignmentState[] = ["declined", "withdrawn", "unanswered", "absent", "broken_off"];
const OVER: AssignmentState[] = ["finished", ...GONE];
const BEGUN: AssignmentState[] = ["started", "on_board", "dropped_off"];

export interface DaysWork {
  offers: Trip[];
  now: Trip | null;
  later: Trip[];
  finished: Trip[];
  gone: Trip[];
}

/** When the trip next needs its driver: at the pick-up until the passengers are on board, then at the drop-off. */
function dueAt(trip: Trip): number {
  const boarded = trip.state === "on_board" || trip.state === "dropped_off";
  return Date.parse(boarded ? trip.assignment.dropoff_at : trip.assignment.pickup_at);
}

function tripsOf(assignments: readonly Assignment[], taps: readonly Tap[]): Trip[] {
  return assignments.map((assignment) => ({
    assignment,
    state: stateWithTaps(assignment.id, assignment.state, taps),
  }));
}

export function daysWork(assignments: readonly Assignment[], taps: readonly Tap[]): DaysWork {
  const trips = tripsOf(assignments, taps);
  trips.sort((a, b) => dueAt(a) - dueAt(b) || a.assignment.id.localeCompare(b.assignment.id));
  const offers = trips.filter((trip) => trip.state === "offered");
  const finished = trips.filter((trip) => trip.state === "finished");
  const gone = trips.filter((trip) => GONE.includes(trip.state));
  const open = trips.filter((trip) => trip.state === "accepted" || BEGUN.includes(trip.state));
  // A trip that has begun comes before one that has not, even when that one is due earlier.
  const begun = open.filter((trip) => BEGUN.includes(trip.state));
  const now = begun[0] ?? open[0] ?? null;
  return { offers, now, later: open.filter((trip) => trip !== now), finished, gone };
}

/** Today when there are trips today, else the next day with open trips, else the last day with any. */
export function drivingDay(assignments: readonly Assignment[], today: string): string {
  const days = assignments.map((each) => dayOf(each.pickup_at)).sort();
  if (days.length === 0 || days.includes(today)) return today;
  const open = assignments.filter((each) => !OVER.includes(each.state)).map((each) => dayOf(each.pickup_at));
  return open.sort().find((day) => day > today) ?? open.at(-1) ?? days.at(-1)!;
}

export interface TripStopAt {
  kind: "pickup" | "visit" | "dropoff";
  name: string;
  at: string;
}

/** The stops of one trip with the times of the itinerary; without one, with what the order itself says. */
export function tripStops(assignment: Assignment, itineraries: readonly Itinerary[]): TripStopAt[] {
  const places = assignment.request?.stops ?? [];
  const planned = itineraries
    .flatMap((itinerary) => itinerary.stops)
    .filter((stop) => stop.request_id === assignment.request_id)
    .map((stop) => stop.begin_at)
    .sort((a, b) => Date.parse(a) - Date.parse(b));
  const known = planned.length === places.length;
  return places.map((place, index) => {
    const [first, last] = [index === 0, index === places.length - 1];
    const ordered = first ? assignment.pickup_at : last ? assignment.dropoff_at : place.earliest_at;
    return {
      kind: first ? "pickup" : last ? "dropoff" : "visit",
      name: place.name,
      at: known ? planned[index]! : ordered,
    };
  });
}

/**
 * The stops of the day in order, without those of trips that are no longer the driver's: an itinerary of which nothing is
 * left is not shown at all. Without an itinerary they are read from the assignments.
 */
export function daysStops(
  itineraries: readonly Itinerary[],
  assignments: readonly Assignment[],
  taps: readonly Tap[] = [],
): ItineraryStop[] {
  const mine = tripsOf(assignments, taps)
    .filter((trip) => !GONE.includes(trip.state))
    .map((trip) => trip.assignment);
  const requests = new Set(mine.map((each) => each.request_id));
  const begins = (a: ItineraryStop, b: ItineraryStop): number => Date.parse(a.begin_at) - Date.parse(b.begin_at);
  const planned = itineraries.flatMap((itinerary) => {
    const served = itinerary.stops.filter((stop) => stop.request_id !== null);
    const [first, last] = [served[0]?.request_id, served.at(-1)?.request_id];
    if (!served.some((stop) => requests.has(stop.request_id!))) return [];
    return itinerary.stops.filter((stop) => {
      // Where the first or the last trip is gone, the planned time of leaving or returning means nothing any more.
      if (stop.kind === "start") return requests.has(first!);
      if (stop.kind === "end") return requests.has(last!);
      return stop.request_id === null || requests.has(stop.request_id);
    });
  });
  if (planned.length > 0) return planned.sort(begins);
  const stops = mine.flatMap((each) =>
    tripStops(each, []).map(({ kind, name, at }, index): ItineraryStop => {
      const place = each.request!.stops[index]!;
      return {
        kind,
        name,
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
    }),
  );
  return stops.sort(begins);
}
