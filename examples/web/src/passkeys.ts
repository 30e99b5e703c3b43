// Passkeys: to have them, and to sign in with one.

import { hasPart, showAccount } from "./account.js";
import { ask, isSignedIn } from "./api.js";
import { Ceremony, makePasskey, offerPasskey, usePasskey } from "./ceremony.js";
import { Codes, showCodes } from "./factors.js";
import { attempt, fill, onPress, onSubmit, part } from "./page.js";
import { proven } from "./proof.js";
import { enter } from "./sign-in.js";

interface Passkey {
  id: string;
  name: string;
}

const PASSKEYS = "/users/me/passkeys";
const SIGN_IN = "/auth/passkeys";

let nextOffer: ReturnType<typeof setTimeout> | undefined;

hasPart(async () => {
  const passkeys = await ask<Passkey[]>("GET", PASSKEYS);
  fill("#passkeys", passkeys, ({ name }) => name, "Remove", async ({ id, name }) => {
    await proven("DELETE", `${PASSKEYS}/${id}`);
    await showAccount(`${name} was removed.`);
  });
});

onSubmit("#add-passkey", async (field) => {
  const made = await makePasskey(await proven<Ceremony>("POST", `${PASSKEYS}/options`));
  const codes = await proven<Codes>("POST", PASSKEYS, { name: field("name"), ...made });
  await showCodes(codes, `${field("name")} was added.`);
});

onPress("#by-passkey", async () => {
  try {
    await enter(SIGN_IN, await usePasskey(await begin()));
  } finally {
    void offerPasskeys();
  }
});

/**
 * Offers passkeys where the name is typed (autofill), for as long as nobody is signed in. Hexauth forgets each offer after
 * five minutes, so another one follows before.
 */
export async function offerPasskeys(): Promise<void> {
  clearTimeout(nextOffer);
  if (isSignedIn()) return;
  nextOffer = setTimeout(() => void offerPasskeys(), 4 * 60 * 1000);
  // Where there are no passkeys, there is a password: what goes wrong here is nobody's fault.
  const taken = await begin().then(offerPasskey).catch(() => undefined);
  if (taken) await attempt(part("#sign-in"), () => enter(SIGN_IN, taken));
}

function begin(): Promise<Ceremony> {
  return ask("POST", `${SIGN_IN}/options`, {});
}
