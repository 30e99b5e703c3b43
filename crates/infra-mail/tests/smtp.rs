//! [`infra_mail::SmtpMailer`] against a relay that follows a script.

#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::Secret;
use domain::mail::{Letter, MailError, MailId, Mailer, Outgoing, Redeem};
use domain::one_time_tokens::Purpose;
use domain::users::{Email, Locale};
use infra_mail::{Letters, Links, Sender, SmtpMailer, SmtpSecurity, SmtpSettings};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What the relay does with mails.
#[derive(Clone, Copy, Default)]
struct Script {
    /// Its reply to a recipient that begins with `bad`.
    to_bad: &'static str,
    /// It hangs up after it was given the text of such a mail.
    cuts_bad: bool,
    /// It refuses everybody at once.
    refuses: bool,
    /// It waits before each reply.
    delay: Duration,
    /// It wants a name and a password, and takes none.
    wants_password: bool,
    /// Its reply to every sender.
    to_sender: &'static str,
}

/// A relay, and all that was said to it.
struct Relay {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Relay {
    async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let relay = Self { port: listener.local_addr().unwrap().port(), heard: Arc::default() };
        let heard = Arc::clone(&relay.heard);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(talk(stream, script, Arc::clone(&heard)));
            }
        });
        relay
    }

    fn heard(&self) -> String {
        self.heard.lock().unwrap().join("\n")
    }

    /// One that begins with TLS, by a certificate for `localhost` that vouches for itself.
    fn start_with_tls(folder: &Path) -> impl Future<Output = Self> {
        let arguments = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
                         -addext basicConstraints=critical,CA:FALSE -keyout key.pem -out certificate.pem";
        let made = Command::new("openssl").current_dir(folder).args(arguments.split_whitespace()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let certificate = CertificateDer::from_pem_file(folder.join("certificate.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let relay = Self { port: listener.local_addr().unwrap().port(), heard: Arc::default() };
            tokio::spawn(async move {
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    let _ = acceptor.accept(stream).await;
                }
            });
            relay
        }
    }

    fn settings(&self, security: SmtpSecurity) -> SmtpSettings {
        SmtpSettings {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            security,
            credentials: None,
            authority: None,
            accept_any_certificate: false,
            timeout: Duration::from_secs(2),
            hello_name: Some("id.example.com".to_owned()),
        }
    }

    fn mailer(&self, security: SmtpSecurity) -> SmtpMailer {
        mailer(&self.settings(security))
    }
}

fn some_credentials() -> Option<(String, Secret)> {
    Some(("notes".to_owned(), Secret::new("wrong".to_owned())))
}

fn mailer(settings: &SmtpSettings) -> SmtpMailer {
    let mut links = Links::default();
    links.lead(Purpose::ResetPassword, "https://id.example.com/reset#token={token}").unwrap();
    let letters = Letters::load("Notes", links, None).unwrap();
    SmtpMailer::new(settings, letters, Sender::parse("Notes <no-reply@example.com>").unwrap()).unwrap()
}

