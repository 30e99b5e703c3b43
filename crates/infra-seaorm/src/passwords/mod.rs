pub(crate) mod entity;
mod repository;
