/** The form of a new trip request, and the body that it makes. */

import type { Place, Priority, TripKind, VehicleKind } from "../server/contract";
import { instantOf } from "../words/instants";

export interface Form {
  kind: TripKind;
  purpose: string;
  passengers: number;
  from: Place | null;
  to: Place | null;
  via: (Place | null)[];
  /** Wall times in Asia/Shanghai, `2026-03-02 08:00:00`. */
  earliest: string;
  latest: string;
  arriveBy: string;
  priority: Priority;
  shareable: boolean;
  vehicleKind: VehicleKind | "";
  /** Empty: the requester's own unit. */
  unitId: string;
  /** Why a car all the same, against the advice to walk or ride (R073). */
  overrideReason: string;
  overrideText: string;
}

export const OVERRIDE_REASONS = ["goods", "documents", "emergency", "mobility", "no_service"];

export function emptyForm(day: string): Form {
  return {
    kind: "transfer",
    purpose: "",
    passengers: 1,
    from: null,
    to: null,
    via: [],
    earliest: `${day} 09:00:00`,
    latest: `${day} 09:30:00`,
    arriveBy: `${day} 12:00:00`,
    priority: "ordinary",
    shareable: true,
    vehicleKind: "",
    unitId: "",
    overrideReason: "",
    overrideText: "",
  };
}

export type Lack = "needPlaces" | "needPurpose" | "needTimes";

/** What is still missing, in the order of the form. */
export function lacks(form: Form): Lack[] {
  const found: Lack[] = [];
  if (!form.purpose.trim()) found.push("needPurpose");
  const via = form.kind === "charter" ? form.via : [];
  if (!form.from || !form.to || via.some((place) => place === null)) found.push("needPlaces");
  const times = form.earliest && form.latest && form.arriveBy;
  if (!times || form.latest < form.earliest || form.arriveBy < form.earliest) found.push("needTimes");
  return found;
}

export function placeName(place: Place, language: "zh" | "en" = "zh"): string {
  const own = language === "en" ? place.name_en : place.name_zh;
  return own ?? place.name ?? place.name_zh ?? "";
}

export function bodyOf(form: Form): Record<string, unknown> {
  const earliest_at = instantOf(form.earliest);
  const arrive_at = instantOf(form.arriveBy);
  const stop = (place: Place | null, from: string, to: string): Record<string, unknown> => ({
    name: place ? placeName(place) : "",
    lon_wgs84: place?.lon_wgs84,
    lat_wgs84: place?.lat_wgs84,
    earliest_at: from,
    latest_at: to,
  });
  const via = form.kind === "charter" ? form.via : [];
  return {
    kind: form.kind,
    purpose: form.purpose.trim(),
    passengers: form.passengers,
    stops: [
      stop(form.from, earliest_at, instantOf(form.latest)),
      ...via.map((place) => stop(place, earliest_at, arrive_at)),
      stop(form.to, earliest_at, arrive_at),
    ],
    priority: form.priority,
    shareable: form.kind === "transfer" && form.shareable,
    ...(form.overrideReason
      ? { waivers: [{ rule_id: "R073", reason: form.overrideReason, text: form.overrideText.trim() }] }
      : {}),
    ...(form.unitId ? { unit_id: form.unitId } : {}),
    ...(form.vehicleKind ? { vehicle_kind: form.vehicleKind } : {}),
  };
}
