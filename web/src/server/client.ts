/** Calls of the service: one function, one way of failing. */

import type { FieldError, PageOf } from "./contract";

/** The service answered, and the answer is no. `message` is in the reader's language and may be shown. */
export class Refused extends Error {
  readonly status: number;
  readonly title: string;
  readonly errors: FieldError[];

  constructor(status: number, title: string, detail: string, errors: FieldError[]) {
    super(detail || title);
    this.status = status;
    this.title = title;
    this.errors = errors;
  }
}

/** No answer came: no signal, the service is down, or a gateway in between gave up. Trying again is sensible. */
export class Unreachable extends Error {}

export interface Call {
  method?: "GET" | "POST" | "PATCH" | "DELETE";
  query?: Record<string, string | number | boolean | null | undefined>;
  body?: unknown;
  /** Idempotency-Key; a POST without one gets a fresh key. */
  key?: string;
  ifMatch?: number;
  signal?: AbortSignal;
}

/** What every call carries; set by the session and the language switch. */
export const caller = {
  token: "",
  language: "zh",
  onSignedOut: (): void => undefined,
};

/** A random key (RFC 9562 version 4). `crypto.randomUUID` is missing on plain-http intranets, `getRandomValues` is not. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

export function headersOf(call: Call): Record<string, string> {
  const headers: Record<string, string> = { "Accept-Language": caller.language };
  if (caller.token) headers["Authorization"] = `Bearer ${caller.token}`;
  if (call.body !== undefined) headers["Content-Type"] = "application/json";
  if (call.method === "POST") headers["Idempotency-Key"] = call.key ?? newKey();
  if (call.ifMatch !== undefined) headers["If-Match"] = `"${call.ifMatch}"`;
  return headers;
}

export function urlOf(path: string, query: Call["query"] = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text ? `${path}?${text}` : path;
}

async function refusalOf(response: Response): Promise<Refused> {
  let problem: { title?: string; detail?: string; errors?: FieldError[] } = {};
  try {
    problem = (await response.json()) as typeof problem;
  } catch {
    // A refusal without a body still has its status.
  }
  const title = problem.title ?? `HTTP ${response.status}`;
  return new Refused(response.status, title, problem.detail ?? "", problem.errors ?? []);
}

/**
 * Call the service and return the JSON of its answer.
 *
 * @throws Refused when the service says no; a 401 also signs the reader out.
 * @throws Unreachable when no answer came, or a gateway answered 502, 503 or 504 in the service's place.
 */
export async function call<T>(path: string, options: Call = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(urlOf(path, options.query), {
      method: options.method ?? "GET",
      headers: headersOf(options),
      body: options.body === undefined ? null : JSON.stringify(options.body),
      signal: options.signal ?? null,
    });
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    throw new Unreachable(String(cause));
  }
  if ([502, 503, 504].includes(response.status)) throw new Unreachable(`HTTP ${response.status}`);
  if (!response.ok) {
    const refusal = await refusalOf(response);
    if (response.status === 401 && caller.token) caller.onSignedOut();
    throw refusal;
  }
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

export function get<T>(path: string, query?: Call["query"]): Promise<T> {
  return call<T>(path, { query });
}

export function post<T>(path: string, body?: unknown, more: Call = {}): Promise<T> {
  return call<T>(path, { ...more, method: "POST", body: body ?? {} });
}

/** Read every page of a list. A role that may not see the list gets an empty one. */
export async function list<T>(path: string, query: Call["query"] = {}): Promise<T[]> {
  const items: T[] = [];
  let after: string | null = null;
  do {
    let page: PageOf<T>;
    try {
      page = await get<PageOf<T>>(path, { ...query, limit: 500, after });
    } catch (error) {
      if (error instanceof Refused && error.status === 403) return items;
      throw error;
    }
    items.push(...page.items);
    after = page.next_after;
  } while (after !== null);
  return items;
}
