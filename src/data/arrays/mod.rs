//! NumPy's files: one array (`npy`), archives of arrays (`npz`), and arrays inside Python's pickles.
//!
//! Whatever a file says of itself is held against what it has before memory is asked for: nothing is
//! executed, and no file makes more of it than a small multiple of its own size and [`LARGEST_ARRAY`].

mod element;
pub mod npy;
pub mod npz;
pub mod pickle;

pub use element::{Element, LARGEST_ARRAY};

/// An array of numbers in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Extents, the slowest first.
    pub shape: Vec<usize>,
    /// The numbers, the last index fastest.
    pub values: Vec<f32>,
}

impl Array {
    /// Makes an array of the bytes of a file, which may hold it with the first index fastest.
    ///
    /// # Errors
    /// The bytes are not as many as the shape needs.
    pub fn of_bytes(
        element: Element,
        shape: Vec<usize>,
        is_fortran: bool,
        bytes: &[u8],
    ) -> Result<Self, String> {
        let needed = element.bytes_of(&shape)?;
        if needed != bytes.len() {
            return Err(format!("an array of shape {shape:?} needs {needed} bytes and has {}", bytes.len()));
        }
        let values = element.decode(bytes);
        Ok(if is_fortran {
            Self { values: transposed(&values, &shape), shape }
        } else {
            Self { shape, values }
        })
    }
}

/// The values of an array with the last index fastest, given with the first index fastest.
fn transposed(values: &[f32], shape: &[usize]) -> Vec<f32> {
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
