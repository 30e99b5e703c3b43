// What the browser does with passkeys (WebAuthn), between two requests to Hexauth.

/** What Hexauth begins with: `public_key` has the options of WebAuthn in their JSON form. */
export interface Ceremony {
  ceremony: string;
  public_key: object;
}

/** What goes back: the credential in its JSON form. */
export interface Finished {
  ceremony: string;
  credential: object;
}

// These are younger than the compiler's own list of what browsers have, and so is the mediation "conditional".
interface ReadsJson {
  parseCreationOptionsFromJSON(options: object): PublicKeyCredentialCreationOptions;
  parseRequestOptionsFromJSON(options: object): PublicKeyCredentialRequestOptions;
}
const options = PublicKeyCredential as unknown as ReadsJson;

/** Withdraws the offer of `offerPasskey`: a browser has one request at a time. */
let withdraw = (): void => undefined;

/** Makes a passkey. */
export async function makePasskey({ ceremony, public_key }: Ceremony): Promise<Finished> {
  withdraw();
  const publicKey = options.parseCreationOptionsFromJSON(public_key);
  return finish(ceremony, await navigator.credentials.create({ publicKey }).catch(unused));
}

/** Has somebody show a passkey. */
export async function usePasskey({ ceremony, public_key }: Ceremony): Promise<Finished> {
  withdraw();
  const publicKey = options.parseRequestOptionsFromJSON(public_key);
  return finish(ceremony, await navigator.credentials.get({ publicKey }).catch(unused));
}

/**
 * Has the browser offer passkeys beside the field that is for them (`autocomplete="… webauthn"`). Returns the one that
 * somebody takes, whenever that is, and nothing if the offer is withdrawn.
 */
export async function offerPasskey({ ceremony, public_key }: Ceremony): Promise<Finished | undefined> {
  withdraw();
  const offer = new AbortController();
  withdraw = () => offer.abort();
  const publicKey = options.parseRequestOptionsFromJSON(public_key);
  const mediation = "conditional" as CredentialMediationRequirement;
  const taken = navigator.credentials.get({ publicKey, mediation, signal: offer.signal });
  return taken.then((credential) => finish(ceremony, credential)).catch(() => undefined);
}

function finish(ceremony: string, credential: Credential | null): Finished {
  if (!credential) return unused();
  return { ceremony, credential: (credential as Credential & { toJSON(): object }).toJSON() };
}

/** Whether somebody cancelled, waited too long or has none: browsers do not tell. */
function unused(): never {
  throw new Error("No passkey was used.");
}
