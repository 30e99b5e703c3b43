#!/usr/bin/env node
// Signs in, introspects and revokes as programs do that use oauth4webapi and openid-client.

import assert from "node:assert/strict";
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";

const { HEXAUTH_URL, HEXAUTH_EMAIL: username, HEXAUTH_PASSWORD: password, HEXAUTH_CLIENT } = process.env;
const [clientId, clientSecret] = HEXAUTH_CLIENT.split(":");

// The server under test speaks plain HTTP.
const insecure = { [oauth.allowInsecureRequests]: true };
const STRANGER = { client_id: "a-client-that-nobody-registered" };

const issuerUrl = new URL(HEXAUTH_URL);
const discovered = await oauth.discoveryRequest(issuerUrl, { algorithm: "oauth2", ...insecure });
const server = await oauth.processDiscoveryResponse(issuerUrl, discovered);
assert.deepEqual(server.grant_types_supported, ["password", "refresh_token"]);
const userEndpoint = new URL(server.token_endpoint.replace(/\/oauth2\/token$/, "/api/v1/users/me"));

async function signIn(client, auth, password, more = {}) {
  const parameters = new URLSearchParams({ username, password, audience: "api", ...more });
  const answer = await oauth.genericTokenEndpointRequest(server, client, auth, "password", parameters, insecure);
  return oauth.processGenericTokenEndpointResponse(server, client, answer);
}

async function refresh(client, auth, token) {
  const answer = await oauth.refreshTokenGrantRequest(server, client, auth, token, insecure);
  return oauth.processRefreshTokenResponse(server, client, answer);
}

async function isAccepted(token) {
  const answer = await oauth.protectedResourceRequest(token, "GET", userEndpoint, undefined, undefined, insecure);
  return answer.status === 200;
}

/** The call must fail with this error of OAuth. */
async function refused(error, status, call) {
  await assert.rejects(call, (fault) => {
    assert(fault instanceof oauth.ResponseBodyError, `${error}: ${fault.stack}`);
    assert.equal(fault.error, error);
    assert.equal(fault.status, status);
    assert(fault.error_description.length > 0);
    return true;
  });
}

async function signInAndRefresh(client, auth) {
  const first = await signIn(client, auth, password);
  assert.equal(first.token_type, "bearer");
  assert(first.expires_in > 0);
  assert(await isAccepted(first.access_token));
  const second = await refresh(client, auth, first.refresh_token);
  assert.notEqual(second.refresh_token, first.refresh_token);
  assert(await isAccepted(second.access_token));
  return second;
}

/** openid-client, which finds everything by itself. */
async function withOpenidClient(clientId, secret) {
  const options = { algorithm: "oauth2", execute: [openid.allowInsecureRequests] };
  const auth = secret === undefined ? openid.None() : undefined;
  const config = await openid.discovery(issuerUrl, clientId, secret, auth, options);
  const first = await openid.genericGrantRequest(config, "password", { username, password, scope: "read" });
  assert(first.expiresIn() > 0);
  const second = await openid.refreshTokenGrant(config, first.refresh_token);
  assert.notEqual(second.refresh_token, first.refresh_token);
  if (secret !== undefined) {
    assert((await openid.tokenIntrospection(config, second.access_token)).active);
    await openid.tokenRevocation(config, second.refresh_token);
    assert.equal((await openid.tokenIntrospection(config, second.access_token)).active, false);
  }
  const wrong = openid.genericGrantRequest(config, "password", { username, password: "not the password" });
  await assert.rejects(wrong, (fault) => fault.error === "invalid_grant");
}

const none = oauth.None();
await signInAndRefresh(STRANGER, none);
assert.equal((await signIn(STRANGER, none, password, { scope: "read write" })).scope, "");
await refused("invalid_grant", 400, () => signIn(STRANGER, none, "not the password"));
await refused("invalid_grant", 400, () => refresh(STRANGER, none, "hxr_nonsense"));
await refused("invalid_request", 400, () => signIn(STRANGER, none, ""));
await withOpenidClient(STRANGER.client_id);

const client = { client_id: clientId };
for (const method of [oauth.ClientSecretBasic, oauth.ClientSecretPost]) {
  const auth = method(clientSecret);
  const tokens = await signInAndRefresh(client, auth);
  const introspect = async (token, auth) => {
    const answer = await oauth.introspectionRequest(server, client, auth, token, insecure);
    return oauth.processIntrospectionResponse(server, client, answer);
  };
  assert((await introspect(tokens.access_token, auth)).active);
  const revoked = await oauth.revocationRequest(server, client, auth, tokens.refresh_token, insecure);
  await oauth.processRevocationResponse(revoked);
  assert.equal((await introspect(tokens.access_token, auth)).active, false);
  await refused("invalid_grant", 400, () => refresh(client, auth, tokens.refresh_token));
  // A 401 is told by its challenge.
  const rejected = (fault) => fault instanceof oauth.WWWAuthenticateChallengeError && fault.status === 401;
  await assert.rejects(() => signIn(client, method("not the secret"), password), rejected);
  await assert.rejects(() => introspect(tokens.access_token, method("not the secret")), rejected);
}
await withOpenidClient(clientId, clientSecret);

console.log("oauth.mjs: all is well");
