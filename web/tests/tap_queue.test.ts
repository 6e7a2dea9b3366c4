import { describe, expect, it } from "vitest";

import { pathOf, possibleActions, possibleTroubles, stateWithTaps, TapQueue, type Sent, type Tap } from "../src/driver/tap_queue";
import { tapsOnPhone } from "../src/driver/taps_on_phone";
import { wayTo } from "../src/driver/way_to";
import type { PhoneStore, Shelf } from "../src/offline/phone_store";

function memory(): PhoneStore & { size(): number } {
  const held = new Map<string, unknown>();
  return {
    get: async <T>(shelf: Shelf, key: string) => (held.get(`${shelf}/${key}`) as T | undefined) ?? null,
    put: async (shelf, key, value) => void held.set(`${shelf}/${key}`, structuredClone(value)),
    remove: async (shelf, key) => void held.delete(`${shelf}/${key}`),
    size: () => held.size,
  };
}

async function opened(store: PhoneStore, send: (tap: Tap) => Promise<Sent>, person = "P1", former?: Storage): Promise<TapQueue> {
  const queue = new TapQueue(tapsOnPhone(person, store, former), send);
  await queue.open();
  return queue;
}

function tap(key: string, action: Tap["action"], assignmentId = "A1"): Tap {
  return { key, assignmentId, action, body: {}, at: "2026-03-02T08:00:00Z", refusal: null };
}

describe("the tap queue", () => {
  it("keeps an unheard tap over a reload and sends it with the same key", async () => {
    const storage = memory();
    const heard: string[] = [];
    let signal = false;
    const send = async (each: Tap): Promise<Sent> => {
      heard.push(each.key);
      return { outcome: signal ? "taken" : "unheard" };
    };
    const before = await opened(storage, send);
    await before.add(tap("k1", "accept"));
    await before.add(tap("k2", "start"));
    expect(await before.flush()).toBe(false);
    expect(heard).toEqual(["k1"]);

    signal = true;
    const after = await opened(storage, send);
    expect(after.waiting.map((each) => each.key)).toEqual(["k1", "k2"]);
    expect(await after.flush()).toBe(true);
    expect(heard).toEqual(["k1", "k1", "k2"]);
    expect(storage.size()).toBe(0);
  });

  it("never shows one person's taps to another", async () => {
    const storage = memory();
    const send = async (): Promise<Sent> => ({ outcome: "unheard" });
    await (await opened(storage, send)).add(tap("k1", "accept"));
    expect((await opened(storage, send, "P2")).taps).toEqual([]);
  });

  it("takes a second tap on the same step as the first", async () => {
    const queue = await opened(memory(), async () => ({ outcome: "unheard" }));
    void queue.add(tap("k1", "accept"));
    void queue.add(tap("k2", "accept"));
    void queue.add(tap("k3", "accept", "A2"));
    expect(queue.taps.map((each) => each.key)).toEqual(["k1", "k3"]);
  });

  it("sends each tap once when rounds overlap", async () => {
    const heard: string[] = [];
    const queue = await opened(memory(), async (each) => {
      await Promise.resolve();
      heard.push(each.key);
      return { outcome: "taken" };
    });
    void queue.add(tap("k1", "accept"));
    const rounds = [queue.flush(), queue.flush()];
    void queue.add(tap("k2", "start"));
    await Promise.all(rounds);
    expect(heard).toEqual(["k1", "k2"]);
  });

  it("keeps a refusal with its words until it was read, and goes on with the rest", async () => {
    const queue = await opened(memory(), async (each) =>
      each.key === "k1" ? { outcome: "refused", words: "已撤回" } : { outcome: "taken" },
    );
    void queue.add(tap("k1", "accept"));
    void queue.add(tap("k2", "accept", "A2"));
    expect(await queue.flush()).toBe(true);
    expect(queue.taps).toMatchObject([{ key: "k1", refusal: "已撤回" }]);
    void queue.dismiss("k1");
    expect(queue.taps).toEqual([]);
  });

  it("does not lose a waiting tap to a dismissal", async () => {
    const queue = await opened(memory(), async () => ({ outcome: "unheard" }));
    void queue.add(tap("k1", "accept"));
    void queue.dismiss("k1");
    expect(queue.taps).toHaveLength(1);
  });
});

describe("what earlier versions of the page kept", () => {
  it("is taken over once, ahead of what came since", async () => {
    const former = new Map([["chuanyu.taps.P1", JSON.stringify([tap("k1", "accept")])]]);
    const old = { getItem: (slot: string) => former.get(slot) ?? null, removeItem: (slot: string) => void former.delete(slot) };
    const store = memory();
    const send = async (): Promise<Sent> => ({ outcome: "unheard" });
    const queue = await opened(store, send, "P1", old as unknown as Storage);
    expect(queue.taps.map((each) => each.key)).toEqual(["k1"]);
    expect(former.size).toBe(0);
    expect((await opened(store, send)).taps).toHaveLength(1);
  });
});

describe("what goes wrong on the way", () => {
  it("can be told where it means something, and shows at once", () => {
    expect(possibleTroubles("offered")).toEqual([]);
    expect(possibleTroubles("started")).toEqual(["delay", "absent", "fault"]);
    expect(stateWithTaps("A1", "started", [tap("k1", "absent")])).toBe("absent");
    expect(stateWithTaps("A1", "on_board", [tap("k1", "delay")])).toBe("on_board");
    expect(pathOf({ ...tap("k", "fault"), vehicleId: "V 1" })).toBe("/v1/vehicles/V%201:report");
    expect(pathOf(tap("k", "delay"))).toBe("/v1/assignments/A1:delay");
  });

  it("opens the phone's own map", () => {
    expect(wayTo({ name: "遂宁 站", lon_wgs84: 105.5929, lat_wgs84: 30.5328 })).toBe(
      "geo:30.532800,105.592900?q=30.532800,105.592900(%E9%81%82%E5%AE%81%20%E7%AB%99)",
    );
  });
});

describe("the state that a driver sees", () => {
  it("is the service's with the waiting taps applied", () => {
    const taps = [tap("k1", "accept"), tap("k2", "start"), tap("k3", "accept", "A2")];
    expect(stateWithTaps("A1", "offered", taps)).toBe("started");
    expect(stateWithTaps("A3", "offered", taps)).toBe("offered");
  });

  it("ignores refused taps and those that the service already counted", () => {
    expect(stateWithTaps("A1", "offered", [{ ...tap("k1", "accept"), refusal: "no" }])).toBe("offered");
    expect(stateWithTaps("A1", "started", [tap("k1", "accept")])).toBe("started");
  });

  it("offers the steps that are possible", () => {
    expect(possibleActions("offered")).toEqual(["accept", "decline"]);
    expect(possibleActions("accepted")).toEqual(["decline", "start"]);
    expect(possibleActions("finished")).toEqual([]);
  });

  it("names the service's addresses", () => {
    expect(pathOf(tap("k", "pick_up", "A/1"))).toBe("/v1/assignments/A%2F1:pickUp");
  });
});
