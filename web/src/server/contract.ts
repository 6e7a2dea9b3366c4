/** The shapes of the public interface, version 1. Units stand in the names; instants are RFC 3339 texts. */

export type Role = "requester" | "approver" | "dispatcher" | "driver" | "planner" | "auditor" | "admin";

export interface Person {
  id: string;
  login: string;
  name: string;
  roles: Role[];
  unit_id: string;
  unit_name?: string | null;
  region: string;
  region_name_zh?: string | null;
  region_name_en?: string | null;
  driver_id: string | null;
}

export interface Session {
  token: string;
  expires_at: string;
  person: Person;
}

export interface DemoAccount {
  login: string;
  name: string;
  roles: Role[];
  region_name_zh: string;
  region_name_en: string;
  password: string;
}

export interface PageOf<T> {
  items: T[];
  next_after: string | null;
}

export interface Place {
  name?: string;
  name_zh?: string;
  name_en?: string;
  lon_wgs84: number;
  lat_wgs84: number;
}

export interface Region {
  adcode: string;
  name_zh: string;
  name_en: string;
  province?: string;
  parent?: string | null;
}

export type TripKind = "transfer" | "charter" | "rental";
export type Priority = "emergency" | "confidential" | "event" | "ordinary";
export type VehicleKind = "sedan" | "suv" | "mpv" | "minibus" | "coach";
export type RequestState =
  | "submitted"
  | "approved"
  | "assigned"
  | "under_way"
  | "finished"
  | "rejected"
  | "cancelled";

export interface TripStop {
  name: string;
  lon_wgs84: number;
  lat_wgs84: number;
  earliest_at: string;
  latest_at: string;
  service_s?: number;
}

export interface UnservedReason {
  code: string;
  proven: boolean;
  message?: string;
  detail?: Record<string, unknown>;
}

export interface TripRequest {
  id: string;
  version: number;
  unit_id: string;
  unit_name?: string;
  region: string;
  requester_id: string;
  kind: TripKind;
  purpose: string;
  passengers: number;
  stops: TripStop[];
  submitted_at: string;
  priority: Priority;
  shareable: boolean;
  vehicle_kind: VehicleKind | null;
  state: RequestState;
  reason: string;
  assignment?: Assignment | null;
  unserved_reasons?: UnservedReason[];
}

/** What the service says at once to a new request. */
export interface Answer {
  outcome: "promise" | "refusal" | "advice";
  message?: string;
  pickup_from_at?: string;
  pickup_to_at?: string;
  pickup_at?: string;
  dropoff_at?: string;
  vehicle_kind?: VehicleKind;
  reasons?: UnservedReason[];
  [field: string]: unknown;
}

export type VehicleState = "available" | "out_of_service" | "sealed" | "disposed";
export type Energy = "petrol" | "diesel" | "phev" | "bev" | "fcev";

export interface Vehicle {
  id: string;
  version: number;
  plate: string;
  unit_id: string;
  region: string;
  home_site_id: string;
  kind: VehicleKind;
  energy: Energy;
  seats: number;
  duty: string;
  self_drive: boolean;
  battery: { capacity_wh: number; charge_wh: number; reserve_frac: number } | null;
  odometer_m: number;
  state: VehicleState;
}

export interface Unit {
  id: string;
  name: string;
  region: string;
}

export interface Site {
  id: string;
  name: string;
  region: string;
  lon_wgs84: number;
  lat_wgs84: number;
  charge_groups: { points: number; power_w: number; dc: boolean }[];
  rental_point: boolean;
}

export interface Driver {
  id: string;
  name: string;
  phone: string;
  region: string;
  on_duty: boolean;
}

export type Confidence = "sourced" | "inferred" | "unverified";
export type StopKind = "start" | "pickup" | "visit" | "dropoff" | "charge" | "rest" | "end";

export interface ItineraryStop {
  kind: StopKind;
  name: string;
  lon_wgs84: number;
  lat_wgs84: number;
  arrive_at: string;
  begin_at: string;
  depart_at: string;
  load_count: number;
  leg_s: number;
  leg_m: number;
  leg_wh: number;
  request_id: string | null;
  site_id: string | null;
  charge_wh: number | null;
  charged_wh: number;
  leg_toll_fen: number;
  leg_confidence: Confidence;
}

export interface Itinerary {
  id: string;
  version: number;
  plan_id: string;
  vehicle_id: string;
  driver_id: string | null;
  region: string;
  day: string;
  stops: ItineraryStop[];
  cost_fen: number;
}

export type AssignmentState =
  | "offered"
  | "accepted"
  | "started"
  | "on_board"
  | "dropped_off"
  | "finished"
  | "declined"
  | "withdrawn"
  | "unanswered"
  | "absent"
  | "broken_off";

export interface Assignment {
  id: string;
  version: number;
  request_id: string;
  vehicle_id: string;
  plate?: string;
  vehicle_unit_name?: string;
  driver_name?: string;
  driver_phone?: string;
  driver_id: string | null;
  state: AssignmentState;
  pickup_at: string;
  dropoff_at: string;
  why?: string;
  request?: {
    kind: TripKind;
    purpose: string;
    passengers: number;
    stops: TripStop[];
    requester_name?: string | null;
    phone?: string | null;
  };
}

export interface PlanFigures {
  served_count?: number;
  unserved_count?: number;
  vehicles_used_count?: number;
  drive_m?: number;
  cost_fen?: number;
  seconds?: number;
  bound_fen?: number | null;
  gap_frac?: number | null;
}

export interface Plan {
  id: string;
  day: string;
  region: string | null;
  created_at: string;
  figures: PlanFigures;
  unserved: { request_id: string; reasons: UnservedReason[] }[];
}

export interface Closure {
  id: string;
  version: number;
  region: string;
  reason: string;
  starts_at: string;
  ends_at: string | null;
  speed_frac: number;
  refs: string[];
  geometry: string;
}

export interface DeclaredClosure extends Closure {
  edge_count: number;
  touched: { vehicle_id: string; itinerary_id: string; stop: number; name: string; request_id: string | null }[];
  replans: { job_id: string | null; day: string; region: string }[];
}

export interface Job {
  id: string;
  kind: string;
  state: "queued" | "running" | "done" | "failed" | "cancelled";
  progress_frac: number;
  message: string | null;
  result: (PlanFigures & { plan_id: string }) | null;
}

export interface StoreEvent {
  sequence: number;
  type: string;
  at: string;
  actor: string;
  region: string;
  documents: { kind: string; id: string; version: number }[];
}

export interface FieldError {
  field?: string;
  row?: number;
  value?: unknown;
  message: string;
  remedy?: string;
}
