/** The service's event stream: read with the bearer token in a header, resumed after the last event that was seen. */

import { ref, type Ref } from "vue";

import { caller, headersOf } from "./client";
import type { StoreEvent } from "./contract";
import { EventLines } from "./event_lines";

export type LiveState = "connecting" | "live" | "lost";

export interface Live {
  state: Ref<LiveState>;
  stop(): void;
}

/** Silence after which the connection counts as dead; the service sends a comment more often than that. */
const SILENCE_MS = 60_000;
const RETRY_MS = [1_000, 2_000, 5_000, 10_000];

/** Follow the events until stopped. `onBack` runs when a lost connection is up again. */
export function follow(onEvent: (event: StoreEvent) => void, onBack: () => void): Live {
  const state = ref<LiveState>("connecting");
  let lastId = "";
  let failures = 0;
  let stopped = false;
  let abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;

  function watchSilence(): void {
    clearTimeout(timer);
    timer = setTimeout(() => abort.abort(), SILENCE_MS);
  }

  async function readOnce(): Promise<void> {
    abort = new AbortController();
    const headers = { ...headersOf({}), Accept: "text/event-stream" };
    const resume: Record<string, string> = lastId ? { "Last-Event-ID": lastId } : {};
    const response = await fetch("/v1/events", { headers: { ...headers, ...resume }, signal: abort.signal });
    if (response.status === 401) {
      stopped = true;
      caller.onSignedOut();
      return;
    }
    // The service no longer has that place (its data was set up anew): begin afresh; what is shown is read again on return.
    if (response.status === 400) lastId = "";
    if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
    const wasLost = state.value === "lost";
    state.value = "live";
    failures = 0;
    if (wasLost) onBack();
    const lines = new EventLines();
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    watchSilence();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      watchSilence();
      for (const event of lines.feed(decoder.decode(value, { stream: true }))) {
        if (event.id) lastId = event.id;
        const parsed = JSON.parse(event.data) as StoreEvent;
        if (Array.isArray(parsed.documents)) onEvent(parsed);
      }
    }
  }

  async function run(): Promise<void> {
    while (!stopped) {
      try {
        await readOnce();
      } catch {
        // Told by the state below; the next round tries again.
      }
      clearTimeout(timer);
      if (stopped) return;
      state.value = "lost";
      const wait = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]!;
      failures += 1;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  void run();
  return {
    state,
    stop() {
      stopped = true;
      clearTimeout(timer);
      abort.abort();
    },
  };
}
