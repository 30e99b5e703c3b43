// The proof that an address is its owner's.

import { ask } from "./api.js";
import { onPress, onSubmit, say, show } from "./page.js";

/** Whose address the mail with a code went to. */
let mailed = "";
let goOn: () => Promise<void>;

/** Has the code asked for that was mailed to this address, and then goes on. */
export function askForMailedCode(email: string, then: () => Promise<void>): void {
  [mailed, goOn] = [email, then];
  show("verify", `We sent a mail to ${email}. It has a code.`);
}

onSubmit("#verify form", async (field) => {
  await ask("POST", "/auth/verify-email", { email: mailed, code: field("code") });
  await goOn();
});

onPress("#verify .again", async () => {
  await ask("POST", "/auth/verify-email/resend", { email: mailed });
  say("We sent another mail.");
});
