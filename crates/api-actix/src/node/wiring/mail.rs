use std::net::SocketAddr;
use std::sync::Arc;

use domain::mail::Mailer;
use infra_mail::{FileMailer, Letters, LinkError, Links, LogMailer, MailSetupError, Sender, SmtpMailer};

use crate::config::{Config, MAIL_LINKS, MailLink, MailSettings, MailTransport, Mode, SmtpSecurity, SmtpSettings};

/// The way out for mail, if any is sent. Links lead to the pages, if they do not lead elsewhere.
pub(super) fn mailer(config: &Config, address: SocketAddr) -> Result<Option<Arc<dyn Mailer>>, MailSetupError> {
    let Some(mail) = &config.mail else { return Ok(None) };
    let pages = pages_url(config, address);
    let (letters, sender) = (letters(mail, pages.as_deref())?, Sender::parse(&mail.from)?);
    Ok(Some(match &mail.transport {
        MailTransport::Smtp(settings) => Arc::new(SmtpMailer::new(&smtp(settings), letters, sender)?),
        MailTransport::File(folder) => Arc::new(FileMailer::new(folder.clone(), letters, sender)),
        MailTransport::Log => Arc::new(LogMailer::new(letters)),
    }))
}

/// Where the pages are for those who read a mail. In production nowhere, until it is configured: the address that the
/// service listens on is not where they reach it.
pub(crate) fn pages_url(config: &Config, address: SocketAddr) -> Option<String> {
    let is_nobodys = address.ip().is_unspecified();
    let host = if is_nobodys { format!("localhost:{}", address.port()) } else { address.to_string() };
    let in_development = (config.mode == Mode::Development).then(|| format!("http://{host}"));
    config.public_url().or(in_development)
}

/// What is wrong with the settings, each by its key.
pub(super) fn faults(config: &Config) -> Vec<(&'static str, String)> {
    let Some(mail) = &config.mail else { return Vec::new() };
    let pages = pages_url(config, config.server.address());
    let (links, broken) = links(mail, pages.as_deref());
    let mut faults: Vec<_> = broken.into_iter().map(|(setting, error)| (setting, error.to_string())).collect();
    let mut note = |setting, checked: Result<(), MailSetupError>| {
        faults.extend(checked.err().map(|error| (setting, error.to_string())));
    };
    note("mail.from", Sender::parse(&mail.from).map(drop));
    note("mail.templates", Letters::load(&mail.app_name, links, mail.templates.as_deref()).map(drop));
    if let MailTransport::Smtp(settings) = &mail.transport {
        let setting = if settings.ca_file.is_some() { "mail.smtp.ca_file" } else { "mail.smtp.host" };
        note(setting, smtp(settings).check());
    }
    faults
}

fn letters(mail: &MailSettings, pages: Option<&str>) -> Result<Letters, MailSetupError> {
    let (links, broken) = links(mail, pages);
    match broken.first() {
        Some((_, error)) => Err((*error).into()),
        None => Letters::load(&mail.app_name, links, mail.templates.as_deref()),
    }
}

/// The links, and those settings that lead nowhere.
fn links(mail: &MailSettings, pages: Option<&str>) -> (Links, Vec<(&'static str, LinkError)>) {
    let (mut links, mut broken) = (Links::default(), Vec::new());
    for MailLink { purpose, setting, page } in &MAIL_LINKS {
        let own = pages.zip(*page).map(|(pages, page)| format!("{pages}{page}?token={{token}}"));
        let elsewhere = mail.links.iter().find(|(led, _)| led == purpose).map(|(_, link)| link.clone());
        if let Some(Err(error)) = elsewhere.or(own).map(|link| links.lead(*purpose, &link)) {
            broken.push((*setting, error));
        }
    }
    (links, broken)
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
