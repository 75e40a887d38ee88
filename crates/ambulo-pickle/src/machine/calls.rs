//! What calls of the names in the list would give, their states, and what lies outside the pickle.

use std::sync::Arc;

use super::{ArrayNode, Done, Filling, Id, Machine, Node, index};
use crate::PickleError;
use crate::objects::{ArrayElement, Global, element};
use crate::value::{Array, Element, Kind, Storage, TensorView};

impl<'a> Machine<'a> {
    /// Builds what a call of a name from the list would give.
    pub(super) fn call(&mut self, callee: Id, arguments: Id) -> Done {
        let Node::Tuple(arguments) = self.node(arguments) else {
            return Err(self.damaged("arguments that are no tuple"));
        };
        let arguments = arguments.clone();
        self.spend(4 * arguments.len())?;
        let global = match self.node(callee) {
            Node::Global(global) => *global,
            // A random generator made by a class that came as an argument.
            Node::RandomState => Global::RandomState,
            _ => return Err(self.damaged("a call of something that is no name")),
        };
        let node = match (global, &arguments[..]) {
            (Global::ArrayReconstruct, _) => Node::Array(Box::new(ArrayNode {
                shape: Vec::new(),
                columns_first: false,
                filling: Filling::Empty,
            })),
            (Global::ArrayFromBuffer, &[buffer, element, shape, order]) => {
                let columns_first = matches!(self.node(order), Node::Str(order) if order == "F");
                self.array(shape, element, columns_first, buffer)?
            }
            (Global::ArrayScalar, &[element, bytes]) => self.scalar(element, bytes)?,
            (Global::ArrayType, &[code, ..]) => match self.node(code) {
                Node::Str(code) => Node::Element(element(code)?),
                Node::OldStr(code) => {
                    let code = std::str::from_utf8(code);
                    Node::Element(element(code.map_err(|_| self.damaged("an array's type"))?)?)
                }
                _ => return Err(self.damaged("an array's type")),
            },
            (Global::Encode, &[text, _]) => self.encoded(text)?,
            (Global::Dict, &[]) => Node::Dict(Vec::new()),
            (Global::Dict, &[entries]) => self.dictionary(entries)?,
            (Global::Set, &[]) => Node::Set(Vec::new()),
            (Global::Set, &[items]) => Node::Set(self.items(items)?),
            (Global::Tuple, &[items]) => Node::Tuple(self.items(items)?),
            (Global::ByteArray, &[]) => Node::Bytes(Arc::default()),
            (Global::ByteArray, &[bytes] | &[bytes, _]) => match self.node(bytes) {
                Node::Bytes(bytes) => Node::Bytes(bytes.clone()),
                Node::Str(_) => self.encoded(bytes)?,
                _ => return Err(self.damaged("a bytearray of no bytes")),
            },
            (Global::Tensor, &[storage, offset, shape, stride, ..]) => {
                self.tensor(storage, offset, shape, stride)?
            }
            (Global::Parameter, &[tensor, ..]) => {
                self.stack.push(tensor);
                return Ok(());
            }
            (Global::RandomState, _) => Node::RandomState,
            _ => return Err(self.damaged("a call with other arguments than known")),
        };
        self.push(node)
    }

    /// Gives the object on top its state.
    pub(super) fn set_state(&mut self, state: Id) -> Done {
        let target = self.top()?;
        match self.node(target) {
            // Attributes beside the entries, such as a state dictionary's versions, are not kept.
            Node::RandomState
            | Node::Dict(_)
            | Node::Tensor(_)
            | Node::Element(ArrayElement::Object) => Ok(()),
            &Node::Element(ArrayElement::Plain(plain)) => {
                let element = self.element_state(plain, state)?;
                self.nodes[index(target)] = Node::Element(ArrayElement::Plain(element));
                Ok(())
            }
            Node::Array(array) if matches!(array.filling, Filling::Empty) => {
                let &[_, shape, element, order, data] = self.tuple(state)? else {
                    return Err(self.damaged("an array's state"));
                };
                let columns_first = match self.node(order) {
                    Node::Bool(flag) => *flag,
                    Node::Int(flag) => *flag != 0,
                    _ => return Err(self.damaged("an array's order")),
                };
                let array = self.array(shape, element, columns_first, data)?;
                self.nodes[index(target)] = array;
                Ok(())
            }
            _ => Err(self.damaged("state for something that takes none")),
        }
    }

    /// The state of a `numpy.dtype`: version, byte order, sub-type, names, fields, size, …
    fn element_state(&self, mut element: Element, state: Id) -> Done<Element> {
        let state = self.tuple(state)?;
        let order = state.get(1).map(|&order| self.node(order));
        element.big_endian = match order {
            Some(Node::Str(order)) => order == ">",
            Some(Node::OldStr(order)) => **order == *b">",
            _ => return Err(self.damaged("a byte order")),
        };
        let is_none = |id: &Id| matches!(self.node(*id), Node::None);
        if !state.iter().skip(2).take(3).all(is_none) {
            return Err(PickleError::ArrayType("records".to_owned()));
        }
        if let (Kind::Text | Kind::Bytes, Some(&size)) = (element.kind, state.get(5)) {
            element.size = self.size(size)?;
        }
        Ok(element)
    }

