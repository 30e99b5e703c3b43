"""What schemathesis needs to know of Hexauth: who asks, and which valid requests are refused by a rule that no schema
can say. scripts/clients runs it for each of anonymous, user and admin, which HEXAUTH_AS names."""

import base64
import itertools
import os
import subprocess
from urllib.parse import parse_qsl, urlsplit

import requests
import schemathesis
from schemathesis.checks import CheckContext
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.specs.openapi import checks

URL = os.environ["HEXAUTH_URL"]
AS = os.environ["HEXAUTH_AS"]
CLIENT = base64.b64encode(os.environ["HEXAUTH_CLIENT"].encode()).decode()
PASSWORD = "correct horse battery staple"

# The faults (field, code) of requests that the document allows, and why it cannot forbid them. There are no others. A
# fault of the whole request has no field.
BEYOND_SCHEMAS = {
    ("birthday", "out_of_range"): "what is in the future changes from day to day",
    ("cursor", "invalid_cursor"): "a cursor is good for the list, order and filters that it was made for",
    ("cursor", "conflicting"): "OpenAPI 3.1 has no parameters that exclude each other: their descriptions say so",
    ("limit", "conflicting"): "likewise",
    ("skip", "conflicting"): "likewise",
    ("email", "invalid_email"): "of the domain: IDNA and a top-level domain; of the local part: no quotes",
    ("current_password", "required"): "needed of whoever has a password, and for the admin's own account",
    ("email_verified", "read_only"): "of the admin's own account, likewise",
    ("current_password", "too_long"): "most is counted in bytes, whose number depends on the characters",
    ("password", "too_long"): "likewise",
    ("username", "too_long"): "likewise, of the name to sign in with",
    ("challenge", "too_long"): "likewise",
    ("code", "too_long"): "likewise",
    ("totp", "too_long"): "likewise",
    ("recovery_code", "too_long"): "likewise",
    ("link", "too_long"): "likewise",
    ("return_to", "invalid_return_to"): "likewise",
    ("new_password", "unchanged"): "depends on what is stored",
    ("password", "too_guessable"): "how hard a password is to guess is measured; the document says so in words",
    ("new_password", "too_guessable"): "likewise",
    ("password", "contains_your_name"): "depends on the other fields, and on what is stored",
    ("new_password", "contains_your_name"): "likewise",
    ("password", "too_short"): "counted after Unicode normalisation, which joins characters",
    ("new_password", "too_short"): "likewise",
    ("full_name", "too_short"): "which characters can be seen is a table of Unicode",
    ("title", "too_short"): "likewise",
    ("name", "too_short"): "likewise",
    (None, "invalid_credentials"): "depends on what is stored; OAuth says it with 400 (RFC 6749, section 5.2)",
    (None, "invalid_refresh_token"): "likewise",
    (None, "too_many_attempts"): "depends on what was tried before",
    (None, "invalid_one_time_token"): "likewise",
    (None, "invalid_ceremony"): "depends on which challenge was handed out before",
    (None, "invalid_provider_response"): "depends on whether this browser was sent to the provider before; and "
                                         "on how long all that a form brings is together",
    (None, "email_sign_in_off"): "depends on the configuration",
    ("return_to", "not_allowed"): "it must be one of those of the configuration, byte by byte",
    ("return_to", "required"): "either it or link; OpenAPI 3.1 has no parameters that exclude each other",
    ("token", "required"): "either it or email and code; the document has one object with all, since generators make "
                           "little of alternatives",
    ("username", "required"): "which of them the token endpoint needs depends on grant_type; the document has one object "
                              "with all, since generators make no forms of alternatives",
    ("password", "required"): "likewise, and of the proofs of a step-up one is required, as of the forms of a proof by mail",
    ("refresh_token", "required"): "likewise",
    ("client_secret", "duplicate_field"): "not together with HTTP Basic (RFC 6749, section 2.3)",
    ("client_id", "mismatch"): "it must be the client that HTTP Basic names",
}

session = requests.Session()


def post(path, body):
    return session.post(URL + path, json=body, timeout=10)


def sign_in(email):
    """An access token, or None."""
    answer = post("/api/v1/auth/login", {"username": email, "password": PASSWORD})
    return answer.json()["access_token"] if answer.ok else None


def begin():
    """A session of the account that asks, or of another one like it: requests may have disabled or renamed the first."""
    for number in itertools.count():
        email = f"{AS}-{os.getpid()}-{number}@example.com"
        if AS == "admin":
            command = [os.environ["HEXAUTH_BINARY"], "create-admin", "--email", email, "--password-stdin"]
            subprocess.run(command, input=PASSWORD, text=True, capture_output=True, check=False)
        else:
            post("/api/v1/users", {"email": email, "password": PASSWORD})
        if token := sign_in(email):
            return token


class Account:
    """Signs in again whenever a request has ended the session, as sign-outs do."""

    token = None

    def get(self, case, context):
        schemes = {name for row in context.operation.definition.raw.get("security", []) for name in row}
        if "client" in schemes:
            return f"Basic {CLIENT}"
        if not self.is_live():
            Account.token = begin()
        return f"Bearer {Account.token}"

    def is_live(self):
        headers = {"Authorization": f"Bearer {Account.token}"}
        return Account.token and session.get(f"{URL}/api/v1/auth/verify", headers=headers, timeout=10).ok

    def set(self, case, data, context):
        case.headers = {**(case.headers or {}), "Authorization": data}


if AS != "anonymous":
    schemathesis.auth(refresh_interval=None)(Account)


@schemathesis.check
def valid_requests_are_taken(ctx: CheckContext, response, case):
    """schemathesis' own `positive_data_acceptance`, but for what no schema can say."""
    try:
        return checks.positive_data_acceptance(ctx, response, case)
    except RejectedPositiveData:
        problem = response.json()
        faults = {(fault["field"], fault["code"]) for fault in problem.get("errors", [])} or {(None, problem["code"])}
        if faults - BEYOND_SCHEMAS.keys():
            raise
        return None


@schemathesis.check
def invalid_requests_are_refused(ctx: CheckContext, response, case):
    """schemathesis' own `negative_data_rejection`, but for empty parameters of queries, which are as if absent."""
    query = parse_qsl(urlsplit(response.request.url).query, keep_blank_values=True)
    if any(value == "" for _, value in query):
        return None
    return checks.negative_data_rejection(ctx, response, case)
