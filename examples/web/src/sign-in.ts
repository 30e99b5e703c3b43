// The ways in: registration, a forgotten password, and signing in.

import { showAccount } from "./account.js";
import { askForMailedCode } from "./address.js";
import { ask, keep, Pair } from "./api.js";
import { onPress, onSubmit, show } from "./page.js";
import { signInBy } from "./proof.js";

/** Whose address the mail for another password went to. */
let forgotten = "";

/** Signs in, and shows the account. */
export async function enter(path: string, body: unknown): Promise<void> {
  keep(await signInBy<Pair>(path, body));
  await showAccount();
}

onSubmit("#sign-in form", (field) =>
  enter("/auth/login", { username: field("username"), password: field("password") }),
);

onSubmit("#register form", async (field) => {
  await ask("POST", "/users", { email: field("email"), password: field("password") });
  askForMailedCode(field("email"), async () => show("sign-in", "Your address is proven. Sign in."));
});

onSubmit("#forgotten form", async (field) => {
  forgotten = field("email");
  await ask("POST", "/auth/password-reset", { email: forgotten });
  show("reset", `If ${forgotten} has an account here, we sent a mail with a code.`);
});

onSubmit("#reset form", async (field) => {
  const reset = { email: forgotten, code: field("code"), new_password: field("new_password") };
  await ask("POST", "/auth/password-reset/confirm", reset);
  show("sign-in", "Your password was changed. Sign in.");
});

for (const link of document.querySelectorAll<HTMLElement>("[data-shows]")) {
  onPress(link, async () => show(link.dataset["shows"] ?? ""));
}
