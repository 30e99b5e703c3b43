use std::sync::atomic::Ordering;

use domain::StoreError;
use sea_orm::{DbErr, SqlErr};

use crate::Store;

/// Which field a database means. PostgreSQL names the index, SQLite the table and the column; both are a word of a
/// sentence. Each further unique key adds two rows.
const UNIQUE_FIELDS: &[(&str, &str)] = &[
    ("uq_users_email_key", "email"),
    ("users.email_key", "email"),
    ("uq_users_username", "username"),
    ("users.username", "username"),
    ("uq_totp_devices_user_id_name_key", "name"),
    ("totp_devices.name_key", "name"),
    ("uq_passkeys_credential_id", "credential"),
    ("passkeys.credential_id", "credential"),
    ("uq_passkeys_user_id_name_key", "name"),
    ("passkeys.name_key", "name"),
    ("uq_identities_issuer_subject", "identity"),
    ("identities.issuer", "identity"),
];

impl<C> Store<C> {
    /// What a SeaORM error means to a use case.
    pub(crate) fn error(&self, error: DbErr) -> StoreError {
        self.has_failed.store(true, Ordering::Relaxed);
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(message)) => match unique_field(&message) {
                Some(field) => StoreError::Duplicate(field),
                None => StoreError::Internal(error.into()),
            },
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => StoreError::NotFound,
            _ => unavailable_or_internal(error, self.is_transient),
        }
    }
}

/// What an error that is about no row in particular means to a use case.
pub fn unavailable_or_internal(error: DbErr, is_transient: fn(&DbErr) -> bool) -> StoreError {
    if is_transient(&error) { StoreError::Unavailable(error.into()) } else { StoreError::Internal(error.into()) }
}

fn unique_field(message: &str) -> Option<&'static str> {
    let mut words = message.split(|c: char| !c.is_ascii_alphanumeric() && !"_.".contains(c));
    words.find_map(|word| UNIQUE_FIELDS.iter().find(|(name, _)| *name == word).map(|(_, field)| *field))
}
