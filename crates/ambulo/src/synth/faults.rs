//! Faults that recordings have, made on purpose.
