//! From the machine's nodes, which refer to one another, to a tree of values.

use std::sync::Arc;

use crate::PickleError;
use crate::machine::{Filling, Id, Node, index};
use crate::value::{Array, Value};

/// The deepest nesting that is read.
pub(crate) const MAX_DEPTH: usize = 100;

/// Builds the value of a node; every node is built once and shared.
pub(crate) fn build(nodes: Vec<Node<'_>>, root: Id) -> Result<Value, PickleError> {
    let mut built = Vec::new();
    built.resize_with(nodes.len(), || State::Untouched);
    Builder { nodes, built }.value(root, 0)
}

/// How far the value of a node is.
enum State {
    Untouched,
    /// Its parts are being built: meeting it again means it contains itself.
    Open,
    Built(Value),
}

struct Builder<'a> {
    nodes: Vec<Node<'a>>,
    built: Vec<State>,
}

impl Builder<'_> {
    fn value(&mut self, id: Id, depth: usize) -> Result<Value, PickleError> {
        if depth > MAX_DEPTH {
            return Err(PickleError::Depth);
        }
        match self.built.get(index(id)) {
            Some(State::Built(value)) => return Ok(value.clone()),
            Some(State::Untouched) => {}
            Some(State::Open) | None => return Err(PickleError::Cycle),
        }
        self.built[index(id)] = State::Open;
        let node = std::mem::replace(&mut self.nodes[index(id)], Node::None);
        let value = match node {
            Node::None => Value::None,
            Node::Bool(flag) => Value::Bool(flag),
            Node::Int(number) => Value::Int(number),
            Node::Long(bytes) => Value::LongInt(bytes.into()),
            Node::Float(number) => Value::Float(number),
            Node::Str(text) => Value::Str(text.into()),
            Node::Bytes(bytes) => Value::Bytes(bytes),
            Node::OldStr(bytes) => match std::str::from_utf8(&bytes) {
                Ok(text) => Value::Str(text.into()),
                Err(_) => Value::Bytes(bytes),
            },
            Node::List(items) => Value::List(self.values(&items, depth)?),
            Node::Tuple(items) => Value::Tuple(self.values(&items, depth)?),
            Node::Set(items) => Value::Set(self.values(&items, depth)?),
            Node::Dict(entries) => Value::Dict(
                entries
                    .into_iter()
                    .map(|(key, value)| {
                        Ok((self.value(key, depth + 1)?, self.value(value, depth + 1)?))
                    })
                    .collect::<Result<_, PickleError>>()?,
            ),
            Node::Array(array) => match array.filling {
                Filling::Empty => Value::Opaque("numpy.ndarray".into()),
                Filling::Objects(items) => Value::Objects {
                    shape: array.shape.into(),
                    items: self.values(&items, depth)?,
                },
                Filling::Plain(element, bytes) => Value::Array(Arc::new(Array {
                    element,
                    shape: array.shape,
                    columns_first: array.columns_first,
                    bytes,
                })),
            },
            Node::Storage(storage) => Value::Opaque(storage.key),
            Node::Tensor(view) => Value::Tensor(Arc::new(*view)),
            Node::Global(_) => Value::Opaque("class".into()),
            Node::Element(_) => Value::Opaque("numpy.dtype".into()),
            Node::RandomState => Value::Opaque("numpy.random".into()),
        };
        self.built[index(id)] = State::Built(value.clone());
        Ok(value)
    }

    fn values(&mut self, items: &[Id], depth: usize) -> Result<Arc<[Value]>, PickleError> {
        items.iter().map(|&id| self.value(id, depth + 1)).collect()
    }
}
