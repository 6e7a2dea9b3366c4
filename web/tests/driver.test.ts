import { describe, expect, it } from "vitest";

import { finishBody } from "../src/driver/finish";
import { daysStops, daysWork, tripStops } from "../src/driver/trips";
import type { Assignment, AssignmentState, Itinerary, ItineraryStop } from "../src/server/contract";

function assignment(id: string, state: AssignmentState, pickup: string, dropoff: string): Assignment {
  const at = (clock: string): string => `2026-03-02T${clock}:00+08:00`;
  const place = { name: id, lon_wgs84: 104, lat_wgs84: 30, earliest_at: at(pickup), latest_at: at(dropoff) };
  return {
    id,
    version: 1,
    request_id: `R${id}`,
    vehicle_id: "V1",
    driver_id: "D1",
    state,
    pickup_at: at(pickup),
    dropoff_at: at(dropoff),
    request: { kind: "transfer", purpose: "会议", passengers: 2, stops: [place, { ...place, name: `${id} end` }] },
  };
}

describe("the driver's day", () => {
  it("puts a trip that has begun before one that is due earlier", () => {
    const work = daysWork(
      [assignment("A", "accepted", "08:00", "09:00"), assignment("B", "on_board", "07:30", "10:00"), assignment("C", "offered", "11:00", "12:00")],
      [],
    );
    expect(work.now?.assignment.id).toBe("B");
    expect(work.later.map((trip) => trip.assignment.id)).toEqual(["A"]);
    expect(work.offers.map((trip) => trip.assignment.id)).toEqual(["C"]);
  });

  it("moves a trip on as soon as it is tapped", () => {
    const tap = { key: "k", assignmentId: "C", action: "accept" as const, body: {}, at: "", refusal: null };
    const work = daysWork([assignment("C", "offered", "11:00", "12:00")], [tap]);
    expect(work.offers).toEqual([]);
    expect(work.now?.state).toBe("accepted");
  });

  it("lists the stops in order, without those of declined trips", () => {
    const stops = daysStops([], [assignment("B", "accepted", "10:00", "11:00"), assignment("A", "accepted", "08:00", "10:30"), assignment("X", "declined", "07:00", "07:30")]);
    expect(stops.map((stop) => `${stop.kind} ${stop.name}`)).toEqual(["pickup A", "pickup B", "dropoff A end", "dropoff B end"]);
  });
});

describe("trips that are no longer the driver's", () => {
  const at = (clock: string): string => `2026-03-02T${clock}:00+08:00`;
  const stop = (kind: ItineraryStop["kind"], begin: string, request_id: string | null): ItineraryStop => ({
    ...daysStops([], [assignment("Z", "accepted", begin, begin)])[0]!,
    kind,
    name: `${kind} ${request_id ?? ""}`.trim(),
    begin_at: at(begin),
    request_id,
  });
  const itinerary = (stops: ItineraryStop[]): Itinerary => ({
    id: "I",
    version: 1,
    plan_id: "P",
    vehicle_id: "V1",
    driver_id: "D1",
    region: "510900",
    day: "2026-03-02",
    stops,
    cost_fen: 0,
  });
  const day = itinerary([
    stop("start", "07:30", null),
    stop("pickup", "08:05", "RA"),
    stop("dropoff", "09:05", "RA"),
    stop("pickup", "10:05", "RX"),
    stop("dropoff", "11:05", "RX"),
    stop("end", "12:00", null),
  ]);
  const names = (stops: ItineraryStop[]): string[] => stops.map((each) => each.name);

  it("are not among the finished ones", () => {
    const work = daysWork([assignment("A", "finished", "08:00", "09:00"), assignment("X", "withdrawn", "10:00", "11:00"), assignment("Y", "declined", "10:00", "11:00")], []);
    expect(work.finished.map((trip) => trip.assignment.id)).toEqual(["A"]);
    expect(work.gone.map((trip) => trip.assignment.id)).toEqual(["X", "Y"]);
  });

  it("leave the stops of the day, at once when they are declined", () => {
    const [mine, other] = [assignment("A", "accepted", "08:00", "09:00"), assignment("X", "offered", "10:00", "11:00")];
    expect(daysStops([day], [mine, other])).toHaveLength(6);
    const tap = { key: "k", assignmentId: "X", action: "decline" as const, body: {}, at: "", refusal: null };
    const left = ["start", "pickup RA", "dropoff RA"];
    expect(names(daysStops([day], [mine, other], [tap]))).toEqual(left);
    expect(names(daysStops([day], [mine, { ...other, state: "withdrawn" }]))).toEqual(left);
    expect(daysStops([day], [{ ...mine, state: "declined" }])).toEqual([]);
  });

  it("show the planned times, also of the stops on the way", () => {
    const charter = assignment("A", "accepted", "08:00", "12:00");
    const [first, last] = charter.request!.stops;
    charter.request!.stops = [first!, { ...first!, name: "A via" }, last!];
    const planned = itinerary([stop("pickup", "08:05", "RA"), stop("visit", "09:40", "RA"), stop("dropoff", "11:50", "RA")]);
    expect(tripStops(charter, [planned]).map((each) => each.at)).toEqual([at("08:05"), at("09:40"), at("11:50")]);
    expect(tripStops(charter, []).map((each) => each.at)).toEqual([at("08:00"), at("08:00"), at("12:00")]);
  });
});

describe("the end of a trip", () => {
  it("turns kilometres and percent into the units of the service", () => {
    expect(finishBody("35,210.4", "")).toEqual({ body: { odometer_m: 35_210_400 } });
    expect(finishBody(" 35210 ", "62％")).toEqual({ body: { odometer_m: 35_210_000, charge_frac: 0.62 } });
  });

  it("names the field that is wrong", () => {
    expect(finishBody("", "")).toEqual({ lack: "odometer" });
    expect(finishBody("-3", "")).toEqual({ lack: "odometer" });
    expect(finishBody("12", "101")).toEqual({ lack: "charge" });
  });
});
