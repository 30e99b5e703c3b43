#!/usr/bin/env python3
"""Takes mails as a relay that nobody here wrote (aiosmtpd), and uses what is in them."""

import datetime
import email
import email.policy
import ipaddress
import logging
import os
import queue
import re
import ssl
import subprocess
import sys
import tempfile

import requests
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

API = os.environ["HEXAUTH_URL"] + "/api/v1"
BINARY = os.environ["HEXAUTH_BINARY"]
PORT = int(os.environ["APP_MAIL__SMTP__PORT"])
ADDRESS = "ada-of-the-mail@example.com"
FIRST, SECOND = "correct horse battery staple", "staple battery horse correct"
RELAY_USER, RELAY_PASSWORD = b"notes", b"a password of the relay"


def check(fact, what):
    if not fact:
        sys.exit(f"mail.py: {what}")


class Handler:
    """Keeps what comes."""

    def __init__(self):
        self.mails = queue.Queue()

    async def handle_DATA(self, server, session, envelope):
        self.mails.put((envelope.rcpt_tos, envelope.content))
        return "250 taken"


def post(path, body, *statuses):
    answer = requests.post(API + path, json=body, timeout=30)
    check(answer.status_code in statuses, f"{path}: {answer.status_code} {answer.text}")
    return answer


def wait_for(handler, subject):
    """The mail to ADDRESS with this subject. Whoever registers is mailed, too."""
    while True:
        # A relay that was not there makes the server wait for a while.
        recipients, content = handler.mails.get(timeout=90)
        mail = email.message_from_bytes(content, policy=email.policy.default)
        if recipients == [ADDRESS] and mail["Subject"] == subject:
            return mail


def reset_by_mail():
    handler = Handler()
    relay = Controller(handler, hostname="127.0.0.1", port=PORT)
    relay.start()
    try:
        post("/users", {"email": ADDRESS, "password": FIRST}, 201)
        post("/auth/password-reset", {"email": ADDRESS}, 202)
        mail = wait_for(handler, "Choose a new password")
        check(not mail.defects, f"it has defects: {mail.defects}")
        for name in ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Auto-Submitted"]:
            check(len(mail.get_all(name, [])) == 1, f"it does not have one {name}")
        kinds = {part.get_content_type() for part in mail.walk()}
        check({"text/plain", "text/html"} <= kinds, f"it has {kinds}")
        text = mail.get_body(("plain",)).get_content()
        codes = [line for line in text.splitlines() if re.fullmatch("[0-9A-Z]{4}-[0-9A-Z]{4}", line)]
        check(len(codes) == 1, f"it does not have one code: {text}")
        check(codes[0] in mail.get_body(("html",)).get_content(), "its other form has another code")
        confirm = {"email": ADDRESS, "code": codes[0], "new_password": SECOND}
        post("/auth/password-reset/confirm", confirm, 204)
        post("/auth/password-reset/confirm", confirm, 400)
        post("/auth/login", {"username": ADDRESS, "password": FIRST}, 401)
        post("/auth/login", {"username": ADDRESS, "password": SECOND}, 200)
    finally:
        relay.stop()


def certificate(folder):
    """A certificate that only who is told so trusts, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "relay")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    paths = os.path.join(folder, "relay.pem"), os.path.join(folder, "relay.key")
    with open(paths[0], "wb") as file:
        file.write(signed.public_bytes(encoding))
    with open(paths[1], "wb") as file:
        form = serialization.PrivateFormat.PKCS8
        file.write(key.private_bytes(encoding, form, serialization.NoEncryption()))
    return paths


def send_encrypted():
    """`hexauth mail test` to a relay that takes mails only encrypted, and from whom it knows."""
    seen = []

    def authenticate(server, session, envelope, mechanism, data):
        seen.append(session.ssl is not None)
        return AuthResult(success=(data.login, data.password) == (RELAY_USER, RELAY_PASSWORD), handled=False)

    with tempfile.TemporaryDirectory() as folder:
        certificate_file, key_file = certificate(folder)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate_file, key_file)
        handler = Handler()
        relay = Controller(
            handler,
            hostname="127.0.0.1",
            port=PORT,
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            authenticator=authenticate,
        )
        relay.start()

        def test(password, **settings):
            variables = {
                **os.environ,
                "APP_MAIL__SMTP__HOST": "localhost",
                "APP_MAIL__SMTP__SECURITY": "starttls",
                "APP_MAIL__SMTP__USERNAME": RELAY_USER.decode(),
                "APP_MAIL__SMTP__PASSWORD": password,
                **settings,
            }
            command = [BINARY, "mail", "test", "--to", ADDRESS]
            return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60)

        try:
            trusted = {"APP_MAIL__SMTP__CA_FILE": certificate_file}
            sent = test(RELAY_PASSWORD.decode(), **trusted)
            check(sent.returncode == 0 and seen == [True], f"it is not sent: {sent.stderr}")
            check(wait_for(handler, "A test mail of Hexauth"), "it does not come")
            refused = test("wrong", **trusted)
            check(refused.returncode == 1 and "535" in refused.stderr, f"a wrong password: {refused.stderr}")
            seen.clear()
            strange = test(RELAY_PASSWORD.decode())
            check(strange.returncode == 1 and not seen, f"a strange certificate: {strange.stderr}")
            subjects = [email.message_from_bytes(mail)["Subject"] for _, mail in list(handler.mails.queue)]
            check("A test mail of Hexauth" not in subjects, "it was sent nevertheless")
        finally:
            relay.stop()


# It says at length that a client did not trust its certificate.
logging.getLogger("mail.log").setLevel(logging.CRITICAL)
reset_by_mail()
send_encrypted()
