//! The machine that runs a pickle's instructions over plain nodes.

mod calls;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::PickleError;
use crate::objects::{ArrayElement, Global};
use crate::value::{Element, Storage, TensorView};

/// The place of a node.
pub(crate) type Id = u32;

/// The place of a node, as an index.
pub(crate) fn index(id: Id) -> usize {
    usize::try_from(id).unwrap_or(usize::MAX)
}

/// One object while the pickle is read; parts are named by their place.
#[derive(Debug, Clone)]
pub(crate) enum Node<'a> {
    None,
    Bool(bool),
    Int(i64),
    Long(&'a [u8]),
    Float(f64),
    Str(Cow<'a, str>),
    Bytes(Arc<[u8]>),
    /// A string of Python 2: text or bytes.
    OldStr(Arc<[u8]>),
    List(Vec<Id>),
    Tuple(Vec<Id>),
    Set(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Global(Global),
    Element(ArrayElement),
    Array(Box<ArrayNode>),
    Storage(Box<Storage>),
    Tensor(Box<TensorView>),
    RandomState,
}

/// A `NumPy` array, before and after its state is known.
#[derive(Debug, Clone)]
pub(crate) struct ArrayNode {
    pub(crate) shape: Vec<usize>,
    pub(crate) columns_first: bool,
    pub(crate) filling: Filling,
}

/// What an array holds.
#[derive(Debug, Clone)]
pub(crate) enum Filling {
    Empty,
    Objects(Vec<Id>),
    Plain(Element, Arc<[u8]>),
}

pub(crate) struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    nodes: Vec<Node<'a>>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: BTreeMap<u32, Id>,
    /// Bytes that may still be copied by instructions that copy: keeps short pickles from growing large.
    budget: usize,
}

type Done<T = ()> = Result<T, PickleError>;

impl<'a> Machine<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            nodes: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: BTreeMap::new(),
            budget: bytes.len().saturating_mul(4).saturating_add(4096),
        }
    }

    /// Runs to the end: all nodes, and the place of the result.
    pub(crate) fn run(mut self) -> Done<(Vec<Node<'a>>, Id)> {
        match self.bytes {
            [0x80, 2..=5, ..] => self.at = 2,
            _ => return Err(PickleError::Protocol),
        }
        loop {
            let opcode = self.byte()?;
            if opcode == b'.' {
                let root = self.pop()?;
                return Ok((self.nodes, root));
            }
            self.step(opcode)?;
        }
    }

    fn step(&mut self, opcode: u8) -> Done {
        match opcode {
            b'N' => self.push(Node::None),
            0x88 => self.push(Node::Bool(true)),
            0x89 => self.push(Node::Bool(false)),
            b'J' => {
                let number = i64::from(i32::from_le_bytes(self.fixed()?));
                self.push(Node::Int(number))
            }
            b'K' => {
                let number = i64::from(self.byte()?);
                self.push(Node::Int(number))
            }
            b'M' => {
                let number = i64::from(u16::from_le_bytes(self.fixed()?));
                self.push(Node::Int(number))
            }
            0x8A | 0x8B => self.long(opcode),
            b'G' => {
                let number = f64::from_be_bytes(self.fixed()?);
                self.push(Node::Float(number))
            }
            b'X' | 0x8C | 0x8D => {
                let text = self.text(opcode)?;
                self.push(Node::Str(Cow::Borrowed(text)))
            }
            b'T' | b'U' | b'B' | b'C' | 0x8E | 0x96 => self.binary(opcode),
            b'(' => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            b'0' => self.pop().map(|_| ()),
            b'1' => self.pop_mark().map(|_| ()),
            b'2' => {
                let top = self.top()?;
                self.stack.push(top);
                Ok(())
            }
            b']' => self.push(Node::List(Vec::new())),
            b'}' => self.push(Node::Dict(Vec::new())),
            b')' => self.push(Node::Tuple(Vec::new())),
            0x8F => self.push(Node::Set(Vec::new())),
            b't' => {
                let items = self.pop_mark()?;
                self.push(Node::Tuple(items))
            }
            b'l' => {
                let items = self.pop_mark()?;
                self.push(Node::List(items))
            }
            0x91 => {
                let items = self.pop_mark()?;
                self.push(Node::Set(items))
            }
            b'd' => {
                let entries = self.pop_mark()?;
                let entries = self.pairs(&entries)?;
                self.push(Node::Dict(entries))
            }
            0x85..=0x87 => self.short_tuple(usize::from(opcode - 0x84)),
            b'a' | b'e' | 0x90 | b's' | b'u' => self.fill(opcode),
            b'q' | b'r' | 0x94 => self.remember(opcode),
            b'h' | b'j' => self.recall(opcode),
            b'c' | 0x93 => self.global(opcode),
            b'R' | 0x81 => {
                let arguments = self.pop()?;
                let callee = self.pop()?;
                self.call(callee, arguments)
            }
            b'b' => {
                let state = self.pop()?;
                self.set_state(state)
            }
            b'Q' => {
                let id = self.pop()?;
                self.persistent(id)
            }
            // A frame only says how many bytes follow.
            0x95 => self.take(8).map(|_| ()),
            // Another protocol header changes nothing.
            0x80 => self.byte().map(|_| ()),
            _ => Err(PickleError::Instruction {
                opcode,
                offset: self.at - 1,
            }),
        }
    }

    fn long(&mut self, opcode: u8) -> Done {
        let length = if opcode == 0x8A {
            usize::from(self.byte()?)
        } else {
            self.length4()?
        };
        let bytes = self.take(length)?;
        let Some(last) = bytes.last() else {
            return self.push(Node::Int(0));
        };
        if length > 8 {
            return self.push(Node::Long(bytes));
        }
        let mut wide = [if last >> 7 == 1 { 0xFF } else { 0 }; 8];
        wide[..length].copy_from_slice(bytes);
        self.push(Node::Int(i64::from_le_bytes(wide)))
    }

    fn text(&mut self, opcode: u8) -> Done<&'a str> {
        let length = match opcode {
            0x8C => usize::from(self.byte()?),
            b'X' => self.length4()?,
            _ => self.length8()?,
        };
        let bytes = self.take(length)?;
        std::str::from_utf8(bytes).map_err(|_| self.damaged("text that is not UTF-8"))
    }

    fn binary(&mut self, opcode: u8) -> Done {
        let length = match opcode {
            b'U' | b'C' => usize::from(self.byte()?),
            b'T' | b'B' => self.length4()?,
            _ => self.length8()?,
        };
        let bytes = self.take(length)?.into();
        self.push(match opcode {
            b'T' | b'U' => Node::OldStr(bytes),
            _ => Node::Bytes(bytes),
        })
    }

    fn short_tuple(&mut self, length: usize) -> Done {
        let start = self.floor();
        let from = self.stack.len().checked_sub(length);
        let from = from.filter(|&from| from >= start);
        let items = match from {
            Some(from) => self.stack.split_off(from),
            None => return Err(self.damaged("a tuple of more than there is")),
        };
        self.push(Node::Tuple(items))
    }

    /// Appends to the list, set or dictionary below.
    fn fill(&mut self, opcode: u8) -> Done {
        let items = match opcode {
            b'a' => vec![self.pop()?],
            b's' => {
                let value = self.pop()?;
                vec![self.pop()?, value]
            }
            _ => self.pop_mark()?,
        };
        let target = self.top()?;
        let entries = match opcode {
            b's' | b'u' => self.pairs(&items)?,
            _ => Vec::new(),
        };
        match (opcode, &mut self.nodes[index(target)]) {
            (b'a' | b'e', Node::List(list)) => list.extend(items),
            (0x90, Node::Set(set)) => set.extend(items),
            (b's' | b'u', Node::Dict(dict)) => dict.extend(entries),
            (_, Node::RandomState) => {}
            _ => return Err(self.damaged("items for something that takes none")),
        }
        Ok(())
    }

    fn remember(&mut self, opcode: u8) -> Done {
        let key = match opcode {
            b'q' => u32::from(self.byte()?),
            b'r' => u32::from_le_bytes(self.fixed()?),
            _ => u32::try_from(self.memo.len()).map_err(|_| PickleError::Bomb)?,
        };
        let top = self.top()?;
        self.memo.insert(key, top);
        Ok(())
    }

    fn recall(&mut self, opcode: u8) -> Done {
        let key = match opcode {
            b'h' => u32::from(self.byte()?),
            _ => u32::from_le_bytes(self.fixed()?),
        };
        let id = self.memo.get(&key).copied();
        self.stack
            .push(id.ok_or_else(|| self.damaged("a reference to nothing"))?);
        Ok(())
    }

    fn global(&mut self, opcode: u8) -> Done {
        let global = if opcode == b'c' {
            let module = self.line()?;
            let name = self.line()?;
            Global::find(module, name)?
        } else {
            let (name, module) = (self.pop()?, self.pop()?);
            match (self.node(module), self.node(name)) {
                (Node::Str(module), Node::Str(name)) => Global::find(module, name)?,
                _ => return Err(self.damaged("a name that is no text")),
            }
        };
        self.push(Node::Global(global))
    }

    fn sizes(&self, tuple: Id) -> Done<Vec<usize>> {
        let sizes = self.tuple(tuple)?;
        if sizes.len() > 32 {
            return Err(self.damaged("more than 32 axes"));
        }
        sizes.iter().map(|&size| self.size(size)).collect()
    }

    fn size(&self, id: Id) -> Done<usize> {
        match self.node(id) {
            &Node::Int(size) => {
                usize::try_from(size).map_err(|_| self.damaged("a size below zero"))
            }
            _ => Err(self.damaged("a size that is no number")),
        }
    }

    fn tuple(&self, id: Id) -> Done<&[Id]> {
        match self.node(id) {
            Node::Tuple(items) => Ok(items),
            _ => Err(self.damaged("no tuple where one belongs")),
        }
    }

    fn pairs(&self, items: &[Id]) -> Done<Vec<(Id, Id)>> {
        let (pairs, rest) = items.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(self.damaged("a key without a value"));
        }
        Ok(pairs.iter().map(|&[key, value]| (key, value)).collect())
    }

    fn spend(&mut self, bytes: usize) -> Done {
        self.budget = self.budget.checked_sub(bytes).ok_or(PickleError::Bomb)?;
        Ok(())
    }

    fn node(&self, id: Id) -> &Node<'a> {
        // Places on the stack and in the memo always come from `push`.
        &self.nodes[index(id)]
    }

    fn push(&mut self, node: Node<'a>) -> Done {
        let id = Id::try_from(self.nodes.len()).map_err(|_| PickleError::Bomb)?;
        self.nodes.push(node);
        self.stack.push(id);
        Ok(())
    }

    /// What lies below the last mark is out of reach.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Done<Id> {
        let above = self.stack.get(self.floor()..).unwrap_or_default();
        above
            .last()
            .copied()
            .ok_or_else(|| self.damaged("the stack is empty"))
    }

    fn pop(&mut self) -> Done<Id> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn pop_mark(&mut self) -> Done<Vec<Id>> {
        let mark = self.marks.pop();
        match mark.filter(|&mark| mark <= self.stack.len()) {
            Some(mark) => Ok(self.stack.split_off(mark)),
            None => Err(self.damaged("no mark")),
        }
    }

    fn byte(&mut self) -> Done<u8> {
        self.fixed::<1>().map(|[byte]| byte)
    }

    fn fixed<const N: usize>(&mut self) -> Done<[u8; N]> {
        let bytes = self.take(N)?;
        bytes
            .try_into()
            .map_err(|_| PickleError::Truncated { offset: self.at })
    }

    fn length4(&mut self) -> Done<usize> {
        let length = u32::from_le_bytes(self.fixed()?);
        usize::try_from(length).map_err(|_| self.damaged("a length"))
    }

    fn length8(&mut self) -> Done<usize> {
        let length = u64::from_le_bytes(self.fixed()?);
        usize::try_from(length).map_err(|_| self.damaged("a length"))
    }

    fn take(&mut self, length: usize) -> Done<&'a [u8]> {
        let end = self.at.checked_add(length);
        let taken = end.and_then(|end| self.bytes.get(self.at..end));
        let taken = taken.ok_or(PickleError::Truncated {
            offset: self.bytes.len(),
        })?;
        self.at += length;
        Ok(taken)
    }

    fn line(&mut self) -> Done<&'a str> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|&byte| byte == b'\n');
        let end = end.ok_or(PickleError::Truncated {
            offset: self.bytes.len(),
        })?;
        self.at += end + 1;
        std::str::from_utf8(&rest[..end]).map_err(|_| self.damaged("a name that is not UTF-8"))
    }

    fn damaged(&self, what: &'static str) -> PickleError {
        PickleError::Damaged {
            offset: self.at,
            what,
        }
    }
}
