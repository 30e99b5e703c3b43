mod ceremony;
mod passkey;
mod repository;
