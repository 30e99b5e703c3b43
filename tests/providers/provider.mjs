// An OpenID provider that takes any name and password: node provider.mjs PORT REDIRECT_URI. Its own pages ask for them.
import Provider from "oidc-provider";

const [port, redirectUri] = process.argv.slice(2);
const client = { client_id: "hexauth", client_secret: "a secret of two services", redirect_uris: [redirectUri] };
const claims = (sub) => ({ sub, email: `${sub}@example.com`, email_verified: true });
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [client],
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => claims(sub) }),
});
provider.listen(Number(port), "127.0.0.1");
