pub(crate) mod entity;
mod repository;
mod unit;
