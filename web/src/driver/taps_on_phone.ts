/** Where a person's taps wait: on the phone, one slot a person, so that nobody sends another's taps. */

import type { PhoneStore } from "../offline/phone_store";
import type { Tap, TapStorage } from "./tap_queue";

/** `former` is where earlier versions of the page kept them; what still waits there is taken over once. */
export function tapsOnPhone(personId: string, phone: PhoneStore, former?: Storage): TapStorage {
  const slot = `chuanyu.taps.${personId}`;
  return {
    async load(): Promise<Tap[]> {
      const kept = (await phone.get<Tap[]>("taps", personId)) ?? [];
      const text = former?.getItem(slot) ?? null;
      if (text === null) return kept;
      const all = [...(JSON.parse(text) as Tap[]), ...kept];
      await phone.put("taps", personId, all);
      former?.removeItem(slot);
      return all;
    },
    save: (taps) =>
      taps.length === 0 ? phone.remove("taps", personId) : phone.put("taps", personId, JSON.parse(JSON.stringify(taps))),
  };
}
