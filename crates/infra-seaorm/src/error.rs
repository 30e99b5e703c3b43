use std::sync::atomic::Ordering;

use domain::ports::{RepositoryError, UniqueField};
use sea_orm::{DbErr, SqlErr};

use crate::Store;

impl<C> Store<C> {
    /// What a SeaORM error means to a use case.
    pub(crate) fn error(&self, error: DbErr) -> RepositoryError {
        self.has_failed.store(true, Ordering::Relaxed);
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(message)) => match unique_field(&message) {
                Some(field) => RepositoryError::Duplicate(field),
                None => RepositoryError::Internal(error.into()),
            },
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => RepositoryError::NotFound,
            _ => unavailable_or_internal(error, self.is_transient),
        }
    }
}

/// What an error that is about no row in particular means to a use case.
pub fn unavailable_or_internal(error: DbErr, is_transient: fn(&DbErr) -> bool) -> RepositoryError {
    if is_transient(&error) {
        RepositoryError::Unavailable(error.into())
    } else {
        RepositoryError::Internal(error.into())
    }
}

/// PostgreSQL names the index, SQLite the column: both hold the column's name.
fn unique_field(message: &str) -> Option<UniqueField> {
    let fields = [
        ("users_email_key", UniqueField::Email),
        ("users.email_key", UniqueField::Email),
        ("users_username", UniqueField::Username),
        ("users.username", UniqueField::Username),
    ];
    fields.into_iter().find(|(name, _)| message.contains(name)).map(|(_, field)| field)
}
