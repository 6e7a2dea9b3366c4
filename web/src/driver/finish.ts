/** What a driver types at the end of a trip: kilometres on the odometer and, for battery vehicles, percent of charge. */

export type FinishLack = "odometer" | "charge";

/** The body of the `finish` tap, in metres and as a fraction, or the field that is wrong. */
export function finishBody(odometer: string, charge: string): { body: Record<string, number> } | { lack: FinishLack } {
  const km = Number(odometer.trim().replaceAll(",", ""));
  if (odometer.trim() === "" || !Number.isFinite(km) || km < 0) return { lack: "odometer" };
  const odometer_m = Math.round(km * 1000);
  if (charge.trim() === "") return { body: { odometer_m } };
  const percent = Number(charge.trim().replace(/[%％]$/, ""));
  if (!Number.isFinite(percent) || percent < 0 || percent > 100) return { lack: "charge" };
  return { body: { odometer_m, charge_frac: percent / 100 } };
}
