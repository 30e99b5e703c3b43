mod entity;
mod repository;
mod row;

pub use row::revoked_from_row;
