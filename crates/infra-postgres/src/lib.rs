//! SeaORM on PostgreSQL: pool, TLS, timeouts, advisory lock, error facts.
