use domain::Nonce;
use domain::identities::{ProviderAccount, ProviderName};
use domain::providers::{BrowserMark, CodeChallenge, LinkingSession, ProvenIdentity, ProviderFlow, ProviderFlowId};
use domain::sessions::SessionId;
use domain::users::{Email, UserId};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::entity::prelude::*;

use crate::columns::{FromRow, Row};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "provider_flows")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) id: Uuid,
    pub(super) provider: String,
    pub(super) nonce: Vec<u8>,
    pub(super) browser: Option<Vec<u8>>,
    pub(super) return_to: String,
    pub(super) code_challenge: Option<Vec<u8>>,
    pub(super) user_id: Option<Uuid>,
    pub(super) session_id: Option<Uuid>,
    pub(super) created_at: DateTimeUtc,
    pub(super) expires_at: DateTimeUtc,
    pub(super) answered_at: Option<DateTimeUtc>,
    pub(super) issuer: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) email: Option<String>,
    pub(super) email_verified: Option<bool>,
    pub(super) code_expires_at: Option<DateTimeUtc>,
    pub(super) redeemed_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}

impl FromRow for ProviderFlow {
    const TABLE: &'static str = "provider_flows";

    /// Everything decides whom a flow lets in. Whether a step was taken, only the statement that takes it decides.
    fn from_row(row: &Row<'_>) -> Option<Self> {
        let nonce = row.get::<Vec<u8>>(Column::Nonce)?.try_into();
        Some(ProviderFlow {
            id: ProviderFlowId::new(row.id()),
            provider: row.valid(Column::Provider, ProviderName::parse(&row.get::<String>(Column::Provider)?))?,
            nonce: row.valid(Column::Nonce, nonce).map(Nonce::new)?,
            browser: bytes(row, Column::Browser)?.map(BrowserMark::new),
            return_to: row.get(Column::ReturnTo)?,
            code_challenge: bytes(row, Column::CodeChallenge)?.map(CodeChallenge::new),
            linking: linking(row)?,
            created_at: row.get(Column::CreatedAt)?,
            expires_at: row.get(Column::ExpiresAt)?,
            answered_at: row.optional_time(Column::AnsweredAt),
            proven: proven(row),
            code_expires_at: row.get(Column::CodeExpiresAt),
            redeemed_at: row.optional_time(Column::RedeemedAt),
        })
    }
}

/// The outer `None` if nobody can tell what they are.
fn bytes<const N: usize>(row: &Row<'_>, column: Column) -> Option<Option<[u8; N]>> {
    let Some(bytes) = row.get::<Vec<u8>>(column) else { return Some(None) };
    row.valid(column, bytes.try_into()).map(Some)
}

/// The outer `None` if nobody can tell in which session: then it is not a sign-in either.
fn linking(row: &Row<'_>) -> Option<Option<LinkingSession>> {
    match (row.get(Column::UserId), row.get(Column::SessionId)) {
        (None, None) => Some(None),
        (user, session) => {
            Some(Some(LinkingSession { user: user.map(UserId::new)?, session: session.map(SessionId::new)? }))
        }
    }
}

fn proven(row: &Row<'_>) -> Option<ProvenIdentity> {
    let account = ProviderAccount::parse(&row.get::<String>(Column::Issuer)?, &row.get::<String>(Column::Subject)?);
    let email = row.get::<String>(Column::Email);
    Some(ProvenIdentity {
        account: row.valid(Column::Subject, account)?,
        email: email.and_then(|email| row.valid(Column::Email, Email::parse(&email))),
        email_verified: row.get(Column::EmailVerified).unwrap_or(false),
    })
}

impl From<&ProviderFlow> for ActiveModel {
    /// A flow that has just begun: the rest comes by its steps.
    fn from(flow: &ProviderFlow) -> Self {
        Self {
            id: Set(flow.id.as_uuid()),
            provider: Set(flow.provider.as_str().to_owned()),
            nonce: Set(flow.nonce.expose().to_vec()),
            browser: Set(flow.browser.map(|browser| browser.as_bytes().to_vec())),
            return_to: Set(flow.return_to.clone()),
            code_challenge: Set(flow.code_challenge.map(|challenge| challenge.as_bytes().to_vec())),
            user_id: Set(flow.linking.map(|linking| linking.user.as_uuid())),
            session_id: Set(flow.linking.map(|linking| linking.session.as_uuid())),
            created_at: Set(flow.created_at),
            expires_at: Set(flow.expires_at),
            answered_at: NotSet,
            issuer: NotSet,
            subject: NotSet,
            email: NotSet,
            email_verified: NotSet,
            code_expires_at: NotSet,
            redeemed_at: NotSet,
        }
    }
}
