use std::net::SocketAddr;
use std::sync::Arc;

use domain::mail::Mailer;
use infra_mail::{FileMailer, Letters, Links, LogMailer, MailSetupError, Sender, SmtpMailer};

use super::WiringError;
use crate::config::{Config, MailLink, MailSettings, MailTransport, Mode, SmtpSecurity, SmtpSettings};

/// The way out for mail, whose links lead to the pages at this URL if they do not lead elsewhere.
pub(super) fn mailer(mail: &MailSettings, pages: Option<&str>) -> Result<Arc<dyn Mailer>, WiringError> {
    let (letters, sender) = (letters(mail, pages)?, Sender::parse(&mail.from)?);
    Ok(match &mail.transport {
        MailTransport::Smtp(settings) => Arc::new(SmtpMailer::new(&smtp(settings), letters, sender)?),
        MailTransport::File(folder) => Arc::new(FileMailer::new(folder.clone(), letters, sender)),
        MailTransport::Log => Arc::new(LogMailer::new(letters)),
    })
}

/// Where the pages are for those who read a mail. In production nowhere, until it is configured: the address that the
/// service listens on is not where they reach it.
pub(crate) fn pages_url(config: &Config, address: SocketAddr) -> Option<String> {
    let is_nobodys = address.ip().is_unspecified();
    let host = if is_nobodys { format!("localhost:{}", address.port()) } else { address.to_string() };
    let in_development = (config.mode == Mode::Development).then(|| format!("http://{host}"));
    config.public_url().or(in_development)
}

fn letters(mail: &MailSettings, pages: Option<&str>) -> Result<Letters, MailSetupError> {
    let mut links = Links::default();
    for MailLink { purpose, page, .. } in mail.own_links() {
        if let Some((pages, page)) = pages.zip(*page) {
            links.lead(*purpose, &format!("{pages}{page}?token={{token}}"))?;
        }
    }
    for (purpose, link) in &mail.links {
        links.lead(*purpose, link)?;
    }
    Letters::load(&mail.app_name, links, mail.templates.as_deref())
}

fn smtp(settings: &SmtpSettings) -> infra_mail::SmtpSettings {
    infra_mail::SmtpSettings {
        host: settings.host.clone(),
        port: settings.port,
        security: match settings.security {
            SmtpSecurity::StartTls => infra_mail::SmtpSecurity::StartTls,
            SmtpSecurity::Tls => infra_mail::SmtpSecurity::Tls,
            SmtpSecurity::None => infra_mail::SmtpSecurity::None,
        },
        credentials: settings.credentials.clone(),
        authority: settings.ca_file.clone(),
        accept_any_certificate: settings.accept_any_certificate,
        timeout: settings.timeout,
        hello_name: settings.hello_name.clone(),
    }
}
