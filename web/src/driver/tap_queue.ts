/**
 * A driver's taps, kept on the phone until the service has answered each of them.
 *
 * A tap gets its key and its instant once, when the finger leaves the button. It is sent in order, again and again with the
 * same key until an answer comes, so that the service applies it once however often the signal is lost.
 */

import type { AssignmentState } from "../server/contract";

/** The steps of a trip in order. */
export type DriverAction = "accept" | "decline" | "start" | "pick_up" | "drop_off" | "finish";

/** What goes wrong on the way. */
export type DriverTrouble = "delay" | "absent" | "fault";

export interface Tap {
  key: string;
  assignmentId: string;
  action: DriverAction | DriverTrouble;
  /** Of a trouble that is told of the vehicle, not of the order. */
  vehicleId?: string;
  body: Record<string, unknown>;
  /** When it happened, RFC 3339. */
  at: string;
  /** The service's refusal in words; a refused tap is kept until the driver has read it. */
  refusal: string | null;
}

export interface TapStorage {
  load(): Promise<Tap[]>;
  /** Fulfilled when the taps are safe on the phone. */
  save(taps: readonly Tap[]): Promise<void>;
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

/** The states in which each trouble can be told, and the state it leads to; none: it stays. */
export const TROUBLES: Record<DriverTrouble, { from: AssignmentState[]; to: AssignmentState | null }> = {
  delay: { from: ["accepted", "started", "on_board"], to: null },
  absent: { from: ["started"], to: "absent" },
  fault: { from: ["accepted", "started", "on_board"], to: "broken_off" },
};

export function possibleTroubles(state: AssignmentState): DriverTrouble[] {
  return (Object.keys(TROUBLES) as DriverTrouble[]).filter((trouble) => TROUBLES[trouble].from.includes(state));
}

export function possibleActions(state: AssignmentState): DriverAction[] {
  return (Object.keys(LEADS_TO) as DriverAction[]).filter((action) => LEADS_TO[action].from.includes(state));
}

/** The state as the driver left it: the service's state with the waiting taps applied. */
export function stateWithTaps(id: string, state: AssignmentState, taps: readonly Tap[]): AssignmentState {
  let now = state;
  for (const tap of taps) {
    if (tap.assignmentId !== id || tap.refusal !== null) continue;
    const step = tap.action in TROUBLES ? TROUBLES[tap.action as DriverTrouble] : LEADS_TO[tap.action as DriverAction];
    if (step.from.includes(now)) now = step.to ?? now;
  }
  return now;
}

const PATH: Record<DriverAction | Exclude<DriverTrouble, "fault">, string> = {
  delay: "delay",
  absent: "absent",
  accept: "accept",
  decline: "decline",
  start: "start",
  pick_up: "pickUp",
  drop_off: "dropOff",
  finish: "finish",
};

export function pathOf(tap: Tap): string {
  if (tap.action === "fault") return `/v1/vehicles/${encodeURIComponent(tap.vehicleId ?? "")}:report`;
  return `/v1/assignments/${encodeURIComponent(tap.assignmentId)}:${PATH[tap.action]}`;
}

export class TapQueue {
  taps: Tap[] = [];
  private writing: Promise<void> = Promise.resolve();
  private flushing: Promise<boolean> | null = null;

  constructor(
    private readonly storage: TapStorage,
    private readonly send: (tap: Tap) => Promise<Sent>,
    private readonly changed: (taps: readonly Tap[]) => void = () => undefined,
  ) {}

  /** Take up what an earlier page left; call it once before anything else. */
  async open(): Promise<void> {
    this.taps = [...(await this.storage.load()), ...this.taps];
    this.changed(this.taps);
  }

  get waiting(): Tap[] {
    return this.taps.filter((tap) => tap.refusal === null);
  }

  /** Keep a tap. A second tap for the same step, while the first still waits, is the same tap. */
  add(tap: Tap): Promise<void> {
    const twin = this.waiting.some((each) => each.assignmentId === tap.assignmentId && each.action === tap.action);
    return twin ? this.writing : this.keep([...this.taps, tap]);
  }

  dismiss(key: string): Promise<void> {
    return this.keep(this.taps.filter((tap) => tap.key !== key || tap.refusal === null));
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
      if (sent.outcome === "taken") await this.keep(this.taps.filter((each) => each.key !== tap.key));
      else await this.keep(this.taps.map((each) => (each.key === tap.key ? { ...each, refusal: sent.words } : each)));
    }
  }

  private keep(taps: Tap[]): Promise<void> {
    this.taps = taps;
    this.changed(taps);
    // One write after the other, so that an older state never overwrites a newer one.
    this.writing = this.writing.catch(() => undefined).then(() => this.storage.save(taps));
    return this.writing;
  }
}
