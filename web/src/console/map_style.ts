/**
 * The map's style, made here: no tiles, no glyph server, no sprite. Without a `glyphs` address MapLibre draws names with
 * the fonts of the machine.
 */

import type { FeatureCollection, Position } from "geojson";
import type { FilterSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";

import type { Confidence, Itinerary, Region } from "../server/contract";

export const CONFIDENCES: Confidence[] = ["sourced", "inferred", "unverified"];

/** Dashes in line widths: solid, dashed, dotted. */
export const DASHES: Record<Confidence, number[] | undefined> = {
  sourced: undefined,
  inferred: [4, 2],
  unverified: [1, 2],
};

export const COLOURS = { road: "#7d8b99", expressway: "#4b5d70", route: "#1557b0", chosen: "#c2261c", site: "#14713a" };

const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };
const FONT = ["Noto Sans CJK SC", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", "sans-serif"];
const TEXT = {
  "text-field": ["get", "label"] as ["get", string],
  "text-font": FONT,
  "text-variable-anchor": ["top", "bottom", "left", "right"] as ("top" | "bottom" | "left" | "right")[],
  "text-radial-offset": 0.4,
  "text-padding": 3,
};
const HALO = { "text-halo-color": "#ffffff", "text-halo-width": 1.5 };

function lines(source: string, prefix: string, confidence: Confidence, paint: object, filter?: FilterSpecification): LayerSpecification {
  const dash = DASHES[confidence];
  const mine: FilterSpecification = ["==", ["coalesce", ["get", "confidence"], "unverified"], confidence];
  return {
    id: `${prefix}-${confidence}`,
    type: "line",
    source,
    filter: filter ? (["all", mine, filter] as FilterSpecification) : mine,
    layout: { "line-cap": dash ? "butt" : "round", "line-join": "round" },
    paint: { ...paint, ...(dash ? { "line-dasharray": dash } : {}) },
  } as LayerSpecification;
}

export function networkStyle(): StyleSpecification {
  const road = {
    "line-color": ["match", ["get", "road_class"], "expressway", COLOURS.expressway, COLOURS.road],
    "line-width": ["interpolate", ["linear"], ["zoom"], 5, ["match", ["get", "road_class"], "expressway", 1.3, 0.7], 10, ["match", ["get", "road_class"], "expressway", 3, 1.6]],
    "line-opacity": 0.8,
  };
  const all = { "line-color": COLOURS.route, "line-width": 1.6, "line-opacity": 0.35 };
  const chosen = { "line-color": COLOURS.chosen, "line-width": 4 };
  return {
    version: 8,
    sources: {
      network: { type: "geojson", data: EMPTY },
      routes: { type: "geojson", data: EMPTY },
      chosen: { type: "geojson", data: EMPTY },
      sites: { type: "geojson", data: EMPTY },
      prefectures: { type: "geojson", data: EMPTY },
    },
    layers: [
      { id: "ground", type: "background", paint: { "background-color": "#f4f7fa" } },
      ...[...CONFIDENCES].reverse().map((each) => lines("network", "road", each, road)),
      ...CONFIDENCES.map((each) => lines("routes", "route", each, all)),
      {
        id: "sites",
        type: "circle",
        source: "sites",
        paint: {
          "circle-radius": ["interpolate", ["linear"], ["zoom"], 5, 3, 10, 6],
          "circle-color": COLOURS.site,
          "circle-stroke-color": "#fff",
          "circle-stroke-width": 1,
        },
      },
      {
        id: "chosen-halo",
        type: "line",
        source: "chosen",
        layout: { "line-cap": "round", "line-join": "round" },
        paint: { "line-color": "#fff", "line-width": 8, "line-opacity": 0.9 },
      },
      ...CONFIDENCES.map((each) => lines("chosen", "chosen", each, chosen)),
      {
        id: "names",
        type: "symbol",
        source: "network",
        minzoom: 7.4,
        filter: ["all", ["==", ["geometry-type"], "Point"], ["has", "label"]],
        layout: { ...TEXT, "text-size": 11.5 },
        paint: { ...HALO, "text-color": "#33414e" },
      },
      {
        id: "prefectures",
        type: "symbol",
        source: "prefectures",
        maxzoom: 9,
        layout: { ...TEXT, "text-size": 13 },
        paint: { ...HALO, "text-color": "#12325c" },
      },
    ],
  };
}

/** A region's name without its class: 成都, 阿坝; Chengdu, Aba. */
export function shortName(region: Region, language: "zh" | "en"): string {
  if (language === "en") return region.name_en.replace(/ (City|Municipality|District|County|Tibetan|Yi|Qiang|Autonomous|Prefecture)\b.*$/, "");
  return region.name_zh.replace(/(藏族|羌族|彝族|土家族|苗族)*自治州$/, "").replace(/市$/, "");
}

/**
 * The names for the small scale: each prefecture's at its own seat, which is its county seat of the lowest code, and
 * Chongqing's at Yuzhong.
 */
export function prefectureNames(
  seats: ReadonlyMap<string, Position>,
  regions: ReadonlyMap<string, Region>,
  language: "zh" | "en",
): FeatureCollection {
  const codes = [...seats.keys()].filter((code) => /^51\d{4}$/.test(code)).sort();
  const first = new Map<string, string>([["500000", "500103"]]);
  for (const code of codes) {
    const prefecture = `${code.slice(0, 4)}00`;
    if (!first.has(prefecture)) first.set(prefecture, code);
  }
  const features: FeatureCollection["features"] = [];
  for (const [prefecture, seat] of first) {
    const [region, coordinates] = [regions.get(prefecture), seats.get(seat)];
    if (!region || !coordinates) continue;
    const label = shortName(region, language);
    features.push({ type: "Feature", properties: { label }, geometry: { type: "Point", coordinates } });
  }
  return { type: "FeatureCollection", features };
}

/** A vehicle's day as straight lines between its stops, for when the service gives no road geometry. */
export function straightRoute(itinerary: Itinerary): FeatureCollection {
  const features: FeatureCollection["features"] = [];
  itinerary.stops.forEach((stop, index) => {
    const before = itinerary.stops[index - 1];
    if (before === undefined || stop.leg_s === 0) return;
    features.push({
      type: "Feature",
      properties: { vehicle_id: itinerary.vehicle_id, confidence: stop.leg_confidence },
      geometry: {
        type: "LineString",
        coordinates: [
          [before.lon_wgs84, before.lat_wgs84],
          [stop.lon_wgs84, stop.lat_wgs84],
        ],
      },
    });
  });
  return { type: "FeatureCollection", features };
}
