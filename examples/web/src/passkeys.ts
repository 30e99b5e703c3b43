// Passkeys: to have them, and to sign in with one.

import { hasPart, showAccount } from "./account.js";
import { ask } from "./api.js";
import { Ceremony, makePasskey, usePasskey } from "./ceremony.js";
import { Codes, showCodes } from "./factors.js";
import { fill, onPress, onSubmit } from "./page.js";
import { proven } from "./proof.js";
import { enter } from "./sign-in.js";

interface Passkey {
  id: string;
  name: string;
}

const PASSKEYS = "/users/me/passkeys";

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
  await enter("/auth/passkeys", await usePasskey(await ask<Ceremony>("POST", "/auth/passkeys/options", {})));
});
