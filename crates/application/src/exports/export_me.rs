use domain::StoreError;
use domain::events::RecordedEvent;
use domain::factors::TotpDevice;
use domain::identities::Identity;
use domain::mail::{Letter, QueuedMail};
use domain::one_time_tokens::{OneTimeToken, Purpose};
use domain::passkeys::Passkey;
use domain::sessions::RefreshToken;
use domain::tasks::{Task, TaskQuery};
use domain::users::{Email, User, UserId, UserIdentifier};

use super::Exports;
use crate::attempts::CountedAttempts;
use crate::{Actor, ApplicationError, Target};

/// Most items of each kind in an export: the newest, and of tasks the oldest.
pub const MAX_EXPORTED: u64 = 1_000;

/// How an export calls another user who did something to the account.
const BY_ADMIN: &str = "admin";

/// What is held about a user. Whoever shows it leaves out what secrets are computed from.
#[derive(Clone, Debug)]
pub struct Export {
    /// The account.
    pub user: User,
    /// Whether it has a password.
    pub has_password: bool,
    /// Its authenticator apps, confirmed or not.
    pub totp: Vec<TotpDevice>,
    /// Its passkeys.
    pub passkeys: Vec<Passkey>,
    /// The accounts at providers that are linked to it.
    pub identities: Vec<Identity>,
    /// How many recovery codes are left.
    pub recovery_codes: u64,
    /// Its sessions, live or ended, until they are removed.
    pub sessions: Vec<RefreshToken>,
    /// What happened to it. Of what an admin did it is not said who and from where: that is about the admin.
    pub events: Vec<RecordedEvent>,
    /// What was mailed to be used once.
    pub one_time_tokens: Vec<OneTimeToken>,
    /// The mails to its address.
    pub mails: Vec<QueuedMail>,
    /// What is counted of attempts at it.
    pub attempts: Vec<CountedAttempts>,
    /// Its tasks.
    pub tasks: Vec<Task>,
    /// Of what there is more than fits.
    pub left_out: Vec<&'static str>,
}

impl Exports {
    /// What is held about the actor, who must have proven lately who they are.
    ///
    /// # Errors
    /// [`ApplicationError::StepUpRequired`]; [`ApplicationError::InvalidAccessToken`] when the account is gone;
    /// [`ApplicationError::Unavailable`].
    pub async fn of_me(&self, actor: &Actor) -> Result<Export, ApplicationError> {
        let id = actor.user_id;
        let found = self.passwords.find_with_user(&UserIdentifier::Id(id)).await?;
        let (user, hash) = found.ok_or(Target::Me.missing())?;
        self.sudo.require(actor, hash.is_some(), false).await?;
        // One more of each than fits tells whether there is more.
        let limit = MAX_EXPORTED + 1;
        let mut left_out = Vec::new();
        let tasks = TaskQuery { owner: id, status: None, after: None, offset: 0, limit };
        Ok(Export {
            has_password: hash.is_some(),
            totp: self.sudo.second_factors.factors.list_totp(id).await?,
            passkeys: self.sudo.second_factors.ceremonies.passkeys.list(id).await?,
            identities: self.identities.list(id).await?,
            recovery_codes: self.sudo.second_factors.factors.count_recovery_codes(id).await?,
            sessions: cut("sessions", self.sudo.refresh_tokens.list(id, limit).await?, &mut left_out),
            events: without_others(cut("events", self.events.list_about(id, limit).await?, &mut left_out), id),
            one_time_tokens: to_own_address(
                cut("one_time_tokens", self.one_time_tokens.list(id, limit).await?, &mut left_out),
                &user.email,
            ),
            mails: cut("mails", self.mails_to(&user, limit).await?, &mut left_out),
            attempts: cut("attempts", self.attempts.of(&user, limit).await?, &mut left_out),
            tasks: cut("tasks", self.tasks.list(&tasks).await?, &mut left_out),
            user,
            left_out,
        })
    }

    /// Without those from before the account, which may be about whoever had the address, and those that another user
    /// caused who wanted the address.
    async fn mails_to(&self, user: &User, limit: u64) -> Result<Vec<QueuedMail>, StoreError> {
        let mut mails = self.outbox.list_to(&user.email, limit).await?;
        let is_a_wish = |mail: &QueuedMail| mail.letter == Letter::Token(Purpose::ChangeEmail);
        mails.retain(|mail| mail.created_at >= user.created_at && !is_a_wish(mail));
        Ok(mails)
    }
}

/// Leaves out what was mailed to other addresses: that nothing was mailed to one would tell that somebody has it.
fn to_own_address(mut tokens: Vec<OneTimeToken>, address: &Email) -> Vec<OneTimeToken> {
    tokens.retain(|token| token.email == *address);
    tokens
}

/// Leaves out from where other users did something.
fn without_others(mut events: Vec<RecordedEvent>, user: UserId) -> Vec<RecordedEvent> {
    for event in events.iter_mut().filter(|event| event.user.is_some_and(|by| by != user)) {
        event.by = BY_ADMIN.to_owned();
        (event.user, event.address) = (None, None);
    }
    events
}

/// What fits. Notes the name where that is not all.
fn cut<T>(name: &'static str, mut items: Vec<T>, left_out: &mut Vec<&'static str>) -> Vec<T> {
    if items.len() as u64 > MAX_EXPORTED {
        left_out.push(name);
        items.pop();
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{an_admin, now, user_id};

    #[test]
    fn of_what_an_admin_did_neither_name_nor_address_is_told() {
        let by = |user| RecordedEvent {
            at: now(),
            kind: "password.set".to_owned(),
            by: "user".to_owned(),
            user: Some(user),
            address: Some([192, 0, 2, 1].into()),
            session: None,
            details: Vec::new(),
        };
        let admins = RecordedEvent { by: "admin".to_owned(), user: None, address: None, ..by(user_id()) };
        let events = vec![by(user_id()), by(an_admin().user_id)];
        assert_eq!(without_others(events, user_id()), [by(user_id()), admins]);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let mut left_out = Vec::new();
        let most = vec![(); usize::try_from(MAX_EXPORTED).unwrap()];
        assert_eq!(cut("events", most.clone(), &mut left_out), most);
        assert!(left_out.is_empty());
        assert_eq!(cut("tasks", [most.clone(), vec![()]].concat(), &mut left_out), most);
        assert_eq!(left_out, ["tasks"]);
    }
}
