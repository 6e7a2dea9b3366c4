import { describe, expect, it } from "vitest";

import { EventLines } from "../src/server/event_lines";

const STREAM = ': hello\r\nid: 7\r\nevent: request.approved\r\ndata: {"a":\r\ndata: 1}\r\n\r\nid: 8\ndata:x\n\n';

describe("the event stream", () => {
  it("is read alike however it is cut into pieces", () => {
    const want = [
      { id: "7", event: "request.approved", data: '{"a":\n1}' },
      { id: "8", event: "message", data: "x" },
    ];
    for (let size = 1; size <= STREAM.length; size += 1) {
      const lines = new EventLines();
      const got = [];
      for (let from = 0; from < STREAM.length; from += size) got.push(...lines.feed(STREAM.slice(from, from + size)));
      expect(got, `pieces of ${size}`).toEqual(want);
    }
  });

  it("says nothing for comments and for events without data", () => {
    expect(new EventLines().feed(": ping\n\nevent: a\n\n")).toEqual([]);
  });

  it("keeps the last id for events that bring none", () => {
    const lines = new EventLines();
    expect(lines.feed("id: 3\ndata: a\n\ndata: b\n\n").map((each) => each.id)).toEqual(["3", "3"]);
  });
});
