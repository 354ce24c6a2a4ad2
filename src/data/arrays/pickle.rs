//! Interpreter of Python's pickles of NumPy arrays, protocols 2 to 5, and of nothing else.
//!
//! A pickle is a program for a machine with a stack and a memo. The only calls allowed here are those that
//! construct arrays; all others are refused by name, so that nothing can be executed. Each array of numbers
//! is passed on as soon as it is complete and its bytes are freed, so that the memo stays small.

use super::{
    Array, ByteOrder, Element,
    callable::{PickleCallable, callable},
};
use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    io::Read,
    rc::Rc,
};

/// Memory for each value that a pickle pushes and remembers, bytes; an array takes about twenty values.
const VALUE_BYTES: u64 = 256;
/// Bytes of a piece that are provided for before any of them has arrived.
const AT_ONCE: u64 = 1 << 16;
/// Deepest nesting of tuples; arrays need two.
const MAX_DEPTH: usize = 8;
/// Largest bytes and texts in the memo: larger ones are the data of an array and are used once.
const MAX_MEMO_BYTES: usize = 4096;

/// Value on the stack; `T` is the result of `keep` for an array of numbers.
enum PickleValue<T> {
    None,
    Boolean(bool),
    Integer(i64),
    Bytes(Rc<Vec<u8>>),
    Text(Rc<str>),
    Tuple(Tuple<T>),
    List(Vec<PickleValue<T>>),
    Callable(PickleCallable),
    Dtype(Dtype),
    Array(Rc<RefCell<ArrayState<T>>>),
    Mark,
}

/// Tuple of values.
struct Tuple<T> {
    values: Rc<[PickleValue<T>]>,
    /// Nesting depth of tuples, 1 for a tuple without tuples.
    depth: usize,
    /// True if the tuple may be put into the memo.
    is_small: bool,
}

/// State of an array under construction.
enum ArrayState<T> {
    Blank,
    Numbers(Option<T>),
    Objects(Vec<PickleValue<T>>),
}

/// Type of an array's elements.
#[derive(Clone)]
enum Dtype {
    /// The order of bytes is set after the type was made, also for those who remember it already.
    Number(Element, Rc<Cell<ByteOrder>>),
    Object,
}

impl<T> Clone for PickleValue<T> {
    fn clone(&self) -> Self {
        match self {
            Self::None | Self::List(_) => Self::None,
            Self::Boolean(value) => Self::Boolean(*value),
            Self::Integer(number) => Self::Integer(*number),
            Self::Bytes(bytes) => Self::Bytes(bytes.clone()),
            Self::Text(text) => Self::Text(text.clone()),
            Self::Tuple(Tuple { values, depth, is_small }) => {
                Self::Tuple(Tuple { values: values.clone(), depth: *depth, is_small: *is_small })
            }
            Self::Callable(callable) => Self::Callable(*callable),
            Self::Dtype(dtype) => Self::Dtype(dtype.clone()),
            Self::Array(array) => Self::Array(array.clone()),
            Self::Mark => Self::Mark,
        }
    }
}

impl<T> PickleValue<T> {
    /// True if the value may be put into the memo: it is small, and not changed later.
    fn can_be_memoised(&self) -> bool {
        match self {
            Self::Bytes(bytes) => bytes.len() <= MAX_MEMO_BYTES,
            Self::Text(text) => text.len() <= MAX_MEMO_BYTES,
            Self::Tuple(tuple) => tuple.is_small,
            Self::List(_) | Self::Mark => false,
            _ => true,
        }
    }

    /// True for an array of numbers, and for None in the place of one.
    fn is_row(&self) -> bool {
        match self {
            Self::None => true,
            Self::Array(array) => matches!(*array.borrow(), ArrayState::Numbers(_)),
            _ => false,
        }
    }

    fn depth(&self) -> usize {
        if let Self::Tuple(tuple) = self { tuple.depth } else { 0 }
    }
}

