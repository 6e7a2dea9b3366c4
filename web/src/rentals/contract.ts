/** The shapes of the rental interface that the pages use. */

export type RentalState =
  | "held"
  | "booked"
  | "inspected"
  | "in_use"
  | "broken_down"
  | "returned"
  | "disputed"
  | "settled"
  | "expired"
  | "no_show"
  | "cancelled";

export interface BillLine {
  code: string;
  quantity: number;
  unit: string;
  amount_fen: number;
}

export interface Bill {
  tariff_id: string;
  lines: BillLine[];
  amount_fen: number;
}

export interface Rental {
  id: string;
  request_id: string;
  unit_id: string;
  region: string;
  provider_id: string;
  vehicle_id: string;
  plate: string;
  from_site_id: string;
  to_site_id: string;
  from_at: string;
  until_at: string;
  release_at: string | null;
  state: RentalState;
  lapsed: boolean;
  reason: string;
  quote: Bill;
  owed_fen: number;
  settlement: { bill: Bill; drive_m: number } | null;
  version: number;
}

export interface PointCar {
  vehicle_id: string;
  plate: string;
  free: boolean;
  charge_frac: number | null;
}

export interface Point {
  id: string;
  name: string;
  region: string;
  township: string;
  lon_wgs84: number;
  lat_wgs84: number;
  open: boolean;
  free_count: number;
  cars: PointCar[];
}

export interface Quote {
  plate: string;
  vehicle_id: string;
  from_at: string;
  until_at: string;
  expected_m: number;
  deposit_fen: number;
  quote: Bill;
  proof: { vehicles_count: number; steps: { means: string; cause: string; count: number }[] };
}

export interface Township {
  unit_id: string;
  name: string;
  requests_count: number;
  served_count: number;
  rented_count: number;
  unmet_count: number;
  waiting_count: number;
}

export interface Batch {
  id: string;
  provider_id: string;
  month: string;
  state: "open" | "reconciled" | "differences";
  lines: { rental_id: string; amount_fen: number }[];
  total_fen: number;
  differences: { kind: string; rental_id: string; ours_fen: number; theirs_fen: number }[];
}

export interface Alert {
  kind: string;
  subject: string;
  vehicle_id: string;
  rental_ids: string[];
  value: number;
  limit: number;
}

/** The reason codes of each province (R103), by the first two digits of the region. */
export const REASONS: Record<string, string[]> = {
  "50": ["urgent", "important", "special", "long_distance"],
  "51": ["grassroots_short", "own_fleet_short", "public_transport_unfit", "urgent"],
};

export function reasonsOf(region: string): string[] {
  return REASONS[region.slice(0, 2)] ?? REASONS["51"]!;
}
