//! Python's pickles of NumPy arrays, read by an interpreter that knows nothing else: protocols 2 to 5.
//!
//! A pickle is a program for a machine with a stack and a memory. Here its only calls are those that put
//! arrays together; everything else is refused by name, so nothing can be executed. Each array of numbers
//! is handed on as soon as it is whole, and its bytes are let go: what the machine remembers is small.

use super::{Array, Element, LARGEST_ARRAY};
use std::{cell::RefCell, collections::HashMap, io::Read, rc::Rc};

/// Values that a pickle may make: it takes some twenty for an array.
const MOST_VALUES: usize = 1 << 21;
/// Tuples in tuples: arrays need two.
const DEEPEST: usize = 8;
/// Longer bytes and texts are not remembered: they are the numbers of the one array that they stand by.
const LONGEST_REMEMBERED: usize = 4096;

/// What the machine works on; `T` is what became of an array of numbers.
enum PickleValue<T> {
    None,
    Truth(bool),
    Integer(i64),
    Bytes(Rc<[u8]>),
    Text(Rc<str>),
    Tuple(Tuple<T>),
    List(Vec<PickleValue<T>>),
    Call(PickleCallable),
    Kind(Kind),
    Array(Rc<RefCell<ArrayState<T>>>),
    Mark,
}

/// Some values.
struct Tuple<T> {
    values: Rc<[PickleValue<T>]>,
    /// How deep tuples go in it.
    depth: usize,
    /// Whether the machine may remember it.
    is_small: bool,
}

/// What an array is so far.
enum ArrayState<T> {
    Blank,
    Numbers(Option<T>),
    Objects(Vec<PickleValue<T>>),
}

/// What may be called or named.
#[derive(Clone, Copy, PartialEq)]
enum PickleCallable {
    Reconstruct,
    FromBuffer,
    ArrayClass,
    KindClass,
    Encode,
}

/// The type of an array's elements.
#[derive(Clone, Copy)]
enum Kind {
    Number(Element),
    Object,
}

impl<T> Clone for PickleValue<T> {
    fn clone(&self) -> Self {
        match self {
            Self::None | Self::List(_) => Self::None,
            Self::Truth(truth) => Self::Truth(*truth),
            Self::Integer(number) => Self::Integer(*number),
            Self::Bytes(bytes) => Self::Bytes(bytes.clone()),
            Self::Text(text) => Self::Text(text.clone()),
            Self::Tuple(Tuple { values, depth, is_small }) => {
                Self::Tuple(Tuple { values: values.clone(), depth: *depth, is_small: *is_small })
            }
            Self::Call(call) => Self::Call(*call),
            Self::Kind(kind) => Self::Kind(*kind),
            Self::Array(array) => Self::Array(array.clone()),
            Self::Mark => Self::Mark,
        }
    }
}

impl<T> PickleValue<T> {
    /// Whether the machine may keep a copy: small, and not changed later.
    fn can_be_remembered(&self) -> bool {
        match self {
            Self::Bytes(bytes) => bytes.len() <= LONGEST_REMEMBERED,
            Self::Text(text) => text.len() <= LONGEST_REMEMBERED,
            Self::Tuple(tuple) => tuple.is_small,
            Self::List(_) | Self::Mark => false,
            _ => true,
        }
    }

    fn is_numbers(&self) -> bool {
        matches!(self, Self::Array(array) if matches!(*array.borrow(), ArrayState::Numbers(_)))
    }

    fn depth(&self) -> usize {
        if let Self::Tuple(tuple) = self { tuple.depth } else { 0 }
    }
}

/// Reads a pickle of an array of arrays: `keep` gets each array of numbers as it comes, and what it makes
/// of them is given in the order of the outer array. An array of numbers alone comes as the only one.
///
/// # Errors
/// Where the pickle is damaged, or what it holds besides arrays.
pub fn read_arrays<T>(
    input: &mut impl Read,
    keep: &mut dyn FnMut(Array) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    let mut machine = Machine { input, keep, stack: Vec::new(), memory: HashMap::new(), made: 0 };
    while machine.step()? {}
    let Some(PickleValue::Array(array)) = machine.stack.pop() else {
        return Err("it is not an array of arrays".to_owned());
    };
    machine.memory.clear();
    match array.replace(ArrayState::Blank) {
        ArrayState::Numbers(Some(kept)) => Ok(vec![kept]),
        ArrayState::Objects(values) => values.into_iter().map(numbers).collect(),
        ArrayState::Numbers(None) | ArrayState::Blank => Err("an array in it was never filled".to_owned()),
    }
}

