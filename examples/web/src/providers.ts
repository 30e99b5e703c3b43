// Accounts at other services: the way there and back, to sign in with one or to link it.

import { hasPart, showAccount } from "./account.js";
import { ask } from "./api.js";
import { fill, onPress, part } from "./page.js";
import { proven } from "./proof.js";
import { enter } from "./sign-in.js";

interface Provider {
  name: string;
  title: string;
}

interface Identity {
  id: string;
  provider: string;
  email: string | null;
}

/** What waits in this tab's storage while the browser is at a provider. */
interface Journey {
  /** The secret without which the code that comes back is worth nothing (PKCE, RFC 7636). */
  code_verifier: string;
  links: boolean;
}

const AWAY = "journey";
const HERE = location.origin + location.pathname;

/** Offers the providers that there are. */
export async function offerProviders(): Promise<void> {
  const providers = await ask<Provider[]>("GET", "/auth/providers");
  part("#by-provider").replaceChildren(...buttons(providers, "Sign in with", signIn));
  part("#link").replaceChildren(...buttons(providers, "Link", link));
}

/** What there is to do for somebody who comes back from a provider, and `undefined` for everybody else. */
export function comeFromProvider(): (() => Promise<void>) | undefined {
  const journey = sessionStorage.getItem(AWAY);
  const [code, error] = ["code", "error"].map((name) => new URLSearchParams(location.search).get(name));
  sessionStorage.removeItem(AWAY);
  if (location.search) history.replaceState(null, "", HERE);
  if (!journey || !(code || error)) return undefined;
  const { code_verifier, links } = JSON.parse(journey) as Journey;
  return async () => {
    if (error) throw new Error(`The provider did not say who you are (${error}).`);
    if (!links) return enter("/auth/providers/exchange", { code, code_verifier });
    await ask("POST", "/users/me/identities", { code, code_verifier });
    await showAccount("The account was linked.");
  };
}

hasPart(async () => {
  const line = ({ provider, email }: Identity) => `${email ?? "An account"} at ${provider}`;
  fill("#identities", await ask<Identity[]>("GET", "/users/me/identities"), line, "Unlink", async ({ id }) => {
    await proven("DELETE", `/users/me/identities/${id}`);
    await showAccount("The account is not linked any more.");
  });
});

async function signIn(provider: string): Promise<void> {
  const begin = await setOut(false);
  location.assign(`/api/v1/auth/providers/${provider}/start?${new URLSearchParams(begin)}`);
}

async function link(provider: string): Promise<void> {
  const begin = await setOut(true);
  const { url } = await proven<{ url: string }>("POST", `/users/me/identities/${provider}/start`, begin);
  location.assign(url);
}

async function setOut(links: boolean): Promise<{ return_to: string; code_challenge: string }> {
  const code_verifier = base64url(crypto.getRandomValues(new Uint8Array(32)));
  const journey: Journey = { code_verifier, links };
  sessionStorage.setItem(AWAY, JSON.stringify(journey));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(code_verifier));
  return { return_to: HERE, code_challenge: base64url(new Uint8Array(digest)) };
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function buttons(providers: Provider[], verb: string, act: (provider: string) => Promise<void>): HTMLElement[] {
  return providers.map(({ name, title }) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.textContent = `${verb} ${title}`;
    onPress(button, () => act(name));
    return button;
  });
}
