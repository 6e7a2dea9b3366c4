/** An error as a sentence for the person in front of the screen. */

import { Refused, Unreachable } from "../server/client";
import { i18n } from "./index";

export function told(error: unknown): string {
  if (error instanceof Refused) {
    const fields = error.errors.map((each) => [each.message, each.remedy].filter(Boolean).join(i18n.global.t("common.then")));
    // The findings say it all; the sentence above them only counts them.
    return fields.length > 0 ? fields.join("\n") : error.message;
  }
  if (error instanceof Unreachable) return i18n.global.t("common.unreachable");
  return `${i18n.global.t("common.failed")}: ${error instanceof Error ? error.message : String(error)}`;
}