fn numbers<T>(value: PickleValue<T>) -> Result<T, String> {
    let PickleValue::Array(array) = value else {
        return Err("one of its objects is not an array".to_owned());
    };
    match array.replace(ArrayState::Blank) {
        ArrayState::Numbers(Some(kept)) => Ok(kept),
        _ => Err("one of its objects is not an array of numbers, or is there twice".to_owned()),
    }
}

struct Machine<'a, T, R> {
    input: &'a mut R,
    keep: &'a mut dyn FnMut(Array) -> Result<T, String>,
    stack: Vec<PickleValue<T>>,
    /// `None` for what is too large to remember.
    memory: HashMap<u32, Option<PickleValue<T>>>,
    /// Values pushed so far.
    made: usize,
}

impl<T, R: Read> Machine<'_, T, R> {
    /// Does the next instruction; false after the last.
    fn step(&mut self) -> Result<bool, String> {
        let [code] = self.take()?;
        match code {
            0x80 => match self.take()? {
                [2..=5] => {}
                [protocol] => return Err(format!("pickle protocol {protocol} is not read, only 2 to 5")),
            },
            // The length of a frame.
            0x95 => drop(self.take::<8>()?),
            b'.' => return Ok(false),
            b'(' => self.push(PickleValue::Mark)?,
            b'0' => drop(self.pop()?),
            b'1' => drop(self.above_mark()?),
            b'N' => self.push(PickleValue::None)?,
            0x88 | 0x89 => self.push(PickleValue::Truth(code == 0x88))?,
            b'J' => {
                let number = i32::from_le_bytes(self.take()?);
                self.push(PickleValue::Integer(number.into()))?;
            }
            b'K' | b'M' | 0x8a => self.integer(code)?,
            b'U' | b'T' | b'C' | b'B' | 0x8e | 0x96 => {
                let length = self.length(code)?;
                let bytes = self.bytes(length, LARGEST_ARRAY as u64 * 8)?;
                self.push(PickleValue::Bytes(bytes.into()))?;
            }
            0x8c | b'X' | 0x8d => {
                let length = self.length(code)?;
                let text = String::from_utf8(self.bytes(length, LARGEST_ARRAY as u64 * 8)?)
                    .map_err(|_| "a text in it is not UTF-8".to_owned())?;
                self.push(PickleValue::Text(text.into()))?;
            }
            b')' => self.tuple(0)?,
            0x85..=0x87 => self.tuple(usize::from(code - 0x84))?,
            b't' => {
                let values = self.above_mark()?;
                self.push_tuple(values)?;
            }
            b']' => self.push(PickleValue::List(Vec::new()))?,
            b'a' => {
                let value = self.pop()?;
                self.append(vec![value])?;
            }
            b'e' => {
                let values = self.above_mark()?;
                self.append(values)?;
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(PickleValue::Call(call(&module, &name)?))?;
            }
            0x93 => match (self.pop()?, self.pop()?) {
                (PickleValue::Text(name), PickleValue::Text(module)) => {
                    self.push(PickleValue::Call(call(&module, &name)?))?;
                }
                _ => return Err("a name in it is not text".to_owned()),
            },
            b'q' => {
                let [index] = self.take()?;
                self.remember(index.into())?;
            }
            b'r' => {
                let index = u32::from_le_bytes(self.take()?);
                self.remember(index)?;
            }
            0x94 => self.remember(self.memory.len() as u32)?,
            b'h' => {
                let [index] = self.take()?;
                self.recall(index.into())?;
            }
            b'j' => {
                let index = u32::from_le_bytes(self.take()?);
                self.recall(index)?;
            }
            // Bytes that may not be changed: they are not.
            0x98 => {}
            b'R' => self.reduce()?,
            b'b' => self.build()?,
            _ => return Err(format!("it needs instruction {code:#04x}, which arrays do not")),
        }
        Ok(true)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes).map_err(|error| format!("its pickle ends early: {error}"))?;
        Ok(bytes)
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = Vec::new();
        loop {
            match self.take()? {
                [b'\n'] => return Ok(String::from_utf8_lossy(&line).into_owned()),
                [_] if line.len() >= 200 => return Err("a name in it is too long".to_owned()),
                [byte] => line.push(byte),
            }
        }
    }

    fn length(&mut self, code: u8) -> Result<u64, String> {
        Ok(match code {
            b'U' | b'C' | 0x8c => self.take::<1>()?[0].into(),
            b'T' | b'B' | b'X' => u32::from_le_bytes(self.take()?).into(),
            _ => u64::from_le_bytes(self.take()?),
        })
    }

    /// Memory grows with what is really there.
    fn bytes(&mut self, length: u64, most: u64) -> Result<Vec<u8>, String> {
        if length > most {
            return Err(format!("a piece of {length} bytes is more than is read at once"));
        }
        let mut bytes = Vec::new();
        self.input.by_ref().take(length).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        if bytes.len() as u64 == length {
            return Ok(bytes);
        }
        Err(format!("it ends after {} bytes of a piece of {length}", bytes.len()))
    }

    fn integer(&mut self, code: u8) -> Result<(), String> {
        let length = match code {
            b'K' => 1,
            b'M' => 2,
            _ => usize::from(self.take::<1>()?[0]),
        };
        if length > 8 {
            return Err("a whole number in it is too large".to_owned());
        }
        let given = self.bytes(length as u64, 8)?;
        // Only the long form has a sign.
        let is_negative = code == 0x8a && given.last().is_some_and(|byte| *byte >= 0x80);
        let mut bytes = [if is_negative { 0xff } else { 0 }; 8];
        bytes[..length].copy_from_slice(&given);
        self.push(PickleValue::Integer(i64::from_le_bytes(bytes)))
    }

    fn push(&mut self, value: PickleValue<T>) -> Result<(), String> {
        self.made += 1;
        if self.made > MOST_VALUES {
            return Err("it makes more values than arrays need".to_owned());
        }
        self.stack.push(value);
        Ok(())
    }

    fn pop(&mut self) -> Result<PickleValue<T>, String> {
        match self.stack.pop() {
            None | Some(PickleValue::Mark) => Err("it takes a value that is not there".to_owned()),
            Some(value) => Ok(value),
        }
    }

    fn above_mark(&mut self) -> Result<Vec<PickleValue<T>>, String> {
        let mark = self.stack.iter().rposition(|value| matches!(value, PickleValue::Mark));
        let mark = mark.ok_or_else(|| "it ends a list that was not begun".to_owned())?;
        let values = self.stack.split_off(mark + 1);
        self.stack.pop();
        Ok(values)
    }

    fn tuple(&mut self, count: usize) -> Result<(), String> {
        let start = self.stack.len().checked_sub(count);
        let values =
            self.stack.split_off(start.ok_or_else(|| "it takes a value that is not there".to_owned())?);
        if values.iter().any(|value| matches!(value, PickleValue::Mark)) {
            return Err("it takes a value that is not there".to_owned());
        }
        self.push_tuple(values)
    }

    fn push_tuple(&mut self, values: Vec<PickleValue<T>>) -> Result<(), String> {
        let depth = 1 + values.iter().map(PickleValue::depth).max().unwrap_or(0);
        if depth > DEEPEST {
            return Err("its tuples go deeper than those of arrays".to_owned());
        }
        let is_small = values.iter().all(PickleValue::can_be_remembered);
        self.push(PickleValue::Tuple(Tuple { values: values.into(), depth, is_small }))
    }

    fn append(&mut self, values: Vec<PickleValue<T>>) -> Result<(), String> {
        let flat = values.iter().all(|value| matches!(value, PickleValue::Array(_)));
        match self.stack.last_mut() {
            Some(PickleValue::List(list)) if flat => {
                list.extend(values);
                Ok(())
            }
            _ => Err("it holds other objects than arrays of numbers".to_owned()),
        }
    }

    fn remember(&mut self, index: u32) -> Result<(), String> {
        let value = self.stack.last().ok_or_else(|| "it remembers a value that is not there".to_owned())?;
        if self.memory.len() >= MOST_VALUES {
            return Err("it remembers more values than arrays need".to_owned());
        }
        self.memory.insert(index, value.can_be_remembered().then(|| value.clone()));
        Ok(())
    }

    fn recall(&mut self, index: u32) -> Result<(), String> {
        let value = self.memory.get(&index).cloned().flatten();
        self.push(value.ok_or_else(|| "it uses the same numbers for two arrays".to_owned())?)
    }

    fn reduce(&mut self) -> Result<(), String> {
        let (PickleValue::Tuple(Tuple { values: arguments, .. }), PickleValue::Call(call)) =
            (self.pop()?, self.pop()?)
        else {
            return Err("it calls what is no function".to_owned());
        };
        let made = match (call, &arguments[..]) {
            (PickleCallable::Reconstruct, [PickleValue::Call(PickleCallable::ArrayClass), ..]) => {
                Some(new_array(ArrayState::Blank))
            }
            (PickleCallable::KindClass, [PickleValue::Text(name), ..]) => {
                Some(PickleValue::Kind(kind(name)?))
            }
            (PickleCallable::KindClass, [PickleValue::Bytes(name), ..]) => {
                Some(PickleValue::Kind(kind(&String::from_utf8_lossy(name))?))
            }
            (PickleCallable::Encode, [PickleValue::Text(text), ..]) => {
                Some(PickleValue::Bytes(latin_bytes(text)?.into()))
            }
            (
                PickleCallable::FromBuffer,
                [PickleValue::Bytes(bytes), PickleValue::Kind(kind), shape, PickleValue::Text(order)],
            ) => {
                let Kind::Number(element) = *kind else { return Err("its objects are no arrays".to_owned()) };
                let array = Array::of_bytes(element, extents(shape)?, &**order == "F", bytes)?;
                Some(new_array(ArrayState::Numbers(Some((self.keep)(array)?))))
            }
            _ => None,
        };
        self.push(made.ok_or_else(|| "it calls a function in a way that arrays do not".to_owned())?)
    }

    /// Fills what was made before: an array, or the order of bytes of its elements.
    fn build(&mut self) -> Result<(), String> {
        let PickleValue::Tuple(Tuple { values: state, .. }) = self.pop()? else {
            return Err("its state is no tuple".to_owned());
        };
        match (self.stack.last(), &state[..]) {
            (Some(PickleValue::Kind(_)), [_, order, ..]) => {
                let order = match order {
                    PickleValue::Text(order) => order.to_string(),
                    PickleValue::Bytes(order) => String::from_utf8_lossy(order).into_owned(),
                    _ => String::new(),
                };
                match order.as_str() {
                    "<" | "|" | "=" => Ok(()),
                    _ => Err("its numbers are not little-endian".to_owned()),
                }
            }
            (Some(PickleValue::Array(array)), [_, shape, PickleValue::Kind(kind), is_fortran, data])
                if matches!(*array.borrow(), ArrayState::Blank) =>
            {
                let shape = extents(shape)?;
                let filled = match (kind, data) {
                    (Kind::Number(element), PickleValue::Bytes(bytes)) => {
                        let is_fortran =
                            matches!(is_fortran, PickleValue::Truth(true) | PickleValue::Integer(1));
                        let array = Array::of_bytes(*element, shape, is_fortran, bytes)?;
                        ArrayState::Numbers(Some((self.keep)(array)?))
                    }
                    // Only arrays of numbers, so that nothing goes deeper or round in circles.
                    (Kind::Object, PickleValue::List(values))
                        if values.iter().all(PickleValue::is_numbers) =>
                    {
                        ArrayState::Objects(values.clone())
                    }
                    (Kind::Object, _) => {
                        return Err("it holds other objects than arrays of numbers".to_owned());
                    }
                    _ => return Err("the content of an array is not of its kind".to_owned()),
                };
                array.replace(filled);
                Ok(())
            }
            _ => Err("it fills what is no array".to_owned()),
        }
    }
}

