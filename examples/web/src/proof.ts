// Asks who somebody is once more: for a second factor when they sign in, and before they change how they get in.

import { ask, Problem } from "./api.js";
import { Ceremony, Finished, usePasskey } from "./ceremony.js";
import { attempt, Cancelled, part } from "./page.js";

/** Where a proof goes. */
interface Route<T> {
  /** Begins with a passkey. */
  options(): Promise<Ceremony>;
  /** Shows what was typed, or a passkey. */
  show(factor: string, proof: string | Finished): Promise<T>;
}

/** Does what needs a recent proof, and asks for one where there is none. */
export async function proven<T = void>(method: string, path: string, body?: unknown): Promise<T> {
  try {
    return await ask<T>(method, path, body);
  } catch (fault) {
    if (!Problem.is(fault, "step_up_required")) throw fault;
    await askForProof(fault.document.factors ?? [], {
      options: () => ask("POST", "/auth/step-up/passkey/options"),
      show: (factor, proof) => ask("POST", "/auth/step-up", { [factor]: proof }),
    });
    return ask<T>(method, path, body);
  }
}

/** Signs in, and asks for a second factor where there is one. */
export async function signInBy<T>(path: string, body: unknown): Promise<T> {
  try {
    return await ask<T>("POST", path, body);
  } catch (fault) {
    if (!Problem.is(fault, "second_factor_required")) throw fault;
    const { challenge, factors = [] } = fault.document;
    // The way in of somebody who should have a factor by now, and has none.
    if (factors.includes("email_code")) await ask("POST", "/auth/challenge/email-code/send", { challenge });
    return askForProof<T>(factors, {
      options: () => ask("POST", "/auth/challenge/passkey/options", { challenge }),
      show: (factor, proof) => {
        const shown = typeof proof === "string" ? { code: proof } : proof;
        return ask("POST", `/auth/challenge/${factor.replace("_", "-")}`, { challenge, ...shown });
      },
    });
  }
}

/** Asks for one of these factors, until one is right or the dialog is closed. */
function askForProof<T>(factors: string[], route: Route<T>): Promise<T> {
  const dialog = part<HTMLDialogElement>("#proof");
  return new Promise((resolve, reject) => {
    for (const form of dialog.querySelectorAll<HTMLFormElement>("form[data-factor]")) {
      const factor = form.dataset["factor"] ?? "";
      form.hidden = !factors.includes(factor);
      form.onsubmit = (event) => {
        event.preventDefault();
        void attempt(form, async () => {
          const typed = new FormData(form).get("proof");
          const proof = typed === null ? await usePasskey(await route.options()) : String(typed);
          resolve(await route.show(factor, proof));
          dialog.close();
        });
      };
      form.reset();
    }
    dialog.onclose = () => reject(new Cancelled());
    dialog.showModal();
  });
}

part("#proof .quiet").addEventListener("click", () => part<HTMLDialogElement>("#proof").close());
