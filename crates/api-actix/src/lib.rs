//! HTTP, configuration, command line and wiring of Hexauth.
