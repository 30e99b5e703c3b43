use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use domain::Secret;
use domain::mail::{MailError, Mailer, Outgoing};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use tokio::time::timeout;

use crate::message::message;
use crate::{Letters, MailSetupError, Sender, refused};

/// Where the relay is, and how to talk to it.
#[derive(Clone)]
pub struct SmtpSettings {
    /// Its name. Its certificate must be for that name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub security: SmtpSecurity,
    /// Name and password, if it wants any.
    pub credentials: Option<(String, Secret)>,
    /// A certificate authority that is trusted besides the public ones: a file in PEM.
    pub authority: Option<PathBuf>,
    /// Whether any certificate will do. Only for a relay that is reached by a way that nobody else can listen to.
    pub accept_any_certificate: bool,
    /// Longest time for one mail, over all that is said for it.
    pub timeout: Duration,
    /// What this service calls itself; `None` is the address that it is connected from.
    pub hello_name: Option<String>,
}

/// How a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpSecurity {
    /// From the first byte (RFC 8314, section 3.3): port 465.
    Tls,
    /// After STARTTLS, which the relay must offer (RFC 3207): port 587.
    StartTls,
    /// Not at all.
    None,
}

/// Hands mails to a relay by SMTP (RFC 5321).
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    timeout: Duration,
    security: SmtpSecurity,
    letters: Letters,
    sender: Sender,
}

/// Replies about whoever sends and not about a mail (RFC 4954, section 6): authentication is required, failed for now,
/// is too weak, was rejected, or needs encryption.
const ABOUT_US: [u16; 5] = [530, 454, 534, 535, 538];

/// What an operator should look at, by words of what lettre and rustls say.
const ADVICE: [(&str, &str); 7] = [
    ("(530)", "it wants APP_MAIL__SMTP__USERNAME and APP_MAIL__SMTP__PASSWORD, or encryption"),
    ("(535)", "it refuses APP_MAIL__SMTP__USERNAME with APP_MAIL__SMTP__PASSWORD"),
    (
        "No compatible authentication mechanism",
        "it lets nobody sign in over this connection: many relays do only where APP_MAIL__SMTP__SECURITY is starttls or tls",
    ),
    ("STARTTLS is not supported", "it offers no TLS, so nothing was sent to it"),
    ("InvalidContentType", "its port does not begin with TLS: set APP_MAIL__SMTP__SECURITY=starttls"),
    ("UnknownIssuer", "its certificate is by an unknown authority: name that in APP_MAIL__SMTP__CA_FILE"),
    ("not valid for name", "its certificate is for another name than APP_MAIL__SMTP__HOST"),
];

impl SmtpSettings {
    /// Finds out whether TLS can be used as it is set.
    ///
    /// # Errors
    /// [`MailSetupError::Authority`], [`MailSetupError::Tls`].
    pub fn check(&self) -> Result<(), MailSetupError> {
        if self.security == SmtpSecurity::None { Ok(()) } else { tls(self).map(drop) }
    }
}

impl SmtpMailer {
    /// Prepares it. Nothing is connected yet.
    ///
    /// # Errors
    /// [`MailSetupError::Authority`], [`MailSetupError::Tls`].
    pub fn new(settings: &SmtpSettings, letters: Letters, sender: Sender) -> Result<Self, MailSetupError> {
        let tls = match settings.security {
            SmtpSecurity::Tls => Tls::Wrapper(tls(settings)?),
            SmtpSecurity::StartTls => Tls::Required(tls(settings)?),
            SmtpSecurity::None => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .tls(tls)
            .timeout(Some(settings.timeout));
        if let Some(name) = &settings.hello_name {
            builder = builder.hello_name(ClientId::Domain(name.clone()));
        }
        if let Some((name, password)) = &settings.credentials {
            builder = builder.credentials(Credentials::new(name.clone(), password.expose().to_owned()));
        }
        let &SmtpSettings { timeout, security, .. } = settings;
        Ok(Self { transport: builder.build(), timeout, security, letters, sender })
    }

    /// A fault of the relay, with what an operator should look at first.
    fn relay(&self, error: &Error) -> MailError {
        if error.is_timeout() {
            return self.silence();
        }
        // It has its causes in it.
        let said = error.to_string();
        let advice = ADVICE.iter().find(|(words, _)| said.contains(words));
        MailError::Relay(advice.map_or(said.clone(), |(_, advice)| format!("{advice} ({said})")).into())
    }

    /// A relay that took too long.
    fn silence(&self) -> MailError {
        let what = format!("it took longer than {:?}", self.timeout);
        MailError::Relay(match self.security {
            SmtpSecurity::StartTls => {
                format!("{what}: if its port begins with TLS, as 465 does, set APP_MAIL__SMTP__SECURITY=tls").into()
            }
            SmtpSecurity::Tls | SmtpSecurity::None => what.into(),
        })
    }

    /// What an error that came with a mail means: it is the relay's fault if there is no talking to it without a mail,
    /// or if it wants another proof of who we are.
    async fn judge(&self, error: Error) -> MailError {
        if error.status().is_some_and(|code| ABOUT_US.contains(&u16::from(code))) {
            return self.relay(&error);
        }
        match self.transport.test_connection().await {
            Ok(true) if error.is_permanent() || error.is_client() => MailError::Refused(error.to_string().into()),
            Ok(true) => MailError::Deferred(error.to_string().into()),
            Ok(false) | Err(_) => self.relay(&error),
        }
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &Outgoing) -> Result<(), MailError> {
        let written = self.letters.write(mail).map_err(refused)?;
        let message = message(&self.sender, mail, written).map_err(refused)?;
        let delivering = async {
            match self.transport.send(message).await {
                Ok(_) => Ok(()),
                Err(error) => Err(self.judge(error).await),
            }
        };
        // Each mail has a connection of its own, which is closed when this gives up: one that was left half-way must
        // not be used for the next mail.
        timeout(self.timeout, delivering).await.unwrap_or_else(|_| Err(self.silence()))
    }
}

fn tls(settings: &SmtpSettings) -> Result<TlsParameters, MailSetupError> {
    let mut builder = TlsParameters::builder(settings.host.clone())
        .dangerous_accept_invalid_certs(settings.accept_any_certificate)
        .dangerous_accept_invalid_hostnames(settings.accept_any_certificate);
    if let Some(path) = &settings.authority {
        let fault = |reason: String| MailSetupError::Authority { path: path.clone(), reason };
        let pem = fs::read(path).map_err(|error| fault(error.to_string()))?;
        builder = builder.add_root_certificate(Certificate::from_pem(&pem).map_err(|error| fault(error.to_string()))?);
    }
    builder.build().map_err(|error| MailSetupError::Tls(error.to_string()))
}

impl fmt::Debug for SmtpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpSettings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpMailer").field("sender", &self.sender).finish_non_exhaustive()
    }
}