/// Reads a pickle of an array of arrays and maps each array of numbers by `keep` as it is read; `None` for one that
/// is Python's None. The results are in the order of the outer array. A single array of numbers is mapped alone.
/// Of `memory`, in bytes, half may be taken at once besides what is kept.
///
/// # Errors
/// The pickle is damaged, too large or holds other objects than arrays, or `keep` fails.
pub fn read_arrays<T>(
    input: &mut impl Read,
    memory: u64,
    keep: &mut dyn FnMut(Array) -> Result<T, String>,
) -> Result<Vec<Option<T>>, String> {
    let mut machine = Machine { input, memory, keep, stack: Vec::new(), memo: HashMap::new(), pushed: 0 };
    while machine.step()? {}
    let Some(PickleValue::Array(array)) = machine.stack.pop() else {
        return Err("it is not an array of arrays".to_owned());
    };
    machine.memo.clear();
    match array.replace(ArrayState::Blank) {
        ArrayState::Numbers(Some(kept)) => Ok(vec![Some(kept)]),
        ArrayState::Objects(values) => values.into_iter().map(kept_array).collect(),
        ArrayState::Numbers(None) | ArrayState::Blank => Err("an array in it was never filled".to_owned()),
    }
}

/// Result of `keep` for an array of numbers, which is taken out of it.
fn kept_array<T>(value: PickleValue<T>) -> Result<Option<T>, String> {
    let array = match value {
        PickleValue::Array(array) => array,
        PickleValue::None => return Ok(None),
        _ => return Err("one of its objects is not an array".to_owned()),
    };
    match array.replace(ArrayState::Blank) {
        ArrayState::Numbers(Some(kept)) => Ok(Some(kept)),
        _ => Err("one of its objects is not an array of numbers, or is there twice".to_owned()),
    }
}

/// Machine that executes a pickle.
struct Machine<'a, T, R> {
    input: &'a mut R,
    /// Memory that may be taken, bytes.
    memory: u64,
    keep: &'a mut dyn FnMut(Array) -> Result<T, String>,
    stack: Vec<PickleValue<T>>,
    /// Values by index; `None` for values that are too large.
    memo: HashMap<u32, Option<PickleValue<T>>>,
    /// Values pushed or remembered so far.
    pushed: u64,
}

