#!/usr/bin/env python3
"""Signs in, introspects and revokes as a program does that uses Authlib."""

import os
import sys

# The server under test speaks plain HTTP.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

ISSUER = os.environ["HEXAUTH_URL"]
USERNAME = os.environ["HEXAUTH_EMAIL"]
PASSWORD = os.environ["HEXAUTH_PASSWORD"]
CLIENT_ID, CLIENT_SECRET = os.environ["HEXAUTH_CLIENT"].split(":")


def check(fact, what):
    if not fact:
        sys.exit(f"oauth.py: {what}")


def refused(error, call):
    """The call must fail with this error of OAuth."""
    try:
        call()
    except OAuthError as fault:
        check(fault.error == error, f"expected {error}, got {fault.error}: {fault.description}")
        check(fault.description, f"{error} has no description")
    else:
        sys.exit(f"oauth.py: expected {error}, but it went well")


def discover():
    url = get_well_known_url(ISSUER, external=True, suffix="oauth-authorization-server")
    answer = requests.get(url, timeout=30)
    answer.raise_for_status()
    metadata = AuthorizationServerMetadata(answer.json())
    check(metadata["issuer"] == ISSUER, f"the issuer is {metadata['issuer']}")
    # Not all: Authlib wants a response type of each server, but there is no authorization endpoint.
    for name in ["issuer", "token_endpoint", "jwks_uri", "grant_types_supported"]:
        getattr(metadata, f"validate_{name}")()
    check({"password", "refresh_token"} <= set(metadata.grant_types_supported), "a grant type is missing")
    return metadata


def user_endpoint(metadata):
    return metadata["token_endpoint"].removesuffix("/oauth2/token") + "/api/v1/users/me"


def sign_in_and_refresh(metadata, session):
    endpoint = metadata["token_endpoint"]
    # `audience` is one that nobody here knows.
    token = session.fetch_token(endpoint, username=USERNAME, password=PASSWORD, audience="api")
    check(token["token_type"].lower() == "bearer" and token["expires_in"] > 0, f"a strange token: {token.keys()}")
    check(session.get(user_endpoint(metadata)).status_code == 200, "the access token is not accepted")
    previous = token["refresh_token"]
    token = session.refresh_token(endpoint, refresh_token=previous)
    check(token["refresh_token"] != previous, "the refresh token was not exchanged")
    check(session.get(user_endpoint(metadata)).status_code == 200, "the next access token is not accepted")
    return token


def main():
    metadata = discover()
    endpoint = metadata["token_endpoint"]

    public = OAuth2Session("a-client-that-nobody-registered", token_endpoint_auth_method="none")
    sign_in_and_refresh(metadata, public)
    refused("invalid_grant", lambda: public.fetch_token(endpoint, username=USERNAME, password="not the password"))
    refused("invalid_grant", lambda: public.refresh_token(endpoint, refresh_token="hxr_nonsense"))
    refused("unsupported_grant_type", lambda: public.fetch_token(endpoint, grant_type="client_credentials"))
    refused("invalid_request", lambda: public.fetch_token(endpoint, grant_type="password", username=USERNAME))

    for method in ["client_secret_basic", "client_secret_post"]:
        client = OAuth2Session(CLIENT_ID, CLIENT_SECRET, token_endpoint_auth_method=method,
                               revocation_endpoint_auth_method=method)
        token = sign_in_and_refresh(metadata, client)
        told = client.introspect_token(metadata["introspection_endpoint"], token=token["access_token"]).json()
        check(told["active"] and told["iss"] == ISSUER, f"introspection told {told}")
        answer = client.revoke_token(metadata["revocation_endpoint"], token=token["refresh_token"])
        check(answer.status_code == 200, f"revocation was answered with {answer.status_code}")
        told = client.introspect_token(metadata["introspection_endpoint"], token=token["access_token"]).json()
        check(told == {"active": False}, f"after revocation, introspection told {told}")
        refused("invalid_grant", lambda: client.refresh_token(endpoint, refresh_token=token["refresh_token"]))
        wrong = OAuth2Session(CLIENT_ID, "not the secret", token_endpoint_auth_method=method)
        refused("invalid_client", lambda: wrong.fetch_token(endpoint, username=USERNAME, password=PASSWORD))


main()
print("oauth.py: all is well")
