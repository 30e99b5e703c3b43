//! The repository ports on SeaORM, for any SQL database.
