//! The lines that are added to files which exist, in the order of `docs/adding-a-resource.md`.

use minijinja::Value;

use crate::Error;
use crate::edits::{Edits, Place};
use crate::project::Project;
use crate::templates::fill;

use Place::{Before, Behind, End};

/// A file, where in it, and what is added.
type Addition = (&'static str, Place, &'static str);

const DOMAIN: &[Addition] = &[
    (
        "crates/domain/src/ids.rs",
        End,
        "id!(\n    /// Names «a» «words». UUID version 7, so that ids sort by creation.\n    «Name»Id\n);\n",
    ),
    ("crates/domain/src/lib.rs", Before("mod user;\n"), "mod «name»;\n"),
    ("crates/domain/src/lib.rs", Behind("pub use ids::{"), "«Name»Id, "),
    ("crates/domain/src/lib.rs", Before("pub use user::"), "pub use «name»::{«Name», «Name»Position, «Name»Query};\n"),
    ("crates/domain/src/ports/mod.rs", Before("mod users;\n"), "mod «plural»;\n"),
    ("crates/domain/src/ports/mod.rs", Before("pub use users::"), "pub use «plural»::«Name»Repository;\n"),
    (
        "crates/domain/src/ports/mod.rs",
        Before("    users::MockUserRepository,\n"),
        "    «plural»::Mock«Name»Repository,\n",
    ),
    ("crates/domain/src/ports/id_generator.rs", Behind("use crate::{"), "«Name»Id, "),
    (
        "crates/domain/src/ports/id_generator.rs",
        Before("    /// A new session id."),
        "    /// A new «words» id. It MUST be a UUID version 7 of `now`.\n    \
         fn «name»_id(&self, now: Timestamp) -> «Name»Id;\n\n",
    ),
    ("crates/domain/src/ports/unit_of_work.rs", Behind("use super::{"), "«Name»Repository, "),
    (
        "crates/domain/src/ports/unit_of_work.rs",
        Before("    /// Makes the writes last."),
        "    /// The «plural_words», inside this unit.\n    fn «plural»(&self) -> &dyn «Name»Repository;\n\n",
    ),
    ("crates/domain/src/mocks.rs", Behind("pub use crate::ports::{"), "Mock«Name»Repository, "),
    ("crates/domain/src/mocks.rs", Behind("\nuse crate::ports::{"), "«Name»Repository, "),
    (
        "crates/domain/src/mocks.rs",
        Before("    commits: Arc<AtomicUsize>,\n}\n\nimpl MockUnitsOfWork"),
        "    /// What `«plural»()` lends out.\n    pub «plural»: Mock«Name»Repository,\n",
    ),
    (
        "crates/domain/src/mocks.rs",
        Before("    async fn commit("),
        "    fn «plural»(&self) -> &dyn «Name»Repository {\n        &self.«plural»\n    }\n\n",
    ),
];

const APPLICATION: &[Addition] = &[
    ("crates/application/src/lib.rs", Before("mod users;\n"), "mod «plural»;\n"),
    ("crates/application/src/lib.rs", Behind("use domain::ports::{"), "«Name»Repository, "),
    (
        "crates/application/src/lib.rs",
        Before("pub use users::"),
        "pub use «plural»::{Create«Name», «Name»Change, «Name»Page, List«Plural»};\n",
    ),
    (
        "crates/application/src/lib.rs",
        Before("    /// Several writes as one.\n"),
        "    /// The «plural_words», outside a unit of work.\n    pub «plural»: Arc<dyn «Name»Repository>,\n",
    ),
    (
        "crates/application/src/lib.rs",
        Before("//!     units_of_work: "),
        "//!     «plural»: Arc::new(Mock«Name»Repository::new()),\n",
    ),
    ("crates/application/src/testing.rs", Behind("use domain::mocks::{"), "Mock«Name»Repository, "),
    (
        "crates/application/src/testing.rs",
        Before("    pub(crate) settings: Settings,\n"),
        "    pub(crate) «plural»: Mock«Name»Repository,\n",
    ),
    (
        "crates/application/src/testing.rs",
        Before("            settings: Settings::default(),\n"),
        "            «plural»: Mock«Name»Repository::new(),\n",
    ),
    (
        "crates/application/src/testing.rs",
        Before("        ids.expect_session_id()"),
        "        ids.expect_«name»_id().returning(|_| «name»_id());\n",
    ),
    (
        "crates/application/src/testing.rs",
        Before("use crate::{"),
        "pub(crate) use crate::«plural»::testing::{«a»_«name», «name»_id};\n",
    ),
    (
        "crates/application/src/testing.rs",
        Before("            units_of_work: "),
        "            «plural»: Arc::new(self.«plural»),\n",
    ),
];

