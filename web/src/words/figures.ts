/** Quantities as people read them: kilometres, yuan, kilowatt-hours, percent. */

const NONE = "—";

function grouped(value: number, digits: number): string {
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function countText(value: number | null | undefined): string {
  return value === null || value === undefined ? NONE : grouped(value, 0);
}

export function kmText(metres: number | null | undefined): string {
  if (metres === null || metres === undefined) return NONE;
  const km = metres / 1000;
  return `${grouped(km, km < 10 ? 1 : 0)} km`;
}

export function yuanText(fen: number | null | undefined): string {
  if (fen === null || fen === undefined) return NONE;
  const yuan = fen / 100;
  return `¥${grouped(yuan, yuan < 100 ? 2 : 0)}`;
}

export function kwhText(wh: number | null | undefined): string {
  return wh === null || wh === undefined ? NONE : `${grouped(wh / 1000, 1)} kWh`;
}

export function percentText(frac: number | null | undefined, digits = 0): string {
  return frac === null || frac === undefined ? NONE : `${grouped(frac * 100, digits)}%`;
}

/** Hours and minutes of a duration, `1:05`; below an hour `0:05`. */
export function hoursText(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return NONE;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}`;
}
