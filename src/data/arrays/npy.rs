//! `npy` files of one array, versions 1 to 3 of NumPy's format.

use super::{Array, ByteOrder, Element, Room, shape_text};
use crate::data::{
    DataError,
    atomic_file::write_whole,
    foreign_content::foreign_content,
    regular_file::{memory_limit, open_regular, start_of},
    unreadable::io_reason,
};
use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

const MAGIC: &[u8] = b"\x93NUMPY";
/// Longest header, bytes; arrays of numbers have 128.
const MAX_HEADER: usize = 4096;
/// Alignment of the elements in the file, bytes.
const ALIGNMENT: usize = 64;
/// Values that are converted to bytes at once.
const CHUNK: usize = 1 << 14;
/// Most axes of an array.
const MAX_AXES: usize = 32;

/// Kind of an array's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ElementKind {
    /// Numbers of this type, one after another, in this order of bytes.
    Numbers(Element, ByteOrder),
    /// Python objects, in a pickle.
    Objects,
}

/// Header of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Kind of the elements.
    pub content: ElementKind,
    /// True in Fortran order (the first index varies fastest), false in C order.
    pub is_fortran: bool,
    /// Lengths of the axes.
    pub shape: Vec<usize>,
}

/// Reads a header, up to the first element.
///
/// # Errors
/// The header is missing, too long, or not supported.
pub(super) fn read_header(input: &mut impl Read) -> Result<Header, String> {
    fn take<const N: usize>(input: &mut impl Read) -> Result<[u8; N], String> {
        let mut bytes = [0; N];
        input.read_exact(&mut bytes).map_err(|error| format!("its header ends early: {error}"))?;
        Ok(bytes)
    }
    let start: [u8; 8] = take(input)?;
    if start[..6] != *MAGIC {
        return Err("it does not begin as a NumPy array does".to_owned());
    }
    let length = match start[6] {
        1 => usize::from(u16::from_le_bytes(take(input)?)),
        2 | 3 => u32::from_le_bytes(take(input)?) as usize,
        version => return Err(format!("version {version} of the format is not known here")),
    };
    if length > MAX_HEADER {
        return Err(format!("its header of {length} bytes is longer than any of plain numbers"));
    }
    let mut text = vec![0; length];
    input.read_exact(&mut text).map_err(|error| format!("its header ends early: {error}"))?;
    let text = std::str::from_utf8(&text).map_err(|_| "its header is not text".to_owned())?;
    HeaderParser(text.trim())
        .header()
        .ok_or_else(|| "its header is not that of plain numbers or objects".to_owned())?
}

/// Parser of a header such as `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`, with the rest of
/// the text.
struct HeaderParser<'a>(&'a str);

impl<'a> HeaderParser<'a> {
    fn header(&mut self) -> Option<Result<Header, String>> {
        let (mut content, mut is_fortran, mut shape) = (None, None, None);
        self.skip("{")?;
        while self.skip("}").is_none() {
            let key = self.quoted()?;
            self.skip(":")?;
            match key {
                "descr" if content.is_none() => content = Some(self.quoted()?),
                "fortran_order" if is_fortran.is_none() => is_fortran = Some(self.boolean()?),
                "shape" if shape.is_none() => shape = Some(self.shape()?),
                _ => return None,
            }
            let _ = self.skip(",");
        }
        let (content, is_fortran, shape) = (content?, is_fortran?, shape?);
        let content = match content {
            "|O" | "O" => Ok(ElementKind::Objects),
            text => Element::parse(text).map(|(element, order)| ElementKind::Numbers(element, order)),
        };
        self.0.is_empty().then(|| Ok(Header { content: content?, is_fortran, shape }))
    }

    fn skip(&mut self, word: &str) -> Option<()> {
        self.0 = self.0.trim_start().strip_prefix(word)?;
        Some(())
    }

    fn quoted(&mut self) -> Option<&'a str> {
        let rest = self.0.trim_start();
        let quote = rest.chars().next().filter(|quote| ['\'', '"'].contains(quote))?;
        let (text, rest) = rest[1..].split_once(quote)?;
        self.0 = rest;
        Some(text)
    }

    fn boolean(&mut self) -> Option<bool> {
        if self.skip("False").is_some() { Some(false) } else { self.skip("True").map(|()| true) }
    }

    fn shape(&mut self) -> Option<Vec<usize>> {
        let mut shape = Vec::new();
        self.skip("(")?;
        while self.skip(")").is_none() {
            self.0 = self.0.trim_start();
            let digits = self.0.find(|letter: char| !letter.is_ascii_digit())?;
            shape.push(self.0[..digits].parse().ok()?);
            self.0 = &self.0[digits..];
            // Python 2 writes long integers with an L.
            let _ = self.skip("L");
            if shape.len() > MAX_AXES || self.skip(",").is_none() && !self.0.trim_start().starts_with(')') {
                return None;
            }
        }
        Some(shape)
    }
}