    fn array(&self, shape: Id, element: Id, columns_first: bool, data: Id) -> Done<Node<'a>> {
        let shape = self.sizes(shape)?;
        let elements = shape
            .iter()
            .try_fold(1_usize, |product, &extent| product.checked_mul(extent))
            .ok_or_else(|| self.damaged("an array's shape"))?;
        let Node::Element(element) = self.node(element) else {
            return Err(self.damaged("an array's type"));
        };
        let filling = match (element, self.node(data)) {
            (ArrayElement::Object, Node::List(items)) if items.len() == elements => {
                if columns_first && shape.len() > 1 {
                    return Err(PickleError::ArrayType(
                        "objects in Fortran order".to_owned(),
                    ));
                }
                Filling::Objects(items.clone())
            }
            (ArrayElement::Plain(plain), Node::Bytes(bytes) | Node::OldStr(bytes))
                if plain.size > 0 && elements.checked_mul(plain.size) == Some(bytes.len()) =>
            {
                Filling::Plain(*plain, bytes.clone())
            }
            _ => return Err(self.damaged("an array whose data does not fill its shape")),
        };
        Ok(Node::Array(Box::new(ArrayNode {
            shape,
            columns_first,
            filling,
        })))
    }

    fn scalar(&self, element: Id, bytes: Id) -> Done<Node<'a>> {
        let (Node::Element(ArrayElement::Plain(element)), Node::Bytes(bytes) | Node::OldStr(bytes)) =
            (self.node(element), self.node(bytes))
        else {
            return Err(self.damaged("a number of NumPy"));
        };
        let array = Array {
            element: *element,
            shape: Vec::new(),
            columns_first: false,
            bytes: bytes.clone(),
        };
        let number = array.to_f64().and_then(|numbers| match numbers[..] {
            [number] => Some(number),
            _ => None,
        });
        let number = number.ok_or_else(|| self.damaged("a number of NumPy"))?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a whole number of at most 53 bits"
        )]
        Ok(match element.kind {
            Kind::Bool => Node::Bool(number != 0.0),
            Kind::Int | Kind::Uint if number.abs() < 9e15 => Node::Int(number as i64),
            _ => Node::Float(number),
        })
    }

    /// Text back to the bytes it stands for, one a character.
    fn encoded(&mut self, text: Id) -> Done<Node<'a>> {
        let Node::Str(text) = self.node(text) else {
            return Err(self.damaged("bytes that are no text"));
        };
        let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
        let bytes = bytes.ok_or_else(|| self.damaged("bytes beyond 255"))?;
        self.spend(bytes.len())?;
        Ok(Node::Bytes(bytes.into()))
    }

    fn dictionary(&mut self, entries: Id) -> Done<Node<'a>> {
        let entries = self.items(entries)?;
        let mut dictionary = Vec::new();
        for entry in entries {
            match self.node(entry) {
                Node::Tuple(pair) | Node::List(pair) if pair.len() == 2 => {
                    dictionary.push((pair[0], pair[1]));
                }
                _ => return Err(self.damaged("an entry of a dictionary")),
            }
        }
        Ok(Node::Dict(dictionary))
    }

    fn items(&mut self, list: Id) -> Done<Vec<Id>> {
        let items = match self.node(list) {
            Node::List(items) | Node::Tuple(items) | Node::Set(items) => items.clone(),
            _ => return Err(self.damaged("items that are no list")),
        };
        self.spend(8 * items.len())?;
        Ok(items)
    }

    fn tensor(&self, storage: Id, offset: Id, shape: Id, stride: Id) -> Done<Node<'a>> {
        let Node::Storage(storage) = self.node(storage) else {
            return Err(self.damaged("a tensor without storage"));
        };
        let (shape, stride) = (self.sizes(shape)?, self.sizes(stride)?);
        if shape.len() != stride.len() {
            return Err(self.damaged("a tensor's strides"));
        }
        Ok(Node::Tensor(Box::new(TensorView {
            storage: storage.as_ref().clone(),
            offset: self.size(offset)?,
            shape,
            stride,
        })))
    }

    /// `('storage', torch.FloatStorage, key, device, elements)`
    pub(super) fn persistent(&mut self, id: Id) -> Done {
        let &[word, class, key, _, elements, ..] = self.tuple(id)? else {
            return Err(self.damaged("a reference to outside"));
        };
        let is_storage = match self.node(word) {
            Node::Str(word) => word == "storage",
            Node::OldStr(word) => **word == *b"storage",
            _ => false,
        };
        let key: Arc<str> = match self.node(key) {
            Node::Str(key) => key.as_ref().into(),
            Node::OldStr(key) => match std::str::from_utf8(key) {
                Ok(key) => key.into(),
                Err(_) => return Err(self.damaged("a reference to outside")),
            },
            _ => return Err(self.damaged("a reference to outside")),
        };
        let (true, Node::Global(Global::Storage(element))) = (is_storage, self.node(class)) else {
            return Err(self.damaged("a reference to outside"));
        };
        let storage = Storage {
            element: *element,
            elements: self.size(elements)?,
            key,
        };
        self.spend(storage.key.len())?;
        self.push(Node::Storage(Box::new(storage)))
    }
}
