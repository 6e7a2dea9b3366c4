import { describe, expect, it } from "vitest";

import { pathOf, possibleActions, stateWithTaps, TapQueue, type Sent, type Tap } from "../src/driver/tap_queue";
import { tapsOnPhone } from "../src/driver/taps_on_phone";

function memory(): Storage {
  const held = new Map<string, string>();
  return {
    get length() {
      return held.size;
    },
    clear: () => held.clear(),
    getItem: (slot) => held.get(slot) ?? null,
    key: (index) => [...held.keys()][index] ?? null,
    removeItem: (slot) => void held.delete(slot),
    setItem: (slot, text) => void held.set(slot, text),
  };
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
    const before = new TapQueue(tapsOnPhone("P1", storage), send);
    before.add(tap("k1", "accept"));
    before.add(tap("k2", "start"));
    expect(await before.flush()).toBe(false);
    expect(heard).toEqual(["k1"]);

    signal = true;
    const after = new TapQueue(tapsOnPhone("P1", storage), send);
    expect(after.waiting.map((each) => each.key)).toEqual(["k1", "k2"]);
    expect(await after.flush()).toBe(true);
    expect(heard).toEqual(["k1", "k1", "k2"]);
    expect(storage.length).toBe(0);
  });

  it("never shows one person's taps to another", () => {
    const storage = memory();
    const send = async (): Promise<Sent> => ({ outcome: "unheard" });
    new TapQueue(tapsOnPhone("P1", storage), send).add(tap("k1", "accept"));
    expect(new TapQueue(tapsOnPhone("P2", storage), send).taps).toEqual([]);
  });

  it("takes a second tap on the same step as the first", () => {
    const queue = new TapQueue(tapsOnPhone("P1", memory()), async () => ({ outcome: "unheard" }));
    queue.add(tap("k1", "accept"));
    queue.add(tap("k2", "accept"));
    queue.add(tap("k3", "accept", "A2"));
    expect(queue.taps.map((each) => each.key)).toEqual(["k1", "k3"]);
  });

  it("sends each tap once when rounds overlap", async () => {
    const heard: string[] = [];
    const queue = new TapQueue(tapsOnPhone("P1", memory()), async (each) => {
      await Promise.resolve();
      heard.push(each.key);
      return { outcome: "taken" };
    });
    queue.add(tap("k1", "accept"));
    const rounds = [queue.flush(), queue.flush()];
    queue.add(tap("k2", "start"));
    await Promise.all(rounds);
    expect(heard).toEqual(["k1", "k2"]);
  });

  it("keeps a refusal with its words until it was read, and goes on with the rest", async () => {
    const queue = new TapQueue(tapsOnPhone("P1", memory()), async (each) =>
      each.key === "k1" ? { outcome: "refused", words: "已撤回" } : { outcome: "taken" },
    );
    queue.add(tap("k1", "accept"));
    queue.add(tap("k2", "accept", "A2"));
    expect(await queue.flush()).toBe(true);
    expect(queue.taps).toMatchObject([{ key: "k1", refusal: "已撤回" }]);
    queue.dismiss("k1");
    expect(queue.taps).toEqual([]);
  });

  it("does not lose a waiting tap to a dismissal", () => {
    const queue = new TapQueue(tapsOnPhone("P1", memory()), async () => ({ outcome: "unheard" }));
    queue.add(tap("k1", "accept"));
    queue.dismiss("k1");
    expect(queue.taps).toHaveLength(1);
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
