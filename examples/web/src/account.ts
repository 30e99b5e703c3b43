// The account of whoever is signed in.

import { askForMailedCode } from "./address.js";
import { ask, signOut } from "./api.js";
import { fill, onPress, part, show } from "./page.js";

interface User {
  email: string;
  email_verified: boolean;
}

interface Session {
  id: string;
  device: string | null;
  address: string | null;
  last_used_at: string;
  current: boolean;
}

let user: User;

/** What reads a part of the account and fills it in. */
const readers = [readUser, readSessions];

/** Adds a part to the account. */
export function hasPart(read: () => Promise<void>): void {
  readers.push(read);
}

/** Reads the account again, and shows it. */
export async function showAccount(status = ""): Promise<void> {
  await Promise.all(readers.map((read) => read()));
  show("account", status);
}

async function readUser(): Promise<void> {
  user = await ask<User>("GET", "/users/me");
  part("#email").textContent = user.email;
  part("#unproven").hidden = user.email_verified;
}

async function readSessions(): Promise<void> {
  const line = ({ device, address, last_used_at, current }: Session) =>
    `${device ?? "A device"} at ${address ?? "an unknown address"}, ` +
    (current ? "this one" : `last used ${new Date(last_used_at).toLocaleString()}`);
  fill("#sessions", await ask<Session[]>("GET", "/auth/sessions"), line, "End", async ({ id, current }) => {
    if (current) return leave();
    await ask("DELETE", `/auth/sessions/${id}`);
    await showAccount("The session has ended.");
  });
}

async function leave(): Promise<void> {
  await signOut();
  dispatchEvent(new Event("signed-out"));
}

onPress("#sign-out", leave);
onPress("#unproven button", async () => {
  await ask("POST", "/auth/verify-email/resend", { email: user.email });
  askForMailedCode(user.email, () => showAccount("Your address is proven."));
});
