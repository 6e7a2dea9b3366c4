import { describe, expect, it } from "vitest";

import { barsOf, rowsOf } from "../src/console/gantt";
import { prefectureNames, shortName, straightRoute } from "../src/console/map_style";
import { bodyOf, emptyForm, lacks } from "../src/console/new_request";
import type { Itinerary, ItineraryStop, Region } from "../src/server/contract";

function stop(kind: ItineraryStop["kind"], begin: string, more: Partial<ItineraryStop> = {}): ItineraryStop {
  const at = `2026-03-02T${begin}:00+08:00`;
  return {
    kind,
    name: kind,
    lon_wgs84: 104,
    lat_wgs84: 30,
    arrive_at: at,
    begin_at: at,
    depart_at: at,
    load_count: 0,
    leg_s: 0,
    leg_m: 0,
    leg_wh: 0,
    request_id: null,
    site_id: null,
    charge_wh: null,
    charged_wh: 0,
    leg_toll_fen: 0,
    leg_confidence: "sourced",
    ...more,
  };
}

const DAY: Itinerary = {
  id: "I1",
  version: 1,
  plan_id: "P1",
  vehicle_id: "V1",
  driver_id: "D1",
  region: "510100",
  day: "2026-03-02",
  cost_fen: 0,
  stops: [
    stop("start", "08:00"),
    stop("pickup", "08:30", { leg_s: 1200, load_count: 2, depart_at: "2026-03-02T08:35:00+08:00" }),
    stop("dropoff", "09:05", { leg_s: 1800 }),
    stop("charge", "09:30", { leg_s: 600, depart_at: "2026-03-02T10:00:00+08:00" }),
    stop("end", "10:10", { leg_s: 600 }),
  ],
};

describe("the Gantt chart", () => {
  it("tells driving with and without passengers, waiting, service and charging", () => {
    expect(barsOf(DAY, 0).map((bar) => [bar.kind, bar.from_s / 60, bar.to_s / 60])).toEqual([
      ["wait", 480, 490],
      ["unloaded", 490, 510],
      ["service", 510, 515],
      ["loaded", 515, 545],
      ["wait", 545, 560],
      ["unloaded", 560, 570],
      ["charge", 570, 600],
      ["unloaded", 600, 610],
    ]);
  });

  it("has one row a vehicle, earliest first, and none for an idle one", () => {
    const later = { ...DAY, id: "I2", vehicle_id: "V0", stops: [stop("start", "09:00"), stop("end", "09:30", { leg_s: 60 })] };
    const idle = { ...DAY, id: "I3", vehicle_id: "V9", stops: [stop("start", "07:00")] };
    expect(rowsOf([later, idle, DAY]).vehicleIds).toEqual(["V1", "V0"]);
  });

  it("spans working hours on an empty day", () => {
    expect(rowsOf([])).toEqual({ vehicleIds: [], bars: [], from_s: 7 * 3600, to_s: 19 * 3600 });
  });
});

describe("the map", () => {
  it("draws a leg for each drive with its confidence", () => {
    expect(straightRoute(DAY).features).toHaveLength(4);
    expect(straightRoute(DAY).features[0]?.properties).toEqual({ vehicle_id: "V1", confidence: "sourced" });
  });

  it("names each prefecture once, at its seat", () => {
    const seats = new Map([
      ["510105", [104.1, 30.7]],
      ["510104", [104, 30.6]],
      ["500103", [106.5, 29.5]],
      ["J0083", [105, 30]],
    ]);
    const region = (adcode: string, name_zh: string, name_en: string): [string, Region] => [adcode, { adcode, name_zh, name_en }];
    const regions = new Map([region("510100", "成都市", "Chengdu City"), region("500000", "重庆市", "Chongqing Municipality")]);
    const named = prefectureNames(seats, regions, "zh").features;
    expect(named.map((each) => [each.properties?.["label"], each.geometry])).toEqual([
      ["重庆", { type: "Point", coordinates: [106.5, 29.5] }],
      ["成都", { type: "Point", coordinates: [104, 30.6] }],
    ]);
  });

  it("shortens the names of regions in both languages", () => {
    const aba = { adcode: "513200", name_zh: "阿坝藏族羌族自治州", name_en: "Aba Tibetan and Qiang Autonomous Prefecture" };
    expect([shortName(aba, "zh"), shortName(aba, "en")]).toEqual(["阿坝", "Aba"]);
  });
});

describe("a new request", () => {
  const chengdu = { name_zh: "成都市", name_en: "Chengdu", lon_wgs84: 104.06, lat_wgs84: 30.66 };
  const suining = { name: "遂宁市", lon_wgs84: 105.59, lat_wgs84: 30.53 };

  it("says what is missing", () => {
    expect(lacks(emptyForm("2026-03-02"))).toEqual(["needPurpose", "needPlaces"]);
    const late = { ...emptyForm("2026-03-02"), purpose: "会议", from: chengdu, to: suining, latest: "2026-03-02 08:00:00" };
    expect(lacks(late)).toEqual(["needTimes"]);
  });

  it("makes the body of the contract", () => {
    const form = { ...emptyForm("2026-03-02"), purpose: " 会议 ", from: chengdu, to: suining, via: [null] };
    expect(lacks(form)).toEqual([]);
    expect(bodyOf(form)).toEqual({
      kind: "transfer",
      purpose: "会议",
      passengers: 1,
      stops: [
        {
          name: "成都市",
          lon_wgs84: 104.06,
          lat_wgs84: 30.66,
          earliest_at: "2026-03-02T09:00:00+08:00",
          latest_at: "2026-03-02T09:30:00+08:00",
        },
        {
          name: "遂宁市",
          lon_wgs84: 105.59,
          lat_wgs84: 30.53,
          earliest_at: "2026-03-02T09:00:00+08:00",
          latest_at: "2026-03-02T12:00:00+08:00",
        },
      ],
      priority: "ordinary",
      shareable: true,
    });
  });

  it("gives a charter its stops on the way and never shares it", () => {
    const form = { ...emptyForm("2026-03-02"), kind: "charter" as const, purpose: "调研", from: chengdu, to: chengdu, via: [suining] };
    const body = bodyOf(form);
    expect(body["stops"]).toHaveLength(3);
    expect(body["shareable"]).toBe(false);
  });
});
