// Where the page begins, also when somebody comes back to it.

import { showAccount } from "./account.js";
import { comeBack } from "./api.js";
import { attempt, part, show } from "./page.js";
import "./factors.js";
import "./passkeys.js";
import "./sign-in.js";

addEventListener("pageshow", () => {
  show("sign-in");
  if (comeBack()) void attempt(part("#sign-in"), () => showAccount());
});

addEventListener("session-ended", () => show("sign-in", "Your session has ended. Sign in again."));
