use std::sync::Arc;

use domain::mail::Mailer;
use domain::one_time_tokens::Purpose;
use infra_mail::{FileMailer, Letters, Links, LogMailer, MailSetupError, Sender, SmtpMailer};

use super::WiringError;
use crate::config::{MailSettings, MailTransport, SmtpSecurity, SmtpSettings};

/// The way out for mail.
pub(super) fn mailer(mail: &MailSettings) -> Result<Arc<dyn Mailer>, WiringError> {
    let (letters, sender) = (letters(mail)?, Sender::parse(&mail.from)?);
    Ok(match &mail.transport {
        MailTransport::Smtp(settings) => Arc::new(SmtpMailer::new(&smtp(settings), letters, sender)?),
        MailTransport::File(folder) => Arc::new(FileMailer::new(folder.clone(), letters, sender)),
        MailTransport::Log => Arc::new(LogMailer::new(letters)),
    })
}

fn letters(mail: &MailSettings) -> Result<Letters, MailSetupError> {
    let mut links = Links::default();
    if let Some(link) = &mail.reset_link {
        links.lead(Purpose::ResetPassword, link)?;
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
