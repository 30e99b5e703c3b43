//! Argon2id hash pool, access tokens, MACs, random, system clock.
