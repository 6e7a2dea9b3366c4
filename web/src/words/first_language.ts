/** Which language a reader sees: the one they chose before, else Chinese or English after their browser's. */

export type Language = "zh" | "en";

export function firstLanguage(chosen: string | null, browser: string): Language {
  if (chosen === "zh" || chosen === "en") return chosen;
  return /^zh\b/i.test(browser) ? "zh" : "en";
}
