//! SeaORM on SQLite: file creation, WAL, one writer, busy timeout, error facts.
