//! The routes of the notes, written like Hexauth's own.

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig, delete, get, post, resource};
use api_actix::{ApiError, Fields, FromFields, Guarded, Json, PathId};
use domain::{Clock, IdGenerator, ValidationError};

use crate::store::{Note, Notes};

/// Longest note, in characters.
const MAX_LENGTH: usize = 1000;

pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource("/api/v1/notes").route(get().to(list_notes)).route(post().to(create_note)))
        .service(resource("/api/v1/notes/{id}").route(delete().to(delete_note)));
}

struct NewNote {
    text: String,
}

impl FromFields for NewNote {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let text = fields.required("text", |text| match text.chars().count() {
            1..=MAX_LENGTH => Ok(text.to_owned()),
            _ => Err(ValidationError::new("invalid_length", "A note has 1 to 1000 characters.")),
        });
        Some(Self { text: text? })
    }
}

async fn create_note(
    ids: Data<dyn IdGenerator>,
    clock: Data<dyn Clock>,
    notes: Data<Notes>,
    guarded: Guarded<Json<NewNote>>,
) -> Result<HttpResponse, ApiError> {
    let Guarded { actor, input: Json(new) } = guarded;
    // Ids and times come from ports, so that tests can choose them.
    let (id, created_at) = (ids.token_id().as_uuid(), clock.now());
    let note = Note { id, user_id: actor.user_id.as_uuid(), text: new.text, created_at };
    notes.insert(note.clone()).await?;
    Ok(HttpResponse::Created().json(note))
}

async fn list_notes(notes: Data<Notes>, guarded: Guarded<()>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(notes.list(guarded.actor.user_id).await?))
}

async fn delete_note(notes: Data<Notes>, guarded: Guarded<PathId>) -> Result<HttpResponse, ApiError> {
    let Guarded { actor, input: PathId(id) } = guarded;
    notes.delete(actor.user_id, id).await?;
    Ok(HttpResponse::NoContent().finish())
}
