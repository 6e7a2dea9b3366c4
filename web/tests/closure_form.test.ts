import { describe, expect, it } from "vitest";

import { bodyOf, circle, emptyForm, geometryOf, lacks, refsOf, touchedVehicles } from "../src/console/closure_form";

const place = { name_zh: "折多山", lon_wgs84: 101.8, lat_wgs84: 30.1 };
const instantOf = (text: string): string => `${text.replace(" ", "T")}+08:00`;

describe("the form of a closure", () => {
  it("reads road numbers however they are separated", () => {
    expect(refsOf(" g318、S217，g318 ; x1 ")).toEqual(["G318", "S217", "X1"]);
    expect(refsOf("  ")).toEqual([]);
  });

  it("says what is missing", () => {
    const form = emptyForm("2026-03-02");
    expect(lacks(form, null)).toEqual(["needRoads", "needReason"]);
    expect(lacks({ ...form, reason: "雪" }, place)).toEqual([]);
    expect(lacks({ ...form, reason: "雪", geometry: "{" }, null)).toEqual(["needGeometry"]);
    expect(lacks({ ...form, reason: "雪", refs: "G318", endsAt: form.startsAt }, null)).toEqual(["needPeriod"]);
    expect(lacks({ ...form, reason: "雪", refs: "G318", endsAt: null }, null)).toEqual([]);
  });

  it("makes a closed ring around a place", () => {
    const { coordinates } = circle(place, 5) as { coordinates: [number, number][][] };
    const ring = coordinates[0]!;
    expect(ring[0]).toEqual(ring[ring.length - 1]);
    expect(ring[0]![0]).toBeGreaterThan(place.lon_wgs84);
  });

  it("takes a geometry or a feature", () => {
    const point = { type: "Point", coordinates: [1, 2] };
    expect(geometryOf(JSON.stringify(point))).toEqual(point);
    expect(geometryOf(JSON.stringify({ type: "Feature", geometry: point, properties: {} }))).toEqual(point);
    expect(geometryOf("[1]")).toBeNull();
    expect(geometryOf("null")).toBeNull();
  });

  it("becomes the body of the call", () => {
    const form = { ...emptyForm("2026-03-02"), refs: "g318", reason: " 雪 ", slow: true, speedPercent: 40, endsAt: null };
    expect(bodyOf(form, null, instantOf)).toEqual({
      refs: ["G318"],
      speed_frac: 0.4,
      reason: "雪",
      starts_at: "2026-03-02T00:00:00+08:00",
    });
    expect(bodyOf({ ...form, slow: false }, place, instantOf)).toMatchObject({ speed_frac: 0, geometry: { type: "Polygon" } });
  });

  it("names each vehicle once", () => {
    const leg = { vehicle_id: "V2", itinerary_id: "I", stop: 1, name: "", request_id: null };
    const answer = { touched: [leg, { ...leg, vehicle_id: "V1" }, leg] } as Parameters<typeof touchedVehicles>[0];
    expect(touchedVehicles(answer)).toEqual(["V1", "V2"]);
  });
});
