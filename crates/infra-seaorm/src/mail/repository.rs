use async_trait::async_trait;
use domain::mail::{MailId, MailState, OutboxFilter, OutboxQuery, OutboxRepository, OutboxStatus, QueuedMail};
use domain::users::Email;
use domain::{StoreError, Timestamp};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, LockBehavior, LockType, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, Order, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    Select,
};

use uuid::Uuid;

use super::entity::{ActiveModel, Column, Entity};
use crate::{Store, columns};

#[async_trait]
impl<C: ConnectionTrait + Send + Sync> OutboxRepository for Store<C> {
    async fn insert(&self, mail: &QueuedMail) -> Result<(), StoreError> {
        self.insert_rows(Entity::insert(ActiveModel::from(mail))).await.map(drop)
    }

    async fn lease(&self, now: Timestamp, until: Timestamp, limit: u64) -> Result<Vec<QueuedMail>, StoreError> {
        let due = Query::select()
            .column(Column::Id)
            .from(Entity)
            .and_where(Column::DueAt.lte(now))
            .order_by(Column::DueAt, Order::Asc)
            .limit(limit)
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .to_owned();
        // Asked again, since a mail may have been settled after it was chosen.
        let mut update = Entity::update_many()
            .col_expr(Column::DueAt, Expr::value(until))
            .filter(Column::Id.in_subquery(due))
            .filter(Column::DueAt.lte(now))
            .into_query();
        update.returning_all();
        let rows = self.connection.query_all(&update).await.map_err(|error| self.error(error))?;
        let mails: Vec<_> = rows.iter().filter_map(|row| columns::read(row, "")).collect();
        for row in &rows {
            let id = row.try_get::<Uuid>("", "id").map_err(|error| self.error(error))?;
            if mails.iter().all(|mail: &QueuedMail| mail.id.as_uuid() != id) {
                self.bury(id, now).await?;
            }
        }
        Ok(mails)
    }

    async fn settle(&self, mail: &QueuedMail) -> Result<bool, StoreError> {
        let mut row = ActiveModel::from(mail);
        if matches!(mail.state, MailState::Sent { .. }) {
            (row.token_id, row.device, row.address) = (Set(None), Set(None), Set(None));
        }
        let update =
            Entity::update_many().set(row).filter(Column::Id.eq(mail.id.as_uuid())).filter(Column::SentAt.is_null());
        Ok(self.update_rows(update).await? == 1)
    }

    async fn find(&self, id: MailId) -> Result<Option<QueuedMail>, StoreError> {
        self.find_one(Entity::find_by_id(id.as_uuid())).await
    }

    async fn list(&self, query: &OutboxQuery) -> Result<Vec<QueuedMail>, StoreError> {
        let mut select = fitting(query.filter).order_by_desc(Column::Id);
        if let Some(before) = query.before {
            select = select.filter(Column::Id.lt(before.as_uuid()));
        }
        self.find_all(select.offset(query.offset).limit(query.limit)).await
    }

    async fn list_to(&self, to: &Email, limit: u64) -> Result<Vec<QueuedMail>, StoreError> {
        let to = Entity::find().filter(Column::RecipientKey.eq(to.key()));
        self.find_all(to.order_by_desc(Column::Id).limit(limit)).await
    }

    async fn count(&self, filter: OutboxFilter) -> Result<u64, StoreError> {
        fitting(filter).count(&self.connection).await.map_err(|error| self.error(error))
    }

    async fn delete_unsent(&self, id: MailId) -> Result<bool, StoreError> {
        let delete = Entity::delete_many().filter(Column::Id.eq(id.as_uuid())).filter(Column::SentAt.is_null());
        Ok(self.delete_rows(delete).await? == 1)
    }

    async fn status(&self) -> Result<OutboxStatus, StoreError> {
        let oldest = Entity::find().select_only().column_as(Column::CreatedAt.min(), "oldest");
        let oldest = oldest.filter(Column::DueAt.is_not_null()).into_tuple::<Option<Timestamp>>();
        let oldest = oldest.one(&self.connection).await.map_err(|error| self.error(error))?;
        Ok(OutboxStatus {
            pending: OutboxRepository::count(self, OutboxFilter::Pending).await?,
            dead: OutboxRepository::count(self, OutboxFilter::Dead).await?,
            oldest_pending: oldest.flatten(),
        })
    }

    async fn delete_settled(&self, before: Timestamp, limit: u64) -> Result<u64, StoreError> {
        let sent = self.delete_oldest::<Entity>(Column::Id, Column::SentAt, before, limit).await?;
        let dead = self.delete_oldest::<Entity>(Column::Id, Column::DiedAt, before, limit - sent).await?;
        Ok(sent + dead)
    }

    async fn count_settled(&self, before: Timestamp) -> Result<u64, StoreError> {
        let sent = self.count_until::<Entity>(Column::SentAt, before).await?;
        Ok(sent + self.count_until::<Entity>(Column::DiedAt, before).await?)
    }
}

fn fitting(filter: OutboxFilter) -> Select<Entity> {
    let is_set = match filter {
        OutboxFilter::All => return Entity::find(),
        OutboxFilter::Pending => Column::DueAt,
        OutboxFilter::Sent => Column::SentAt,
        OutboxFilter::Dead => Column::DiedAt,
    };
    Entity::find().filter(is_set.is_not_null())
}

impl<C: ConnectionTrait + Send + Sync> Store<C> {
    /// Gives up a mail that cannot be read. Its columns stay as they are.
    async fn bury(&self, id: Uuid, now: Timestamp) -> Result<(), StoreError> {
        let update = Entity::update_many()
            .col_expr(Column::DueAt, Expr::value(None::<Timestamp>))
            .col_expr(Column::DiedAt, Expr::value(now))
            .col_expr(Column::LastError, Expr::value("the row cannot be read"))
            .filter(Column::Id.eq(id));
        self.update_rows(update).await.map(drop)
    }
}
