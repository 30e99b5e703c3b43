// Where the page begins, also when somebody comes back to it.

import { showAccount } from "./account.js";
import { comeBack } from "./api.js";
import "./factors.js";
import { attempt, part, show } from "./page.js";
import { offerPasskeys } from "./passkeys.js";
import { comeFromProvider, offerProviders } from "./providers.js";
import "./sign-in.js";

addEventListener("pageshow", async () => {
  show("sign-in");
  const arrive = comeFromProvider();
  const signIn = part("#sign-in");
  await attempt(signIn, async () => (comeBack() ? showAccount() : undefined));
  await attempt(signIn, offerProviders);
  if (arrive) await attempt(part("main > section:not([hidden])"), arrive);
  void offerPasskeys();
});

addEventListener("session-ended", () => askToSignIn("Your session has ended. Sign in again."));
addEventListener("signed-out", () => askToSignIn("You are signed out."));

function askToSignIn(status: string): void {
  show("sign-in", status);
  void offerPasskeys();
}