/// Reads an array of numbers; `limit` is an upper bound of the bytes that follow the header.
///
/// # Errors
/// The array is damaged, too large, or not of numbers.
pub fn read_array(input: &mut impl Read, limit: u64) -> Result<Array, String> {
    let header = read_header(input)?;
    read_numbers(input, header, Room { bytes: limit, memory: memory_limit(limit) })
}

/// Reads the numbers after a header.
pub(super) fn read_numbers(input: &mut impl Read, header: Header, room: Room) -> Result<Array, String> {
    let Header { content, is_fortran, shape } = header;
    let ElementKind::Numbers(element, order) = content else {
        return Err(NO_NUMBERS.to_owned());
    };
    check_size(element, &shape, room)?;
    let copies = if is_fortran { 2 } else { 1 };
    let count: usize = shape.iter().product();
    check_memory(&shape, copies * count * size_of::<f32>(), room)?;
    let values = read_values(input, element, order, count)?;
    Ok(Array::from_values(values, shape, is_fortran))
}

const NO_NUMBERS: &str =
    "it holds Python's objects instead of numbers; save it with numpy.save(FILE, numpy.stack(ROWS))";

/// Checks that an array's bytes can follow.
pub(super) fn check_size(element: Element, shape: &[usize], room: Room) -> Result<(), String> {
    let needed = element.bytes_of(shape)?;
    if needed as u64 > room.bytes {
        let (shape, has) = (shape_text(shape), room.bytes);
        return Err(format!("an array of shape {shape} needs {needed} bytes, and the file has only {has}"));
    }
    Ok(())
}

/// Checks that an array takes no more than half of the memory, so that as much is left for what is made of it.
pub(super) fn check_memory(shape: &[usize], bytes: usize, room: Room) -> Result<(), String> {
    if bytes as u64 > room.memory / 2 {
        return Err(format!(
            "an array of shape {} takes {} MiB of memory, more than a file of this size may: no depth maps are \
             compressed so far",
            shape_text(shape),
            bytes >> 20
        ));
    }
    Ok(())
}

/// Reads so many numbers, a piece of their bytes at a time.
pub(super) fn read_values(
    input: &mut impl Read,
    element: Element,
    order: ByteOrder,
    count: usize,
) -> Result<Vec<f32>, String> {
    let mut values = Vec::with_capacity(count);
    let mut bytes = vec![0; CHUNK.min(count) * element.size()];
    while values.len() < count {
        let piece = &mut bytes[..(count - values.len()).min(CHUNK) * element.size()];
        input.read_exact(piece).map_err(|error| format!("its numbers end early: {}", io_reason(&error)))?;
        values.extend(element.decode(order, piece));
    }
    Ok(values)
}

/// Writes an array of f32 to a file, in C order.
///
/// # Errors
/// The file cannot be written, or the number of values does not match the shape.
pub fn write(path: &Path, shape: &[usize], values: &[f32]) -> Result<(), DataError> {
    let written = write_whole(path, |file| write_array(file, shape, values));
    written.map_err(|error| DataError::unwritable("array", path, error.to_string()))
}

/// Writes an array of f32, in C order.
///
/// # Errors
/// The output fails, or the number of values does not match the shape.
pub fn write_array(output: &mut impl Write, shape: &[usize], values: &[f32]) -> io::Result<()> {
    write_chunks(output, shape, |write| write(values))
}

/// Writes an array of f32, in C order, in chunks: `fill` is called with a function that writes the next values.
///
/// # Errors
/// The output or `fill` fails, or the number of values does not match the shape.
pub fn write_chunks(
    output: &mut impl Write,
    shape: &[usize],
    fill: impl FnOnce(&mut dyn FnMut(&[f32]) -> io::Result<()>) -> io::Result<()>,
) -> io::Result<()> {
    let wrong_count = || io::Error::other(format!("an array of shape {shape:?} has another count of values"));
    output.write_all(&header_of_f32(shape))?;
    let mut missing: usize = shape.iter().product();
    fill(&mut |values| {
        missing = missing.checked_sub(values.len()).ok_or_else(wrong_count)?;
        for chunk in values.chunks(CHUNK) {
            let bytes: Vec<u8> = chunk.iter().flat_map(|value| value.to_le_bytes()).collect();
            output.write_all(&bytes)?;
        }
        Ok(())
    })?;
    if missing == 0 { Ok(()) } else { Err(wrong_count()) }
}