impl<T, R: Read> Machine<'_, T, R> {
    /// Executes the next instruction; false after the last.
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
            0x88 | 0x89 => self.push(PickleValue::Boolean(code == 0x88))?,
            b'J' => {
                let number = i32::from_le_bytes(self.take()?);
                self.push(PickleValue::Integer(number.into()))?;
            }
            b'K' | b'M' | 0x8a => self.integer(code)?,
            b'U' | b'T' | b'C' | b'B' | 0x8e | 0x96 => {
                let length = self.length(code)?;
                // They grow by doubling, and then as much is needed for the numbers in them.
                let bytes = self.bytes(length, self.memory / 6)?;
                self.push(PickleValue::Bytes(Rc::new(bytes)))?;
            }
            0x8c | b'X' | 0x8d => {
                let length = self.length(code)?;
                // Protocol 2 writes bytes as a text of up to twice their length, from which they are made.
                let text = String::from_utf8(self.bytes(length, self.memory / 12)?)
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
                self.push(PickleValue::Callable(callable(&module, &name)?))?;
            }
            0x93 => match (self.pop()?, self.pop()?) {
                (PickleValue::Text(name), PickleValue::Text(module)) => {
                    self.push(PickleValue::Callable(callable(&module, &name)?))?;
                }
                _ => return Err("a name in it is not text".to_owned()),
            },
            b'q' => {
                let [index] = self.take()?;
                self.memoise(index.into())?;
            }
            b'r' => {
                let index = u32::from_le_bytes(self.take()?);
                self.memoise(index)?;
            }
            0x94 => self.memoise(self.memo.len() as u32)?,
            b'h' => {
                let [index] = self.take()?;
                self.push_memo(index.into())?;
            }
            b'j' => {
                let index = u32::from_le_bytes(self.take()?);
                self.push_memo(index)?;
            }
            // Makes a buffer read-only, which has no effect here.
            0x98 => {}
            b'G' => {
                return Err(
                    "it holds lists of Python instead of arrays; make an array of each with numpy.asarray"
                        .to_owned(),
                );
            }
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

    /// Reads this many bytes, at most `max`. Memory is allocated as they arrive, not as announced.
    fn bytes(&mut self, length: u64, max: u64) -> Result<Vec<u8>, String> {
        if length > max {
            return Err(format!("a piece of {length} bytes is more than is read at once"));
        }
        let mut bytes = Vec::with_capacity(length.min(AT_ONCE) as usize);
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
        // Only the long form is signed.
        let is_negative = code == 0x8a && given.last().is_some_and(|byte| *byte >= 0x80);
        let mut bytes = [if is_negative { 0xff } else { 0 }; 8];
        bytes[..length].copy_from_slice(&given);
        self.push(PickleValue::Integer(i64::from_le_bytes(bytes)))
    }

    fn push(&mut self, value: PickleValue<T>) -> Result<(), String> {
        self.count_value()?;
        self.stack.push(value);
        Ok(())
    }

    fn count_value(&mut self) -> Result<(), String> {
        self.pushed += 1;
        if self.pushed > self.memory / 2 / VALUE_BYTES {
            return Err("it makes more values than arrays need".to_owned());
        }
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
        if depth > MAX_DEPTH {
            return Err("its tuples go deeper than those of arrays".to_owned());
        }
        let is_small = values.iter().all(PickleValue::can_be_memoised);
        self.push(PickleValue::Tuple(Tuple { values: values.into(), depth, is_small }))
    }

    fn append(&mut self, values: Vec<PickleValue<T>>) -> Result<(), String> {
        let are_arrays =
            values.iter().all(|value| matches!(value, PickleValue::Array(_) | PickleValue::None));
        match self.stack.last_mut() {
            Some(PickleValue::List(list)) if are_arrays => {
                list.extend(values);
                Ok(())
            }
            _ => Err("it holds other objects than arrays of numbers".to_owned()),
        }
    }

    fn memoise(&mut self, index: u32) -> Result<(), String> {
        self.count_value()?;
        let value = self.stack.last().ok_or_else(|| "it remembers a value that is not there".to_owned())?;
        self.memo.insert(index, value.can_be_memoised().then(|| value.clone()));
        Ok(())
    }

    fn push_memo(&mut self, index: u32) -> Result<(), String> {
        let value = self.memo.get(&index).cloned().flatten();
        self.push(value.ok_or_else(|| "it uses the same numbers for two arrays".to_owned())?)
    }

    /// Calls a function with its arguments.
    fn reduce(&mut self) -> Result<(), String> {
        let (PickleValue::Tuple(Tuple { values: arguments, .. }), PickleValue::Callable(callable)) =
            (self.pop()?, self.pop()?)
        else {
            return Err("it calls something that is not a function".to_owned());
        };
        let made = match (callable, &arguments[..]) {
            (PickleCallable::Reconstruct, [PickleValue::Callable(PickleCallable::ArrayClass), ..]) => {
                Some(new_array(ArrayState::Blank))
            }
            (PickleCallable::DtypeClass, [PickleValue::Text(name), ..]) => {
                Some(PickleValue::Dtype(dtype(name)?))
            }
            (PickleCallable::DtypeClass, [PickleValue::Bytes(name), ..]) => {
                Some(PickleValue::Dtype(dtype(&String::from_utf8_lossy(name))?))
            }
            (PickleCallable::Encode, [PickleValue::Text(text), ..]) => {
                Some(PickleValue::Bytes(Rc::new(latin1_bytes(text)?)))
            }
            (
                PickleCallable::FromBuffer,
                [PickleValue::Bytes(bytes), PickleValue::Dtype(dtype), shape, PickleValue::Text(order)],
            ) => {
                let Dtype::Number(element, bytes_order) = dtype else {
                    return Err("its objects are not arrays".to_owned());
                };
                let numbers = (*element, bytes_order.get());
                let array = Array::from_bytes(numbers, shape_of(shape)?, &**order == "F", bytes)?;
                Some(new_array(ArrayState::Numbers(Some((self.keep)(array)?))))
            }
            _ => None,
        };
        self.push(made.ok_or_else(|| "it calls a function in a way that arrays do not".to_owned())?)
    }

    /// Sets the state of an object: the content of an array, or the byte order of an element type.
    fn build(&mut self) -> Result<(), String> {
        let PickleValue::Tuple(Tuple { values: state, .. }) = self.pop()? else {
            return Err("its state is not a tuple".to_owned());
        };
        match (self.stack.last(), &state[..]) {
            (Some(PickleValue::Dtype(dtype)), [_, order, ..]) => {
                let order = match order {
                    PickleValue::Text(order) => order.to_string(),
                    PickleValue::Bytes(order) => String::from_utf8_lossy(order).into_owned(),
                    _ => String::new(),
                };
                let order = order.chars().next().and_then(ByteOrder::named);
                let order = order.ok_or_else(|| "the order of bytes of its numbers is unknown".to_owned())?;
                if let Dtype::Number(_, current) = dtype {
                    current.set(order);
                }
                Ok(())
            }
            (Some(PickleValue::Array(array)), [_, shape, PickleValue::Dtype(dtype), is_fortran, data])
                if matches!(*array.borrow(), ArrayState::Blank) =>
            {
                let shape = shape_of(shape)?;
                let filled = match (dtype, data) {
                    (Dtype::Number(element, order), PickleValue::Bytes(bytes)) => {
                        let is_fortran =
                            matches!(is_fortran, PickleValue::Boolean(true) | PickleValue::Integer(1));
                        let array = Array::from_bytes((*element, order.get()), shape, is_fortran, bytes)?;
                        ArrayState::Numbers(Some((self.keep)(array)?))
                    }
                    // Only arrays of numbers are allowed, so that there is no deeper nesting and no cycle.
                    (Dtype::Object, PickleValue::List(values)) if values.iter().all(PickleValue::is_row) => {
                        ArrayState::Objects(values.clone())
                    }
                    (Dtype::Object, _) => {
                        return Err("it holds other objects than arrays of numbers".to_owned());
                    }
                    _ => return Err("the content of an array is not of its kind".to_owned()),
                };
                array.replace(filled);
                Ok(())
            }
            _ => Err("it sets the state of something that is not an array".to_owned()),
        }
    }
}

