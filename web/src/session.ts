/** Who is signed in. Kept in the browser until the session ends, so that a driver need not sign in at every stop. */

import { reactive } from "vue";

import { call, caller, post } from "./server/client";
import type { Person, Role, Session } from "./server/contract";

const SLOT = "chuanyu.session";

export const session = reactive<{ person: Person | null; ended: boolean }>({ person: null, ended: false });

function hold(held: Session | null): void {
  caller.token = held?.token ?? "";
  session.person = held?.person ?? null;
  if (held) localStorage.setItem(SLOT, JSON.stringify(held));
  else localStorage.removeItem(SLOT);
}

/** Take up the session that an earlier page left, unless it has run out. */
export function resumeSession(now: Date): void {
  const text = localStorage.getItem(SLOT);
  if (text === null) return;
  try {
    const held = JSON.parse(text) as Session;
    hold(new Date(held.expires_at) > now ? held : null);
  } catch {
    hold(null);
  }
}

export async function signIn(login: string, password: string): Promise<Person> {
  const held = await post<Session>("/v1/sessions", { login, password });
  session.ended = false;
  hold(held);
  return held.person;
}

export async function signOut(): Promise<void> {
  try {
    await call("/v1/sessions/current", { method: "DELETE" });
  } finally {
    hold(null);
  }
}

/** The service no longer knows the session: back to the sign-in page, which says so. */
export function endSession(): void {
  session.ended = true;
  hold(null);
}

export function has(...roles: readonly Role[]): boolean {
  const mine = session.person?.roles ?? [];
  return roles.some((role) => mine.includes(role));
}

/** The roles that each thing on the page is for: as the service has them, which judges every call by itself. */
export const ROLES = {
  submit: ["requester", "approver", "dispatcher", "admin"],
  decide: ["approver"],
  cancel: ["dispatcher", "admin"],
  forOtherUnits: ["dispatcher", "admin"],
  plan: ["dispatcher", "planner", "admin"],
  vehicles: ["approver", "dispatcher", "planner", "auditor", "admin"],
  changeVehicles: ["dispatcher", "admin"],
  plans: ["dispatcher", "planner", "auditor", "admin"],
} satisfies Record<string, Role[]>;

export function may(what: keyof typeof ROLES): boolean {
  return has(...ROLES[what]);
}

/** A person whose only work here is at the wheel. */
export function drivesOnly(person: Person): boolean {
  return person.roles.length > 0 && person.roles.every((role) => role === "driver");
}
