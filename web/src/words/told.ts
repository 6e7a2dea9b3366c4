/** An error as a sentence for the person in front of the screen. */

import { Refused, Unreachable } from "../server/client";
import { i18n } from "./index";

export function told(error: unknown): string {
  if (error instanceof Refused) {
    const fields = error.errors.map((each) => [each.message, each.remedy].filter(Boolean).join("；"));
    return [error.message, ...fields.filter((text) => text !== error.message)].join("\n");
  }
  if (error instanceof Unreachable) return i18n.global.t("common.unreachable");
  return `${i18n.global.t("common.failed")}: ${error instanceof Error ? error.message : String(error)}`;
}