fn new_array<T>(state: ArrayState<T>) -> PickleValue<T> {
    PickleValue::Array(Rc::new(RefCell::new(state)))
}

/// The functions and classes of which arrays are made, by the names of NumPy 1 and 2.
fn call(module: &str, name: &str) -> Result<PickleCallable, String> {
    Ok(match (module, name) {
        ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => PickleCallable::Reconstruct,
        ("numpy.core.numeric" | "numpy._core.numeric", "_frombuffer") => PickleCallable::FromBuffer,
        ("numpy", "ndarray") => PickleCallable::ArrayClass,
        ("numpy", "dtype") => PickleCallable::KindClass,
        ("_codecs", "encode") => PickleCallable::Encode,
        _ => {
            let name: String =
                format!("{module}.{name}").chars().filter(|c| !c.is_control()).take(80).collect();
            return Err(format!("it wants to call {name}, which is refused: only arrays are read"));
        }
    })
}

fn kind(name: &str) -> Result<Kind, String> {
    if name.starts_with('O') { Ok(Kind::Object) } else { Element::described(name).map(Kind::Number) }
}

/// How protocol 2 writes bytes: as the text that they would be in Latin-1.
fn latin_bytes(text: &str) -> Result<Vec<u8>, String> {
    let bytes: Result<_, _> = text.chars().map(|letter| u8::try_from(u32::from(letter))).collect();
    bytes.map_err(|_| "bytes in it are not Latin-1".to_owned())
}

fn extents<T>(value: &PickleValue<T>) -> Result<Vec<usize>, String> {
    let PickleValue::Tuple(Tuple { values, .. }) = value else {
        return Err("a shape in it is no tuple".to_owned());
    };
    let extent = |value: &PickleValue<T>| match value {
        PickleValue::Integer(extent) => usize::try_from(*extent).ok(),
        _ => None,
    };
    values
        .iter()
        .map(extent)
        .collect::<Option<_>>()
        .ok_or_else(|| "a shape in it is not of numbers".to_owned())
}
