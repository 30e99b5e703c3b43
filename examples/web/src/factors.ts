// Second factors: authenticator apps and recovery codes.

import { hasPart, showAccount } from "./account.js";
import { ask } from "./api.js";
import { fill, onPress, onSubmit, part, show } from "./page.js";
import { proven } from "./proof.js";

interface App {
  id: string;
  name: string;
}

interface Factors {
  totp: App[];
  recovery_codes_left: number;
}

interface Enrolment extends App {
  secret: string;
  qr_svg: string;
}

/** What a change may bring: the first factor brings recovery codes. */
export interface Codes {
  recovery_codes?: string[];
}

const APPS = "/users/me/factors/totp";

/** The app that waits for its first code. */
let enrolment: Enrolment;

hasPart(async () => {
  const { totp, recovery_codes_left } = await ask<Factors>("GET", "/users/me/factors");
  fill("#apps", totp, ({ name }) => name, "Remove", async ({ id, name }) => {
    await proven("DELETE", `${APPS}/${id}`);
    await showAccount(`${name} was removed.`);
  });
  part("#codes-left").textContent = `${recovery_codes_left} are left.`;
});

/** Shows recovery codes, which is done once, and then the account. */
export async function showCodes({ recovery_codes }: Codes, status: string): Promise<void> {
  if (!recovery_codes?.length) return showAccount(status);
  const lines = recovery_codes.map((code) => {
    const line = document.createElement("li");
    line.textContent = code;
    return line;
  });
  part("#new-codes").replaceChildren(...lines);
  show("codes", status);
}

onSubmit("#add-app", async (field) => {
  enrolment = await proven<Enrolment>("POST", APPS, { name: field("name") });
  // As a picture, in which no script runs.
  part<HTMLImageElement>("#qr-code").src = `data:image/svg+xml,${encodeURIComponent(enrolment.qr_svg)}`;
  part("#secret").textContent = enrolment.secret;
  show("enrol");
});

onSubmit("#enrol form", async (field) => {
  const codes = await proven<Codes>("POST", `${APPS}/${enrolment.id}/confirm`, { code: field("code") });
  await showCodes(codes, `${enrolment.name} was added.`);
});

onPress("#renew-codes", async () => {
  await showCodes(await proven<Codes>("POST", "/users/me/factors/recovery-codes"), "");
});

onPress("#codes button", () => {
  part("#new-codes").replaceChildren();
  return showAccount();
});