fn new_array<T>(state: ArrayState<T>) -> PickleValue<T> {
    PickleValue::Array(Rc::new(RefCell::new(state)))
}

fn dtype(name: &str) -> Result<Dtype, String> {
    if name.starts_with('O') {
        return Ok(Dtype::Object);
    }
    Element::parse(name).map(|(element, order)| Dtype::Number(element, Rc::new(Cell::new(order))))
}

/// Bytes of a text in Latin-1: protocol 2 writes bytes as such a text.
fn latin1_bytes(text: &str) -> Result<Vec<u8>, String> {
    let bytes: Result<_, _> = text.chars().map(|letter| u8::try_from(u32::from(letter))).collect();
    bytes.map_err(|_| "bytes in it are not Latin-1".to_owned())
}

fn shape_of<T>(value: &PickleValue<T>) -> Result<Vec<usize>, String> {
    let PickleValue::Tuple(Tuple { values, .. }) = value else {
        return Err("a shape in it is not a tuple".to_owned());
    };
    let length = |value: &PickleValue<T>| match value {
        PickleValue::Integer(length) => usize::try_from(*length).ok(),
        _ => None,
    };
    values
        .iter()
        .map(length)
        .collect::<Option<_>>()
        .ok_or_else(|| "a shape in it is not of numbers".to_owned())
}
