//! The use cases of Hexauth, one file each.
