//! The routes of the notes, written like Hexauth's own.

use actix_web::HttpResponse;
use actix_web::web::{Data, ServiceConfig, delete, get, post, resource};
use api_actix::fields::{Required, TextShape, TextValue};
use api_actix::{ApiError, Guarded, JsonBody, PathId, fields};
use domain::{Clock, Ids, ValidationError};

use crate::store::{Note, Notes};

/// Longest note, in characters.
const MAX_LENGTH: usize = 1000;

pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(resource("/api/v1/notes").route(get().to(list_notes)).route(post().to(create_note)))
        .service(resource("/api/v1/notes/{id}").route(delete().to(delete_note)));
}

struct NoteText(String);

impl TextValue for NoteText {
    const SHAPE: TextShape = TextShape::ANY.length(1, MAX_LENGTH);

    fn parse(text: &str) -> Result<Self, ValidationError> {
        match text.chars().count() {
            1..=MAX_LENGTH => Ok(Self(text.to_owned())),
            _ => Err(ValidationError::new("invalid_length", "A note must have 1 to 1000 characters.")),
        }
    }
}

struct NewNote {
    text: NoteText,
}

fields! {
    /// A new note.
    NewNoteBody as "NewNote" -> NewNote {
        text: Required<NoteText>,
    }
    example {"text": "Call Charles."}
}

async fn create_note(
    ids: Data<dyn Ids>,
    clock: Data<dyn Clock>,
    notes: Data<Notes>,
    guarded: Guarded<JsonBody<NewNoteBody>>,
) -> Result<HttpResponse, ApiError> {
    let Guarded { actor, input: JsonBody(new) } = guarded;
    // Ids and times come from ports, so that tests can choose them.
    let (id, created_at) = (ids.v4(), clock.now());
    let note = Note { id, user_id: actor.user_id.as_uuid(), text: new.text.0, created_at };
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