/// Header of an array of f32: format version 1.0, little-endian, C order.
fn header_of_f32(shape: &[usize]) -> Vec<u8> {
    let extents: Vec<String> = shape.iter().map(usize::to_string).collect();
    let extents = match &extents[..] {
        // A tuple of one.
        [only] => format!("{only},"),
        extents => extents.join(", "),
    };
    let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({extents}), }}");
    let start = MAGIC.len() + 2 + size_of::<u16>();
    // The header is padded with spaces and ends with a newline.
    let length = (start + text.len() + 1).next_multiple_of(ALIGNMENT) - start;
    let length_bytes = u16::try_from(length).expect("an array has few axes").to_le_bytes();
    let padded = format!("{text:<width$}\n", width = length - 1);
    [MAGIC, &[1, 0], &length_bytes, padded.as_bytes()].concat()
}

/// File of an array whose rows (along the first axis) are read on demand.
pub struct NpyRows {
    path: PathBuf,
    file: BufReader<File>,
    element: Element,
    order: ByteOrder,
    shape: Vec<usize>,
    start: u64,
}

impl NpyRows {
    /// Opens a file of numbers in C order.
    ///
    /// # Errors
    /// The file cannot be read, is shorter than its header says, or is in Fortran order.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let damaged = |reason: String| unreadable(path, reason);
        let failed = |error: io::Error| damaged(io_reason(&error));
        let (mut file, length) = open_regular(path).map_err(failed)?;
        let start = start_of(&mut file).map_err(failed)?;
        check_start(&start).map_err(damaged)?;
        let mut file = BufReader::new(file);
        let Header { content, is_fortran, shape } = read_header(&mut file).map_err(damaged)?;
        let ElementKind::Numbers(element, order) = content else {
            return Err(damaged(NO_NUMBERS.to_owned()));
        };
        if is_fortran && shape.len() > 1 {
            let advice = "its rows are not in one piece each; save it with numpy.ascontiguousarray";
            return Err(damaged(advice.to_owned()));
        }
        if shape.is_empty() {
            return Err(damaged("it is a single number".to_owned()));
        }
        let start = file.stream_position().map_err(|error| damaged(error.to_string()))?;
        let needed =
            shape.iter().try_fold(element.size() as u64, |all, extent| all.checked_mul(*extent as u64));
        if needed.is_none_or(|needed| needed > length - start) {
            return Err(damaged(format!(
                "an array of shape {} needs more than the {} bytes that it has",
                shape_text(&shape),
                length - start
            )));
        }
        Ok(Self { path: path.to_owned(), file, element, order, shape, start })
    }

    /// Lengths of the axes, the number of rows first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads a row.
    ///
    /// # Errors
    /// There is no such row, it is too large, or the file cannot be read any more.
    pub fn row(&mut self, index: usize) -> Result<Vec<f32>, DataError> {
        let row = self.element.bytes_of(&self.shape[1..]).map_err(|reason| unreadable(&self.path, reason))?;
        if index >= self.shape[0] {
            return Err(unreadable(&self.path, format!("it has no row {index}")));
        }
        let mut bytes = vec![0; row];
        let start = SeekFrom::Start(self.start + index as u64 * row as u64);
        self.file
            .seek(start)
            .and_then(|_| self.file.read_exact(&mut bytes))
            .map_err(|error| unreadable(&self.path, error.to_string()))?;
        Ok(self.element.decode(self.order, &bytes))
    }
}

/// True if these first bytes of a file are those of an `npy` file.
pub(crate) fn is_npy(start: &[u8]) -> bool {
    start.starts_with(MAGIC)
}

/// Checks that a file begins as an array does, and says what it is otherwise.
fn check_start(start: &[u8]) -> Result<(), String> {
    if is_npy(start) {
        return Ok(());
    }
    if let Some(foreign) = foreign_content(start) {
        return Err(foreign.reason());
    }
    Err(match start {
        [b'P', b'K', ..] => {
            "it is an archive of arrays (npz); save the array alone, with numpy.save".to_owned()
        }
        [0x80, 2..=5, ..] => "it is a Python pickle; save the array with numpy.save".to_owned(),
        _ => "it does not begin as a NumPy array does; save the array with numpy.save".to_owned(),
    })
}

fn unreadable(path: &Path, reason: impl Into<String>) -> DataError {
    DataError::unreadable("array file", path, reason)
}
