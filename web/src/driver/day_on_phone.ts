/** The day's orders as they were last read, for a page that opens without a signal. */

import type { PhoneStore } from "../offline/phone_store";
import type { Assignment, Itinerary } from "../server/contract";

export interface KeptDay {
  day: string;
  assignments: Assignment[];
  itineraries: Itinerary[];
  /** When it was read, RFC 3339. */
  readAt: string;
}

export function keptDay(phone: PhoneStore, personId: string): Promise<KeptDay | null> {
  return phone.get<KeptDay>("days", personId);
}

export function keepDay(phone: PhoneStore, personId: string, day: KeptDay): Promise<void> {
  return phone.put("days", personId, JSON.parse(JSON.stringify(day)));
}
