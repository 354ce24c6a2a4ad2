//! Rows of an array: a list of arrays whose shapes may differ, which NumPy pickles, or the planes of one array.

use super::{
    Array, Room,
    npy::{self, ElementKind, Header},
    pickle, shape_text,
};
use crate::data::{
    DataError,
    regular_file::{memory_limit, open_regular},
    unreadable::io_reason,
};
use std::{
    io::{BufReader, Read},
    path::Path,
};

/// Reads the rows of an `npy` file, and maps each by `keep` as it is read; `None` for a row that is Python's None.
///
/// # Errors
/// The file is damaged, too large, or holds other things, or `keep` fails.
pub fn read_rows<T>(
    path: &Path,
    keep: &mut dyn FnMut(Array) -> Result<T, String>,
) -> Result<Vec<Option<T>>, DataError> {
    let unreadable = |reason: String| DataError::unreadable("array file", path, reason);
    let (file, length) = open_regular(path).map_err(|error| unreadable(io_reason(&error)))?;
    let room = Room { bytes: length, memory: memory_limit(length) };
    read(&mut BufReader::new(file), room, keep).map_err(unreadable)
}

/// Reads the rows of an array from its header on.
pub(super) fn read<T>(
    input: &mut impl Read,
    room: Room,
    keep: &mut dyn FnMut(Array) -> Result<T, String>,
) -> Result<Vec<Option<T>>, String> {
    let header = npy::read_header(input)?;
    if let ElementKind::Numbers(..) = header.content {
        return planes(input, header, room, keep);
    }
    let arrays = pickle::read_arrays(input, room.memory, keep)?;
    match header.shape[..] {
        [count] if count == arrays.len() => Ok(arrays),
        _ => {
            let shape = shape_text(&header.shape);
            Err(format!("it has {} arrays where its header says {shape}", arrays.len()))
        }
    }
}

/// The planes [height, width] of an array of numbers.
fn planes<T>(
    input: &mut impl Read,
    header: Header,
    room: Room,
    keep: &mut dyn FnMut(Array) -> Result<T, String>,
) -> Result<Vec<Option<T>>, String> {
    let (count, height, width) = match header.shape[..] {
        [height, width] => (1, height, width),
        [count, height, width] | [count, 1, height, width] | [count, height, width, 1] => {
            (count, height, width)
        }
        _ => return Err(format!("it is an array of shape {}, not of arrays", shape_text(&header.shape))),
    };
    let shape = vec![height, width];
    if header.is_fortran {
        let array = npy::read_numbers(input, header, room)?;
        let planes = array.values.chunks_exact((height * width).max(1));
        return planes
            .map(|values| keep(Array { shape: shape.clone(), values: values.to_vec() }).map(Some))
            .collect();
    }
    let ElementKind::Numbers(element, order) = header.content else {
        return Err("it holds no numbers".to_owned());
    };
    let plane = element.bytes_of(&shape)?;
    if plane.checked_mul(count).is_none_or(|bytes| bytes as u64 > room.bytes) {
        let (shape, has) = (shape_text(&header.shape), room.bytes);
        return Err(format!("an array of shape {shape} needs more bytes than the {has} of the file"));
    }
    npy::check_memory(&shape, plane / element.size() * size_of::<f32>(), room)?;
    let mut rows = Vec::new();
    for _ in 0..count {
        let values = npy::read_values(input, element, order, height * width)?;
        rows.push(Some(keep(Array { shape: shape.clone(), values })?));
    }
    Ok(rows)
}
