use domain::one_time_tokens::Purpose;

/// Where mails for a purpose lead.
#[derive(Debug)]
pub(crate) struct MailLink {
    pub(crate) purpose: Purpose,
    /// The setting that leads them into a front end.
    pub(crate) setting: &'static str,
    /// The path of the page of ours where they lead without it.
    pub(crate) page: Option<&'static str>,
}

/// All links that there are. Whoever signs in by mail types the code into an app: there is no page of ours for it.
pub(crate) const MAIL_LINKS: [MailLink; 6] = [
    MailLink::new(Purpose::ResetPassword, "mail.links.reset", Some("/account/reset-password")),
    MailLink::new(Purpose::VerifyEmail, "mail.links.verify", Some("/account/verify-email")),
    MailLink::new(Purpose::ChangeEmail, "mail.links.change", Some("/account/confirm-email")),
    MailLink::new(Purpose::StopEmailChange, "mail.links.stop", Some("/account/stop-email-change")),
    MailLink::new(Purpose::Invitation, "mail.links.invitation", Some("/account/accept-invitation")),
    MailLink::new(Purpose::SignIn, "mail.links.sign_in", None),
];

impl MailLink {
    const fn new(purpose: Purpose, setting: &'static str, page: Option<&'static str>) -> Self {
        Self { purpose, setting, page }
    }
}
