/** What the rules page reads: findings, agreements, the settlement sheet, measures and an office's own rules. */

export type Verdict =
  | "pass"
  | "fail"
  | "warn"
  | "exempt"
  | "info"
  | "not_applicable"
  | "not_measured"
  | "not_set";

export const VERDICTS: Verdict[] = ["fail", "warn", "not_set", "not_measured", "pass", "exempt", "info", "not_applicable"];

export interface Finding {
  rule_id: string;
  type: "HARD" | "SOFT" | "IND";
  title_zh: string;
  title_en: string;
  region: string;
  region_name_zh: string;
  region_name_en: string;
  level: string;
  subject: string;
  verdict: Verdict;
  citation: { section: string; quotation: string; english: string };
  document: string;
  x: number | null;
  y: number | null;
  bound: string;
  period: string;
  carried_over: boolean;
  change: { count: number; message_zh: string; message_en: string } | null;
  note_zh: string;
  note_en: string;
}

export interface Compliance {
  day: string;
  counts: Record<Verdict, number>;
  items: Finding[];
}

export interface Agreement {
  id: string;
  version: number;
  kind: "pair" | "opt_in";
  tier: string;
  basis: string;
  regions: string[];
  coordinator_id: string;
  starts_on: string;
  review_on: string;
  document_no: string;
  settlement: string;
  tariff: { matter_fen: number; km_fen: number; minute_fen: number; share_per_mille: number } | null;
  confirmations: { region: string; person_id: string; at: string }[];
  state: "proposed" | "active" | "suspended" | "ended";
  reason: string;
}

export interface Settlement {
  from: string;
  to: string;
  lines: {
    request_id: string;
    agreement_id: string;
    vehicle_id: string;
    day: string;
    payer: string;
    receiver: string;
    amount_fen: number;
    tariff: string;
  }[];
  payable_fen: Record<string, number>;
  receivable_fen: Record<string, number>;
  balance_fen: number;
  unpriced: string[];
}

export interface Measure {
  id: string;
  version: number;
  kind: "energy_emergency" | "closed";
  region: string;
  site_id: string | null;
  level: number;
  reason: string;
  starts_at: string;
  ends_at: string | null;
}

export interface RuleOnPage {
  id: string;
  title_zh: string;
  title_en: string;
  values: {
    name: string;
    value: unknown;
    unit: string;
    regions: string[];
    from: string;
    to: string | null;
    signed_by: string | null;
    signed_on: string | null;
    signed_for: string | null;
  }[];
}

/** Fen as yuan with two decimals. */
export function yuan(fen: number): string {
  return (fen / 100).toLocaleString("zh-CN", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}
