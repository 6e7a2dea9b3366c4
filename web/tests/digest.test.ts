import { expect, test } from "vitest";

import { sha256 } from "../src/rentals/digest";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("SHA-256 gives the vectors of FIPS 180-4 and what the machine's own gives", async () => {
  expect(sha256(bytes(""))).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  expect(sha256(bytes("abc"))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  for (const length of [55, 56, 63, 64, 65, 1000, 70_001]) {
    const own = Uint8Array.from({ length }, (_, i) => (i * 131) & 255);
    const theirs = new Uint8Array(await crypto.subtle.digest("SHA-256", own));
    expect(sha256(own)).toBe(Array.from(theirs, (byte) => byte.toString(16).padStart(2, "0")).join(""));
  }
});
