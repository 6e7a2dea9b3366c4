/**
 * A driver's taps, kept on the phone until the service has answered each of them.
 *
 * A tap gets its key and its instant once, when the finger leaves the button. It is sent in order, again and again with the
 * same key until an answer comes, so that the service applies it once however often the signal is lost.
 */

import type { AssignmentState } from "../server/contract";

export type DriverAction = "accept" | "decline" | "start" | "pick_up" | "drop_off" | "finish";

export interface Tap {
  key: string;
  assignmentId: string;
  action: DriverAction;
  body: Record<string, unknown>;
  /** When it happened, RFC 3339. */
  at: string;
  /** The service's refusal in words; a refused tap is kept until the driver has read it. */
  refusal: string | null;
}

export interface TapStorage {
  load(): Tap[];
  save(taps: readonly Tap[]): void;
}

/** What sending led to: the service took it, said no (with its words), or nothing was heard. */
export type Sent = { outcome: "taken" } | { outcome: "refused"; words: string } | { outcome: "unheard" };

/** The state an action leads to, and the states it is possible in: as the service has them. */
export const LEADS_TO: Record<DriverAction, { from: AssignmentState[]; to: AssignmentState }> = {
  accept: { from: ["offered"], to: "accepted" },
  decline: { from: ["offered", "accepted"], to: "declined" },
  start: { from: ["accepted"], to: "started" },
  pick_up: { from: ["started"], to: "on_board" },
  drop_off: { from: ["on_board"], to: "dropped_off" },
  finish: { from: ["dropped_off"], to: "finished" },
};

export function possibleActions(state: AssignmentState): DriverAction[] {
  return (Object.keys(LEADS_TO) as DriverAction[]).filter((action) => LEADS_TO[action].from.includes(state));
}

/** The state as the driver left it: the service's state with the waiting taps applied. */
export function stateWithTaps(id: string, state: AssignmentState, taps: readonly Tap[]): AssignmentState {
  let now = state;
  for (const tap of taps) {
    if (tap.assignmentId !== id || tap.refusal !== null) continue;
    const step = LEADS_TO[tap.action];
    if (step.from.includes(now)) now = step.to;
  }
  return now;
}

const PATH: Record<DriverAction, string> = {
  accept: "accept",
  decline: "decline",
  start: "start",
  pick_up: "pickUp",
  drop_off: "dropOff",
  finish: "finish",
};

export function pathOf(tap: Tap): string {
  return `/v1/assignments/${encodeURIComponent(tap.assignmentId)}:${PATH[tap.action]}`;
}

export class TapQueue {
  taps: Tap[];
  private flushing: Promise<boolean> | null = null;

  constructor(
    private readonly storage: TapStorage,
    private readonly send: (tap: Tap) => Promise<Sent>,
    private readonly changed: (taps: readonly Tap[]) => void = () => undefined,
  ) {
    this.taps = storage.load();
  }

  get waiting(): Tap[] {
    return this.taps.filter((tap) => tap.refusal === null);
  }

  /** Keep a tap. A second tap for the same step, while the first still waits, is the same tap. */
  add(tap: Tap): void {
    const twin = this.waiting.some((each) => each.assignmentId === tap.assignmentId && each.action === tap.action);
    if (!twin) this.keep([...this.taps, tap]);
  }

  dismiss(key: string): void {
    this.keep(this.taps.filter((tap) => tap.key !== key || tap.refusal === null));
  }

  /**
   * Send what waits, in order, and stop at the first tap that is not heard. Returns whether nothing waits any more.
   * Calls that overlap share one round.
   */
  flush(): Promise<boolean> {
    this.flushing ??= this.round().finally(() => {
      this.flushing = null;
    });
    return this.flushing;
  }

  private async round(): Promise<boolean> {
    for (;;) {
      const tap = this.waiting[0];
      if (tap === undefined) return true;
      const sent = await this.send(tap);
      if (sent.outcome === "unheard") return false;
      if (sent.outcome === "taken") this.keep(this.taps.filter((each) => each.key !== tap.key));
      else this.keep(this.taps.map((each) => (each.key === tap.key ? { ...each, refusal: sent.words } : each)));
    }
  }

  private keep(taps: Tap[]): void {
    this.taps = taps;
    this.storage.save(taps);
    this.changed(taps);
  }
}
