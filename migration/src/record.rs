//! Which migrations a database has.

use std::collections::HashSet;
use std::marker::PhantomData;

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, EntityName};
use sea_orm_migration::{MigratorTrait, seaql_migrations};

use crate::{State, Status};

/// The table that SeaORM makes where a migrator names none, so that several programs may mean theirs by it.
fn shared_table() -> String {
    seaql_migrations::Entity.table_name().to_owned()
}

fn names<M: MigratorTrait>() -> Vec<String> {
    M::migrations().iter().map(|migration| migration.name().to_owned()).collect()
}

/// What a database says about the migrations of a migrator. Read only.
pub(crate) struct Record {
    known: Vec<String>,
    applied: Vec<String>,
    /// It is in the shared table.
    is_shared: bool,
}

impl Record {
    /// Reads the table of `M`, or while there is none the shared one, if that has migrations of `M` and of nobody else:
    /// then an earlier version wrote it.
    pub(crate) async fn read<'c, M, C>(db: &'c C) -> Result<Self, DbErr>
    where
        M: MigratorTrait,
        C: ConnectionTrait,
        &'c C: IntoSchemaManagerConnection<'c>,
    {
        let (known, own) = (names::<M>(), M::migration_table_name().to_string());
        if let Some(applied) = read_table(db, &own).await? {
            return Ok(Self { known, applied, is_shared: false });
        }
        let shared = if own == shared_table() { None } else { read_table(db, &shared_table()).await? };
        let is_ours = |names: &Vec<String>| !names.is_empty() && names.iter().all(|name| known.contains(name));
        let applied = shared.filter(is_ours);
        Ok(Self { is_shared: applied.is_some(), applied: applied.unwrap_or_default(), known })
    }

    /// Each migration: the known ones in order, and then the unknown ones.
    pub(crate) fn status(&self) -> Vec<Status> {
        let state = |name: &String| if self.applied.contains(name) { State::Applied } else { State::Pending };
        let known = self.known.iter().map(|name| Status { name: name.clone(), state: state(name) });
        let unknown = self.unknown().map(|name| Status { name: name.clone(), state: State::Unknown });
        known.chain(unknown).collect()
    }

    pub(crate) fn unknown(&self) -> impl Iterator<Item = &String> {
        self.applied.iter().filter(|name| !self.known.contains(name))
    }

    /// Gives the shared table the name of the table of `M`, if it is all about `M`.
    pub(crate) async fn adopt<'c, M, C>(&self, db: &'c C) -> Result<(), DbErr>
    where
        M: MigratorTrait,
        &'c C: IntoSchemaManagerConnection<'c>,
    {
        if !self.is_shared {
            return Ok(());
        }
        let rename = Table::rename().table(shared_table(), M::migration_table_name()).to_owned();
        SchemaManager::new(db).rename_table(rename).await
    }
}

/// The names in a table of migrations, in order. `None` if there is no such table in the schema.
async fn read_table<'c, C>(db: &'c C, table: &str) -> Result<Option<Vec<String>>, DbErr>
where
    C: ConnectionTrait,
    &'c C: IntoSchemaManagerConnection<'c>,
{
    if !SchemaManager::new(db).has_table(table).await? {
        return Ok(None);
    }
    let version = seaql_migrations::Column::Version;
    let select = Query::select().column(version).from(table.to_owned()).order_by(version, Order::Asc).to_owned();
    let rows = db.query_all(&select).await?;
    rows.iter().map(|row| row.try_get("", "version")).collect::<Result<_, _>>().map(Some)
}

/// The migrator `M`, which does not mind migrations that it does not know.
pub(crate) struct Tolerant<M>(PhantomData<M>);

#[async_trait::async_trait]
impl<M: MigratorTrait> MigratorTrait for Tolerant<M> {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        M::migrations()
    }

    fn migration_table_name() -> DynIden {
        M::migration_table_name()
    }

    async fn get_migration_models<C>(db: &C) -> Result<Vec<seaql_migrations::Model>, DbErr>
    where
        C: ConnectionTrait,
    {
        let known: HashSet<String> = names::<M>().into_iter().collect();
        let mut models = M::get_migration_models(db).await?;
        models.retain(|model| known.contains(&model.version));
        Ok(models)
    }
}
