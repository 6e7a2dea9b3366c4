/** Where a person's taps wait: the browser's storage, one slot a person, so that nobody sends another's taps. */

import type { Tap, TapStorage } from "./tap_queue";

export function tapsOnPhone(personId: string, storage: Storage): TapStorage {
  const slot = `chuanyu.taps.${personId}`;
  return {
    load(): Tap[] {
      const text = storage.getItem(slot);
      return text === null ? [] : (JSON.parse(text) as Tap[]);
    },
    save(taps): void {
      if (taps.length === 0) storage.removeItem(slot);
      else storage.setItem(slot, JSON.stringify(taps));
    },
  };
}
