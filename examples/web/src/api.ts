// Requests to Hexauth, and the tokens that they carry.

const API = "/api/v1";

/** Where the refresh token is while the page is away: see `comeBack`. */
const AWAY = "refresh_token";

/** What a sign-in and a refresh return. */
export interface Pair {
  access_token: string;
  refresh_token: string;
}

/** What went wrong (RFC 9457). Some problems have members of their own. */
interface ProblemDocument {
  code: string;
  detail: string;
  errors?: { field: string; message: string; advice?: string[] }[];
  /** What the person may prove, of `second_factor_required` and `step_up_required`. */
  factors?: string[];
  /** By what the sign-in goes on, of `second_factor_required`. */
  challenge?: string;
}

/** A refusal, as Hexauth tells it. */
export class Problem extends Error {
  constructor(readonly document: ProblemDocument) {
    super(document.detail);
  }

  /** Whether something is a refusal of this kind. */
  static is(fault: unknown, code: string): fault is Problem {
    return fault instanceof Problem && fault.document.code === code;
  }
}

let accessToken: string | undefined;
let refreshToken: string | undefined;
let renewal: Promise<void> | undefined;

/** Continues the session of this pair. */
export function keep(pair: Pair): void {
  accessToken = pair.access_token;
  refreshToken = pair.refresh_token;
}

/**
 * The tokens are in memory only, where no other page, no extension's storage view and no later user of the browser finds
 * them. While the page is away, which is at a reload or at a provider, the refresh token waits in this tab's storage,
 * and is taken out of it at once on the way back: so a copy of the tab has none, and each refresh token has one user.
 * The access token is not kept at all.
 */
addEventListener("pagehide", () => {
  if (refreshToken) sessionStorage.setItem(AWAY, refreshToken);
  forget();
});

/** Takes up the session that was there when the page went away. Returns whether there is one. */
export function comeBack(): boolean {
  refreshToken = sessionStorage.getItem(AWAY) ?? undefined;
  sessionStorage.removeItem(AWAY);
  return refreshToken !== undefined;
}

/** Whether there is a session. */
export function isSignedIn(): boolean {
  return refreshToken !== undefined;
}

/** Ends the session. */
export async function signOut(): Promise<void> {
  const token = refreshToken;
  forget();
  await send("POST", "/auth/logout", { refresh_token: token });
}

/** Asks the API, with a fresh access token where somebody is signed in. */
export async function ask<T = void>(method: string, path: string, body?: unknown): Promise<T> {
  if (refreshToken && !accessToken) await renew();
  const token = accessToken;
  try {
    return await send<T>(method, path, body, token);
  } catch (fault) {
    if (!token || !Problem.is(fault, "invalid_token")) throw fault;
    // It has expired, or what it says is no longer true. Another request may have noticed, too.
    if (token === accessToken) await renew();
    return send<T>(method, path, body, accessToken);
  }
}

function forget(): void {
  accessToken = refreshToken = undefined;
}

/** Gets the next pair: once for all requests that wait for it, since a refresh token is good once. */
function renew(): Promise<void> {
  return (renewal ??= refresh().finally(() => (renewal = undefined)));
}

async function refresh(): Promise<void> {
  try {
    keep(await send<Pair>("POST", "/auth/refresh", { refresh_token: refreshToken }));
  } catch (fault) {
    if (Problem.is(fault, "invalid_refresh_token")) {
      forget();
      dispatchEvent(new Event("session-ended"));
    }
    throw fault;
  }
}

async function send<T>(method: string, path: string, body?: unknown, token?: string): Promise<T> {
  const headers = new Headers();
  if (token) headers.set("Authorization", `Bearer ${token}`);
  if (body !== undefined) headers.set("Content-Type", "application/json");
  const request = { method, headers, body: body === undefined ? null : JSON.stringify(body) };
  const unreachable = new Problem({ code: "unreachable", detail: "The service cannot be reached. Try again." });
  const response = await fetch(API + path, request).catch(() => Promise.reject(unreachable));
  const isJson = /^application\/(problem\+)?json/.test(response.headers.get("Content-Type") ?? "");
  const answer: unknown = isJson ? await response.json() : undefined;
  if (response.ok) return answer as T;
  throw answer ? new Problem(answer as ProblemDocument) : unreachable;
}
