//! Reads the values of Python pickles and executes nothing: plain data, `NumPy` arrays and `PyTorch`
//! tensors; every other object is an error.
//!
//! A pickle is a program. This one runs only the instructions that build plain values, and knows a short
//! list of names (`NumPy` arrays, types and random states, ordered dictionaries, `PyTorch` tensors) that
//! it rebuilds as data. A pickle that asks for any other name is refused with that name.
//!
//! Memory stays within a small multiple of the bytes given: shared parts are kept once, and what would
//! refer to itself or nest too deeply is refused.

mod machine;
mod objects;
mod tree;
mod value;

pub use value::{Array, Element, Kind, Storage, StorageType, TensorView, Value};

/// Reads one pickle, protocols 2 to 5; bytes after its end are left alone.
///
/// # Errors
///
/// [`PickleError`] says what is wrong and where; names that are not on the list are errors.
pub fn parse(bytes: &[u8]) -> Result<Value, PickleError> {
    let (nodes, root) = machine::Machine::new(bytes).run()?;
    tree::build(nodes, root)
}

/// Why a pickle was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PickleError {
    /// The bytes end before the pickle does.
    #[error("the pickle ends early, at byte {offset}")]
    Truncated {
        /// Where more was expected.
        offset: usize,
    },
    /// The pickle does not begin as one of a protocol that is read.
    #[error(
        "not a pickle of protocol 2 to 5; save it again with pickle.dump(value, file, protocol=4)"
    )]
    Protocol,
    /// The pickle asks for code or for a class that is not on the list.
    #[error("refused: the pickle asks for {name:?}, which is neither plain data nor an array")]
    Global {
        /// Its module and name.
        name: String,
    },
    /// An instruction that is not read.
    #[error("refused: instruction {opcode:#04x} at byte {offset}")]
    Instruction {
        /// Its code.
        opcode: u8,
        /// Where it stands.
        offset: usize,
    },
    /// The pickle is damaged or does something unusual.
    #[error("the pickle is damaged at byte {offset}: {what}")]
    Damaged {
        /// Where.
        offset: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// An array's numbers are of a type that is not read.
    #[error("arrays of type {0:?} are not read")]
    ArrayType(String),
    /// A value contains itself.
    #[error("a value contains itself")]
    Cycle,
    /// Values are nested too deeply.
    #[error("values are nested more than {} deep", tree::MAX_DEPTH)]
    Depth,
    /// Parts are repeated so often that the result would dwarf the file.
    #[error("the pickle repeats its parts too often to be honest data")]
    Bomb,
}
