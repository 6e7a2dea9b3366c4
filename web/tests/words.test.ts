import { describe, expect, it } from "vitest";

import { en } from "../src/words/en";
import { firstLanguage } from "../src/words/first_language";
import { hoursText, kmText, kwhText, percentText, yuanText } from "../src/words/figures";
import { clockText, dayOf, dayText, instantOf, secondsInto, spanText, wallOf } from "../src/words/instants";
import { zh } from "../src/words/zh";

describe("instants on the clock of Asia/Shanghai", () => {
  it("reads and writes wall times whatever the browser's zone", () => {
    expect(wallOf("2026-03-02T00:05:00Z")).toBe("2026-03-02 08:05:00");
    expect(instantOf("2026-03-02 08:05")).toBe("2026-03-02T08:05:00+08:00");
    expect(instantOf("2026-03-02 08:05:30")).toBe("2026-03-02T08:05:30+08:00");
    expect(dayOf("2026-03-01T16:30:00Z")).toBe("2026-03-02");
  });

  it("names the day of an instant that is not on the page's day", () => {
    expect(clockText("2026-03-02T09:00:00+08:00", "2026-03-02")).toBe("09:00");
    expect(clockText("2026-03-03T00:30:00+08:00", "2026-03-02")).toBe("03-03 00:30");
    expect(clockText(null)).toBe("—");
  });

  it("writes a window, or one time when it is one", () => {
    const [from, to] = ["2026-03-02T09:00:00+08:00", "2026-03-02T09:15:00+08:00"];
    expect(spanText(from, to)).toBe("09:00–09:15");
    expect(spanText(from, from)).toBe("09:00");
  });

  it("writes days in both languages", () => {
    expect(dayText("2026-03-02", "zh")).toContain("3月2日");
    expect(dayText("2026-03-02", "zh")).toContain("星期一");
    expect(dayText("2026-03-02", "en")).toContain("Mon");
    expect(dayText("", "zh")).toBe("");
  });

  it("counts seconds from the day's midnight", () => {
    expect(secondsInto("2026-03-02", "2026-03-02T01:00:00+08:00")).toBe(3600);
    expect(secondsInto("2026-03-02", "2026-03-03T00:00:00+08:00")).toBe(86_400);
  });
});

describe("quantities", () => {
  it("rounds as people read them", () => {
    expect(kmText(1234)).toBe("1.2 km");
    expect(kmText(123_456_789)).toBe("123,457 km");
    expect(yuanText(1234)).toBe("¥12.34");
    expect(yuanText(123_456)).toBe("¥1,235");
    expect(kwhText(12_345)).toBe("12.3 kWh");
    expect(percentText(0.305)).toBe("31%");
    expect(percentText(0.0123, 1)).toBe("1.2%");
    expect(hoursText(3900)).toBe("1:05");
    expect(hoursText(3599)).toBe("1:00");
  });

  it("shows a missing figure as missing, not as zero", () => {
    for (const text of [kmText, yuanText, kwhText, percentText, hoursText]) expect(text(null)).toBe("—");
    expect(kmText(0)).toBe("0.0 km");
  });
});

describe("the first language", () => {
  it("is the one chosen before, else the browser's", () => {
    expect(firstLanguage(null, "zh-CN")).toBe("zh");
    expect(firstLanguage(null, "zh")).toBe("zh");
    expect(firstLanguage(null, "ZH-Hant-TW")).toBe("zh");
    expect(firstLanguage(null, "en-US")).toBe("en");
    expect(firstLanguage(null, "fr")).toBe("en");
    expect(firstLanguage("zh", "en-US")).toBe("zh");
    expect(firstLanguage("en", "zh-CN")).toBe("en");
  });
});

describe("the two languages", () => {
  const leaves = (words: object, path = ""): [string, string][] =>
    Object.entries(words).flatMap(([key, value]) =>
      typeof value === "string" ? [[`${path}${key}`, value] as [string, string]] : leaves(value as object, `${path}${key}.`),
    );

  it("say the same things with the same blanks", () => {
    const blanks = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!).sort();
    const english = new Map(leaves(en));
    for (const [key, text] of leaves(zh)) {
      expect(english.has(key), key).toBe(true);
      // English has a form for one and a form for more.
      for (const form of english.get(key)!.split(" | ")) expect(blanks(form), key).toEqual(blanks(text));
    }
    expect(english.size).toBe(leaves(zh).length);
  });

  it("are not mixed up", () => {
    const han = /\p{Script=Han}/u;
    expect(leaves(en).filter(([key, text]) => han.test(text) && key !== "language.other")).toEqual([]);
    expect(leaves(zh).filter(([key, text]) => !han.test(text) && !["language.other", "common.then"].includes(key))).toEqual([]);
  });
});
