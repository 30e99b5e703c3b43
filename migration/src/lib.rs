//! The schema of Hexauth, one file per change, up and down, for both databases.
