//! The names of migrations: `m`, the day, and a number that counts them all.

use chrono::NaiveDate;

use crate::Error;
use crate::project::Project;

/// The name of the next migration, which makes a table.
pub(crate) fn next(project: &Project, table: &str) -> Result<String, Error> {
    #[expect(clippy::disallowed_methods, reason = "a tool for developers, who have a clock")]
    let today = chrono::Utc::now().date_naive();
    Ok(after(&project.modules("migration/src")?, today, table))
}

/// Names sort in the order of the migrations, so that the day does not go back where a clock did.
fn after(modules: &[String], today: NaiveDate, table: &str) -> String {
    let parts = |name: &String| {
        let (day, rest) = name.strip_prefix('m')?.split_once('_')?;
        let (number, _) = rest.split_once('_')?;
        Some((day.parse::<u32>().ok()?, number.parse::<u32>().ok()?))
    };
    let today = today.format("%Y%m%d").to_string().parse().unwrap_or_default();
    let (day, number) = modules.iter().filter_map(parts).max().unwrap_or((today, 0));
    format!("m{:08}_{:06}_create_{table}", day.max(today), number + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_migration_sorts_behind_all_others() {
        let modules =
            ["lib", "m20261121_000001_create_users", "m20261121_000009_a", "m20261120_000002_b", "mod", "m_x"];
        let modules = modules.map(str::to_owned);
        for (today, expected) in [
            ("2026-12-01", "m20261201_000010_create_invoices"),
            ("2026-11-21", "m20261121_000010_create_invoices"),
            ("1970-01-01", "m20261121_000010_create_invoices"),
        ] {
            assert_eq!(after(&modules, today.parse().unwrap(), "invoices"), expected);
        }
        assert_eq!(after(&[], NaiveDate::MIN, "invoices").split('_').nth(1), Some("000001"));
    }
}
