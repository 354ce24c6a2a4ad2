//! NumPy files: one array (`npy`), archives of arrays (`npz`), and arrays in pickles of Python.
//!
//! Files are not trusted: nothing is executed, the sizes in headers are checked against the size of the file
//! before memory is allocated, and the memory is bounded by 16 times the size of the file, or 64 MiB if that is
//! more: half of it for what is read at once, half of it for what is kept.

mod callable;
mod element;
pub mod npy;
pub mod npz;
pub mod pickle;
mod rows;

use element::shape_text;

pub use element::{ByteOrder, Element};
pub use rows::read_rows;

/// Array of numbers in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Lengths of the axes, the slowest first.
    pub shape: Vec<usize>,
    /// Elements in C order: the last index varies fastest.
    pub values: Vec<f32>,
}

impl Array {
    /// Decodes the bytes of a file, in Fortran order (the first index varies fastest) or C order.
    ///
    /// # Errors
    /// The number of bytes does not match the shape.
    fn from_bytes(
        (element, order): (Element, ByteOrder),
        shape: Vec<usize>,
        is_fortran: bool,
        bytes: &[u8],
    ) -> Result<Self, String> {
        let needed = element.bytes_of(&shape)?;
        if needed != bytes.len() {
            let shape = shape_text(&shape);
            return Err(format!("an array of shape {shape} needs {needed} bytes and has {}", bytes.len()));
        }
        Ok(Self::from_values(element.decode(order, bytes), shape, is_fortran))
    }

    /// The array of as many values as its shape needs, in Fortran order or C order.
    fn from_values(values: Vec<f32>, shape: Vec<usize>, is_fortran: bool) -> Self {
        let values = if is_fortran { to_c_order(&values, &shape) } else { values };
        Self { shape, values }
    }
}

/// Bounds of reading one array.
#[derive(Clone, Copy, Debug)]
struct Room {
    /// Upper bound of the bytes that follow.
    bytes: u64,
    /// Memory that may be taken at once, bytes.
    memory: u64,
}

/// Reorders the elements of an array from Fortran order to C order.
fn to_c_order(values: &[f32], shape: &[usize]) -> Vec<f32> {
    let steps: Vec<usize> =
        shape.iter().scan(1, |step, extent| Some(std::mem::replace(step, *step * extent))).collect();
    let mut index = vec![0; shape.len()];
    let mut result = Vec::with_capacity(values.len());
    for _ in 0..values.len() {
        result.push(values[index.iter().zip(&steps).map(|(index, step)| index * step).sum::<usize>()]);
        for (index, extent) in index.iter_mut().zip(shape).rev() {
            *index += 1;
            if *index < *extent {
                break;
            }
            *index = 0;
        }
    }
    result
}