const ADAPTERS: &[Addition] = &[
    ("crates/infra-security/src/ids.rs", Behind("use domain::{"), "«Name»Id, "),
    (
        "crates/infra-security/src/ids.rs",
        Before("    fn session_id(&self)"),
        "    fn «name»_id(&self, now: Timestamp) -> «Name»Id {\n        «Name»Id::new(uuid_of(now))\n    }\n\n",
    ),
    ("migration/src/lib.rs", Before("\n/// Applies and reverts the migrations."), "mod «migration»;\n"),
    ("migration/src/lib.rs", Before("        ]\n"), "            Box::new(«migration»::Migration),\n"),
    ("crates/infra-seaorm/src/entities/mod.rs", Before("pub(crate) mod user;\n"), "pub(crate) mod «name»;\n"),
    ("crates/infra-seaorm/src/lib.rs", Before("mod users;\n"), "mod «plural»;\n"),
    ("crates/infra-seaorm/src/unit_of_work.rs", Behind("use domain::ports::{"), "«Name»Repository, "),
    (
        "crates/infra-seaorm/src/unit_of_work.rs",
        Before("    async fn commit("),
        "    fn «plural»(&self) -> &dyn «Name»Repository {\n        self\n    }\n\n",
    ),
];

const HTTP: &[Addition] = &[
    ("crates/api-actix/src/routes/mod.rs", Before("pub(crate) mod users;\n"), "pub(crate) mod «plural»;\n"),
    (
        "crates/api-actix/src/routes/mod.rs",
        Before("    config\n        // Each path"),
        "    let «plural» = web::scope(\"/«plural»\")
        .service(
            resource(\"\")
                .route(get().to(«plural»::list_«plural»::list_«plural»))
                .route(post().to(«plural»::create_«name»::create_«name»)),
        )
        .service(
            resource(\"/{id}\")
                .route(get().to(«plural»::get_«name»::get_«name»))
                .route(patch().to(«plural»::update_«name»::update_«name»))
                .route(delete().to(«plural»::delete_«name»::delete_«name»)),
        );\n",
    ),
    ("crates/api-actix/src/routes/mod.rs", Behind(".service(users)"), ".service(«plural»)"),
    ("crates/api-actix/src/openapi.rs", Behind("use crate::routes::{"), "«plural», "),
    (
        "crates/api-actix/src/openapi.rs",
        Before("        well_known::jwks,\n"),
        "        «plural»::create_«name»::create_«name»,
        «plural»::list_«plural»::list_«plural»,
        «plural»::get_«name»::get_«name»,
        «plural»::update_«name»::update_«name»,
        «plural»::delete_«name»::delete_«name»,\n",
    ),
    (
        "crates/api-actix/src/openapi.rs",
        Before("        (name = \"keys\""),
        "        (name = \"«plural»\", description = \"One's own «plural_words».\"),\n",
    ),
    ("crates/api-actix/src/wiring.rs", Behind("use domain::ports::{"), "«Name»Repository, "),
    ("crates/api-actix/src/wiring.rs", Before("        + UnitOfWorkFactory\n"), "        + «Name»Repository\n"),
    ("crates/api-actix/src/wiring.rs", Before("        units_of_work: "), "        «plural»: store.clone(),\n"),
];

const TESTS: &[Addition] = &[
    ("tests/src/database.rs", Behind("use domain::ports::{"), "«Name»Repository, "),
    (
        "tests/src/database.rs",
        Before("    /// Its units of work.\n"),
        "    /// Its «plural_words».\n    pub «plural»: Arc<dyn «Name»Repository>,\n",
    ),
    ("tests/src/database.rs", Before("            + UnitOfWorkFactory\n"), "            + «Name»Repository\n"),
    ("tests/src/database.rs", Before("            units: store.clone(),\n"), "            «plural»: store.clone(),\n"),
    ("tests/contract/clocks.rs", Before("            units_of_work: "), "            «plural»: db.«plural».clone(),\n"),
    ("tests/contract/main.rs", Before("mod users;\n"), "mod «plural»;\n"),
    ("tests/api/main.rs", Before("mod verify;\n"), "mod «plural»;\n"),
];

/// What else puts `Ports` together, where it is still there.
const EXAMPLE: Addition =
    ("examples/cli/src/wiring.rs", Before("        units_of_work: "), "        «plural»: store.clone(),\n");

/// The files that are edited.
#[cfg(test)]
pub(crate) fn files() -> impl Iterator<Item = &'static str> {
    [DOMAIN, APPLICATION, ADAPTERS, HTTP, TESTS].concat().into_iter().map(|(path, _, _)| path)
}

/// Makes all additions.
pub(crate) fn add(project: &Project, edits: &mut Edits<'_>, context: &Value) -> Result<(), Error> {
    let example = Some(EXAMPLE).filter(|(path, ..)| project.has(path));
    for (path, place, text) in [DOMAIN, APPLICATION, ADAPTERS, HTTP, TESTS].concat().into_iter().chain(example) {
        edits.add(path, place, &fill(path, text, context)?);
    }
    Ok(())
}