/// One connection. Returns `None` when it ends.
async fn talk(stream: TcpStream, script: Script, heard: Arc<Mutex<Vec<String>>>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let greeting = if script.refuses { "554 no" } else { "220 relay" };
    say(&mut stream, greeting, script).await?;
    let (mut is_bad, mut is_text) = (false, false);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let line = line.trim_end().to_owned();
        heard.lock().unwrap().push(line.clone());
        let reply = match line.split([' ', ':']).next().unwrap_or_default() {
            "." if is_text && is_bad && script.cuts_bad => return None,
            "." if is_text => {
                is_text = false;
                "250 taken"
            }
            _ if is_text => continue,
            "EHLO" if script.wants_password => "250-relay\r\n250 AUTH PLAIN",
            "EHLO" => "250 relay",
            "AUTH" => "535 no",
            "MAIL" if !script.to_sender.is_empty() => script.to_sender,
            "RCPT" => {
                is_bad = line.contains("<bad");
                if is_bad && !script.to_bad.is_empty() { script.to_bad } else { "250 ok" }
            }
            "DATA" => {
                is_text = true;
                "354 go on"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        say(&mut stream, reply, script).await?;
    }
}

async fn say(stream: &mut BufReader<TcpStream>, reply: &str, script: Script) -> Option<()> {
    sleep(script.delay).await;
    stream.write_all(format!("{reply}\r\n").as_bytes()).await.ok()
}

fn mail(to: &str) -> Outgoing {
    let at = |time: &str| time.parse().unwrap();
    Outgoing {
        id: MailId::new("0199c3a1-0000-7000-8000-000000000001".parse().unwrap()),
        to: Email::parse(to).unwrap(),
        locale: Locale::default(),
        letter: Letter::Token(Purpose::ResetPassword),
        written_at: at("2026-11-26T12:00:00Z"),
        redeem: Some(Redeem {
            token: Secret::new("hxp_token".to_owned()),
            code: Secret::new("ABCD-EFGH".to_owned()),
            expires_at: at("2026-11-26T13:00:00Z"),
            code_expires_at: at("2026-11-26T12:10:00Z"),
        }),
    }
}

#[tokio::test]
async fn a_mail_is_handed_over_with_the_same_id_each_time() {
    let relay = Relay::start(Script::default()).await;
    let mailer = relay.mailer(SmtpSecurity::None);
    for _ in 0..2 {
        mailer.send(&mail("ada@example.com")).await.unwrap();
    }
    let heard = relay.heard();
    for line in [
        "EHLO id.example.com",
        "MAIL FROM:<no-reply@example.com>",
        "RCPT TO:<ada@example.com>",
        "From: Notes <no-reply@example.com>",
        "To: ada@example.com",
        "Subject: Choose a new password",
        "Date: Thu, 26 Nov 2026 12:00:00 +0000",
        "Auto-Submitted: auto-generated",
    ] {
        assert!(heard.lines().any(|heard| heard == line), "{line}\n{heard}");
    }
    let id = "Message-ID: <0199c3a1-0000-7000-8000-000000000001@example.com>";
    assert_eq!(heard.matches(id).count(), 2, "{heard}");
    assert!(heard.contains("is good for 60 minutes") && heard.contains("is good for 10 minutes"), "{heard}");
}

#[tokio::test]
async fn a_refusal_is_of_one_mail_and_for_good_or_for_now() {
    for (to_bad, is_for_good) in
        [("554 never", true), ("550 unknown", true), ("451 later", false), ("421 later", false)]
    {
        let relay = Relay::start(Script { to_bad, ..Script::default() }).await;
        let mailer = relay.mailer(SmtpSecurity::None);
        match mailer.send(&mail("bad@example.com")).await.unwrap_err() {
            MailError::Refused(source) if is_for_good => assert!(source.to_string().contains("5"), "{source}"),
            MailError::Deferred(_) if !is_for_good => {}
            error => unreachable!("{to_bad}: {error:?}"),
        }
        mailer.send(&mail("ada@example.com")).await.unwrap();
    }
}

#[tokio::test]
async fn a_connection_that_is_cut_by_one_mail_is_not_the_relays_fault() {
    let relay = Relay::start(Script { cuts_bad: true, ..Script::default() }).await;
    let mailer = relay.mailer(SmtpSecurity::None);
    let error = mailer.send(&mail("bad@example.com")).await.unwrap_err();
    assert!(matches!(error, MailError::Deferred(_)), "{error:?}");
    mailer.send(&mail("ada@example.com")).await.unwrap();
}

#[tokio::test]
async fn a_relay_that_cannot_be_used_is_told_from_a_mail_that_is_refused() {
    let refusing = Relay::start(Script { refuses: true, ..Script::default() }).await;
    let slow = Relay::start(Script { delay: Duration::from_secs(5), ..Script::default() }).await;
    let gone = Relay { port: 1, heard: Arc::default() };
    for relay in [&refusing, &slow, &gone] {
        let mailer = relay.mailer(SmtpSecurity::None);
        let error = mailer.send(&mail("ada@example.com")).await.unwrap_err();
        assert!(matches!(error, MailError::Relay(_)), "{error:?}");
    }
    let relay = Relay::start(Script { wants_password: true, ..Script::default() }).await;
    let settings = SmtpSettings { credentials: some_credentials(), ..relay.settings(SmtpSecurity::None) };
    let error = mailer(&settings).send(&mail("ada@example.com")).await.unwrap_err();
    assert!(matches!(error, MailError::Relay(_)), "{error:?}");
}

/// Otherwise a password that has expired would have every mail thrown away.
#[tokio::test]
async fn a_relay_that_wants_another_proof_of_who_sends_refuses_no_mail() {
    for to_sender in ["530 5.7.0 Authentication required", "535 no", "454 4.7.0 later", "538 encrypt"] {
        let relay = Relay::start(Script { to_sender, ..Script::default() }).await;
        let error = relay.mailer(SmtpSecurity::None).send(&mail("ada@example.com")).await.unwrap_err();
        assert!(matches!(error, MailError::Relay(_)), "{to_sender}: {error:?}");
    }
}

#[tokio::test]
async fn without_encryption_nothing_is_said_but_hello() {
    for security in [SmtpSecurity::StartTls, SmtpSecurity::Tls] {
        let relay = Relay::start(Script { wants_password: true, ..Script::default() }).await;
        let error = relay.mailer(security).send(&mail("ada@example.com")).await.unwrap_err();
        assert!(matches!(error, MailError::Relay(_)), "{error:?}");
        let heard = relay.heard();
        assert!(!heard.contains("MAIL") && !heard.contains("AUTH") && !heard.contains("DATA"), "{heard}");
    }
}

#[tokio::test]
async fn a_fault_of_the_settings_is_said_once_with_the_setting() {
    let folder = tempfile::tempdir().unwrap();
    let plain = Relay::start(Script::default()).await;
    let locked = Relay::start(Script { wants_password: true, ..Script::default() }).await;
    let demanding = Relay::start(Script { to_sender: "530 who are you", ..Script::default() }).await;
    let encrypted = Relay::start_with_tls(folder.path()).await;
    let signed_in = |settings| SmtpSettings { credentials: some_credentials(), ..settings };
    let cases = [
        (encrypted.settings(SmtpSecurity::StartTls), "APP_MAIL__SMTP__SECURITY=tls", "longer than 2s"),
        (plain.settings(SmtpSecurity::Tls), "APP_MAIL__SMTP__SECURITY=starttls", "InvalidContentType"),
        (signed_in(locked.settings(SmtpSecurity::None)), "APP_MAIL__SMTP__PASSWORD", "535"),
        (encrypted.settings(SmtpSecurity::Tls), "APP_MAIL__SMTP__CA_FILE", "UnknownIssuer"),
        (
            SmtpSettings {
                authority: Some(folder.path().join("certificate.pem")),
                ..encrypted.settings(SmtpSecurity::Tls)
            },
            "APP_MAIL__SMTP__HOST",
            "127.0.0.1",
        ),
        (plain.settings(SmtpSecurity::StartTls), "it offers no TLS, so nothing was sent", "STARTTLS is not"),
        (signed_in(plain.settings(SmtpSecurity::None)), "APP_MAIL__SMTP__SECURITY is starttls or tls", "mechanism"),
        (demanding.settings(SmtpSecurity::None), "APP_MAIL__SMTP__USERNAME", "530"),
    ];
    for (settings, advice, cause) in cases {
        let error = mailer(&settings).send(&mail("ada@example.com")).await.unwrap_err();
        let source = error.source().unwrap();
        assert!(matches!(error, MailError::Relay(_)) && source.source().is_none(), "{error:?}");
        let said = source.to_string();
        assert!(said.contains(advice) && said.matches(cause).count() == 1, "{advice}: {said}");
    }
}
