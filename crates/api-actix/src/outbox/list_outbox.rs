use actix_web::{HttpResponse, web};
use application::mail::{ListOutbox, Mail};
use domain::ValidationError;
use domain::mail::OutboxFilter;

use super::MailBody;
use crate::fields::{Optional, TextShape, TextValue};
use crate::http::responses::{Forbidden, Invalid, Unauthorized, Unavailable};
use crate::http::{AnyPage, ApiError, Guarded, PageBody, QueryFields};

crate::fields! {
    /// Which mails, and which page.
    pub(crate) ListOutboxQuery as "ListOutbox" -> ListOutbox {
        paging: AnyPage,
        /// Only those in this state.
        state: Optional<OutboxFilter>,
    }
    build ListOutbox { filter: state.unwrap_or_default(), paging }
}

impl TextValue for OutboxFilter {
    const SHAPE: TextShape = TextShape::ANY.pattern("^(pending|sent|dead)$");

    fn parse(text: &str) -> Result<Self, ValidationError> {
        Self::parse(text)
    }
}

pub(crate) type MailPageBody = PageBody<MailBody>;

/// List the outbox.
///
/// Lists mails, the newest first: those that wait, and for a while those that were sent or given up. For admins.
#[utoipa::path(get, path = "/api/v1/outbox", tag = "outbox", params(ListOutboxQuery),
    responses((status = 200, description = "A page of mails.", body = MailPageBody), Invalid, Unauthorized, Forbidden,
        Unavailable),
    security(("bearer" = []), ("password" = [])))]
pub(crate) async fn list_outbox(
    mail: web::Data<Mail>,
    Guarded { actor, input: QueryFields(list) }: Guarded<QueryFields<ListOutboxQuery>>,
) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(MailPageBody::from(mail.list_as(&actor, list).await?)))
}
