use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;
use sea_orm_migration::sea_orm::prelude::Uuid;
use unicode_normalization::UnicodeNormalization;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        if manager.get_database_backend() == DbBackend::Postgres {
            connection.execute_unprepared(DOMAINS).await?;
        }
        rewrite_keys(connection).await
    }

    /// Keys stay as they are: the previous version finds the names by them, as far as it would have.
    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared("DROP INDEX IF EXISTS ix_users_email_domain").await.map(drop)
    }
}

const DOMAINS: &str = "CREATE INDEX IF NOT EXISTS ix_users_email_domain ON users (split_part(email_key, '@', 2))";

/// How many users are in memory at a time.
const BATCH: u64 = 1000;

/// Gives every name the key by which it is searched for from now on.
async fn rewrite_keys(connection: &SchemaManagerConnection<'_>) -> Result<(), DbErr> {
    let mut last = None;
    loop {
        let names = Query::select()
            .columns([Users::Id, Users::FullName, Users::FullNameKey])
            .from(Users::Table)
            .and_where(Expr::col(Users::FullName).is_not_null())
            .and_where_option(last.map(|last: Uuid| Expr::col(Users::Id).gt(last)))
            .order_by(Users::Id, Order::Asc)
            .limit(BATCH)
            .to_owned();
        let rows = connection.query_all(&names).await?;
        // What cannot be read is left to those who repair it.
        let read = rows.iter().filter_map(|row| {
            let names = (row.try_get("", "full_name").ok()?, row.try_get("", "full_name_key").ok()?);
            Some((row.try_get("", "id").ok()?, names))
        });
        let read: Vec<(Uuid, (String, Option<String>))> = read.collect();
        let Some((id, _)) = read.last() else { return Ok(()) };
        last = Some(*id);
        for (id, (name, key)) in read {
            let new = search_key(&name);
            if key.as_ref() != Some(&new) {
                let update = Query::update()
                    .table(Users::Table)
                    .value(Users::FullNameKey, new)
                    .and_where(Expr::col(Users::Id).eq(id))
                    .to_owned();
                connection.execute(&update).await?;
            }
        }
    }
}

// The rules of `domain::users::search_key` at the time of this migration, which do not change with it.

fn search_key(text: &str) -> String {
    let folded: String = text.chars().filter(|char| !is_ignorable(*char)).nfc().flat_map(fold).collect();
    let key: String = folded.replace("i\u{307}", "i").nfc().collect();
    key.split(is_between_words).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn fold(char: char) -> impl Iterator<Item = char> {
    char.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

fn is_between_words(char: char) -> bool {
    char.is_whitespace() || "-\u{2010}\u{2011}\u{2012}–—―−－'‘’‚‛ʹʻʼʽˈ`´′＇\"“”„«»‹›,.;:/()·•・‧،、。".contains(char)
}

fn is_ignorable(char: char) -> bool {
    matches!(
        char,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fdd0}'..='\u{fdef}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    ) || u32::from(char) & 0xfffe == 0xfffe
}

#[derive(DeriveIden)]
enum Users {
    Table,
    Id,
    FullName,
    FullNameKey,
}
