/** Itineraries as the bars of a Gantt chart: one row a vehicle, times in seconds after the day's midnight. */

import type { Itinerary } from "../server/contract";
import { secondsInto } from "../words/instants";

export type BarKind = "loaded" | "unloaded" | "service" | "charge" | "rest" | "wait";

export interface Bar {
  row: number;
  vehicleId: string;
  kind: BarKind;
  from_s: number;
  to_s: number;
  /** Name of the stop that the bar leads to or stands at. */
  place: string;
  load: number;
}

export interface GanttRows {
  vehicleIds: string[];
  bars: Bar[];
  from_s: number;
  to_s: number;
}

const AT_STOP: Record<string, BarKind> = { charge: "charge", rest: "rest" };

export function barsOf(itinerary: Itinerary, row: number): Bar[] {
  const bars: Bar[] = [];
  const at = (instant: string): number => secondsInto(itinerary.day, instant);
  const push = (kind: BarKind, from_s: number, to_s: number, place: string, load: number): void => {
    if (to_s > from_s) bars.push({ row, vehicleId: itinerary.vehicle_id, kind, from_s, to_s, place, load });
  };
  itinerary.stops.forEach((stop, index) => {
    const before = itinerary.stops[index - 1];
    if (before !== undefined && stop.leg_s > 0) {
      const load = before.load_count;
      const leaves = at(stop.arrive_at) - stop.leg_s;
      push("wait", at(before.depart_at), leaves, before.name, load);
      push(load > 0 ? "loaded" : "unloaded", leaves, at(stop.arrive_at), stop.name, load);
    }
    if (stop.kind === "start" || stop.kind === "end") return;
    push("wait", at(stop.arrive_at), at(stop.begin_at), stop.name, stop.load_count);
    push(AT_STOP[stop.kind] ?? "service", at(stop.begin_at), at(stop.depart_at), stop.name, stop.load_count);
  });
  return bars;
}

/** All rows, the earliest departure first; vehicles without a stop have no row. */
export function rowsOf(itineraries: Iterable<Itinerary>): GanttRows {
  const used = [...itineraries].filter((each) => each.stops.length > 1);
  const first = (each: Itinerary): string => each.stops[0]?.depart_at ?? "";
  used.sort((a, b) => Date.parse(first(a)) - Date.parse(first(b)) || a.vehicle_id.localeCompare(b.vehicle_id));
  const bars = used.flatMap((each, row) => barsOf(each, row));
  const from_s = Math.min(...bars.map((bar) => bar.from_s), 7 * 3600);
  const to_s = Math.max(...bars.map((bar) => bar.to_s), 19 * 3600);
  return { vehicleIds: used.map((each) => each.vehicle_id), bars, from_s, to_s };
}
