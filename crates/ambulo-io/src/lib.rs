//! Bytes to domain types and back: every file format. Parsers take bytes, bound their memory and never panic.
