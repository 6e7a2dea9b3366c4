/** What a dispatcher fills in to close a road, and the body it becomes. */

import type { DeclaredClosure, Place } from "../server/contract";

export interface ClosureForm {
  refs: string;
  geometry: string;
  radiusKm: number;
  slow: boolean;
  speedPercent: number;
  startsAt: string;
  endsAt: string | null;
  reason: string;
}

export type Lack = "needRoads" | "needReason" | "needPeriod" | "needGeometry";

const METRES_PER_DEGREE = 111_195;
const CORNERS = 32;

export function emptyForm(day: string): ClosureForm {
  return {
    refs: "",
    geometry: "",
    radiusKm: 5,
    slow: false,
    speedPercent: 50,
    startsAt: `${day} 00:00:00`,
    endsAt: `${day} 23:59:00`,
    reason: "",
  };
}

/** Road numbers out of free text: separated by spaces, commas or enumeration commas. */
export function refsOf(text: string): string[] {
  return [...new Set(text.split(/[\s,，、;；]+/).map((each) => each.trim().toUpperCase()).filter(Boolean))];
}

/** A circle around a place as a GeoJSON polygon, counter-clockwise. */
export function circle(place: Place, radiusKm: number): object {
  const ring: [number, number][] = [];
  const up = (radiusKm * 1000) / METRES_PER_DEGREE;
  const across = up / Math.cos((place.lat_wgs84 * Math.PI) / 180);
  for (let corner = 0; corner <= CORNERS; corner += 1) {
    const angle = (2 * Math.PI * (corner % CORNERS)) / CORNERS;
    const lon = place.lon_wgs84 + across * Math.cos(angle);
    const lat = place.lat_wgs84 + up * Math.sin(angle);
    ring.push([Number(lon.toFixed(6)), Number(lat.toFixed(6))]);
  }
  return { type: "Polygon", coordinates: [ring] };
}

/** A pasted GeoJSON geometry, the geometry of a pasted feature, or null when it is neither. */
export function geometryOf(text: string): object | null {
  try {
    const read = JSON.parse(text) as { type?: unknown; geometry?: unknown };
    const found = read?.type === "Feature" ? read.geometry : read;
    return found !== null && typeof found === "object" && typeof (found as { type?: unknown }).type === "string" ? (found as object) : null;
  } catch {
    return null;
  }
}

export function lacks(form: ClosureForm, place: Place | null): Lack[] {
  const found: Lack[] = [];
  const pasted = form.geometry.trim();
  if (refsOf(form.refs).length === 0 && !pasted && !place) found.push("needRoads");
  if (pasted && geometryOf(pasted) === null) found.push("needGeometry");
  if (!form.reason.trim()) found.push("needReason");
  if (!form.startsAt || (form.endsAt && form.endsAt <= form.startsAt)) found.push("needPeriod");
  return found;
}

export function bodyOf(form: ClosureForm, place: Place | null, instantOf: (text: string) => string): object {
  const pasted = form.geometry.trim();
  const geometry = pasted ? geometryOf(pasted) : place ? circle(place, form.radiusKm) : null;
  return {
    refs: refsOf(form.refs),
    ...(geometry ? { geometry } : {}),
    speed_frac: form.slow ? form.speedPercent / 100 : 0,
    reason: form.reason.trim(),
    starts_at: instantOf(form.startsAt),
    ...(form.endsAt ? { ends_at: instantOf(form.endsAt) } : {}),
  };
}

export function touchedVehicles(answer: DeclaredClosure): string[] {
  return [...new Set(answer.touched.map((leg) => leg.vehicle_id))].sort();
}
