//! The description of the API, and a page to read and try it.

pub mod openapi;

pub(crate) mod swagger;

#[cfg(test)]
mod bodies;
