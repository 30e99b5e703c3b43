//! Fills the outbox of a database.

use crate::run_sql;

/// Rows of the outbox that wait, as after as many changes of a password. Their ids sort by number.
pub async fn fill_outbox(url: &str, recipients: impl IntoIterator<Item = String>) {
    let row = |(number, to): (usize, String)| {
        let id = format!("019ac1c0-0000-7000-8000-{number:012x}");
        let id = if url.starts_with("sqlite") { format!("x'{}'", id.replace('-', "")) } else { format!("'{id}'") };
        let key = to.to_lowercase();
        format!("({id}, '{to}', '{key}', 'en', 'password_changed', CURRENT_TIMESTAMP, 0, CURRENT_TIMESTAMP)")
    };
    let rows: Vec<_> = recipients.into_iter().enumerate().map(row).collect();
    let columns = "id, recipient, recipient_key, locale, kind, created_at, attempts, due_at";
    run_sql(url, &format!("INSERT INTO outbox ({columns}) VALUES {}", rows.join(", "))).await;
}
