/**
 * Instants on the clock of Asia/Shanghai, wherever the browser is. The zone has had no summer time since 1991, so a wall
 * time there is an instant at +08:00.
 */

const ZONE = "Asia/Shanghai";

const wall = new Intl.DateTimeFormat("sv-SE", {
  timeZone: ZONE,
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

/** `2026-03-02 08:05:00` of an instant. */
export function wallOf(instant: string | Date): string {
  return wall.format(typeof instant === "string" ? new Date(instant) : instant).replace("T", " ");
}

/** The RFC 3339 text of a wall time `2026-03-02 08:05:00` (seconds may be missing). */
export function instantOf(wallTime: string): string {
  const [day, clock = "00:00:00"] = wallTime.trim().split(/[ T]/) as [string, string?];
  return `${day}T${clock.length === 5 ? `${clock}:00` : clock}+08:00`;
}

export function dayOf(instant: string | Date): string {
  return wallOf(instant).slice(0, 10);
}

/** `08:05`; with `day` given, an instant on another day is written `03-03 08:05`. */
export function clockText(instant: string | Date | null | undefined, day?: string): string {
  if (!instant) return "—";
  const text = wallOf(instant);
  return day !== undefined && text.slice(0, 10) !== day ? text.slice(5, 16) : text.slice(11, 16);
}

export function dayAndClockText(instant: string | Date | null | undefined): string {
  return instant ? wallOf(instant).slice(0, 16) : "—";
}

export function spanText(from: string, to: string, day?: string): string {
  const [a, b] = [clockText(from, day), clockText(to, day)];
  return a === b ? a : `${a}–${b}`;
}

/** `3月2日 星期一` or `Mon 2 Mar`; empty while no day is known. */
export function dayText(day: string, language: string): string {
  if (!day) return "";
  const noon = new Date(`${day}T12:00:00+08:00`);
  return new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", {
    timeZone: ZONE,
    month: language === "zh" ? "long" : "short",
    day: "numeric",
    weekday: language === "zh" ? "long" : "short",
  }).format(noon);
}

export function secondsInto(day: string, instant: string): number {
  return (new Date(instant).getTime() - new Date(`${day}T00:00:00+08:00`).getTime()) / 1000;
}
