/** The reader's language, here and in what the service says. */

import en_US from "element-plus/es/locale/lang/en";
import zh_CN from "element-plus/es/locale/lang/zh-cn";
import { computed, type ComputedRef } from "vue";
import { createI18n } from "vue-i18n";

import { caller } from "../server/client";
import { en } from "./en";
import { firstLanguage, type Language } from "./first_language";
import { zh, type Words } from "./zh";

const SLOT = "chuanyu.language";

export const i18n = createI18n<[Words], Language, false>({
  legacy: false,
  locale: "zh",
  fallbackLocale: "zh",
  messages: { zh, en },
});

export function setLanguage(language: Language): void {
  i18n.global.locale.value = language;
  caller.language = language;
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = i18n.global.t("brand");
  localStorage.setItem(SLOT, language);
}

export function resumeLanguage(): void {
  setLanguage(firstLanguage(localStorage.getItem(SLOT), navigator.language));
}

export const language: ComputedRef<Language> = computed(() => i18n.global.locale.value);
export const elementWords = computed(() => (language.value === "zh" ? zh_CN : en_US));
