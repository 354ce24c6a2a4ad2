//! What several tests need: reference data beside the checkout, arrays, comparisons.

use safetensors::{Dtype, SafeTensors};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// A file or folder of the reference data beside the checkout; says so and gives `None` if it is not there.
pub fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not beside the checkout", path.display());
    None
}

/// A safetensors file held in memory.
pub struct Arrays(Vec<u8>);

impl Arrays {
    /// Reads the file.
    pub fn open(path: &Path) -> Self {
        Self(fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    }

    /// Shape and values of a tensor, integers and doubles converted to f32.
    pub fn get(&self, name: &str) -> (Vec<usize>, Vec<f32>) {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let view = file.tensor(name).unwrap_or_else(|_| panic!("no tensor {name}"));
        let bytes = view.data();
        let values = match view.dtype() {
            Dtype::F32 => bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect(),
            Dtype::F64 => {
                bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap()) as f32).collect()
            }
            Dtype::I64 => {
                bytes.chunks_exact(8).map(|b| i64::from_le_bytes(b.try_into().unwrap()) as f32).collect()
            }
            Dtype::I32 => {
                bytes.chunks_exact(4).map(|b| i32::from_le_bytes(b.try_into().unwrap()) as f32).collect()
            }
            Dtype::U8 | Dtype::BOOL => bytes.iter().map(|b| f32::from(*b)).collect(),
            other => panic!("{name} is {other:?}"),
        };
        (view.shape().to_vec(), values)
    }

    /// The names of all tensors, sorted.
    pub fn names(&self) -> Vec<String> {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let mut names: Vec<String> = file.names().into_iter().map(str::to_owned).collect();
        names.sort();
        names
    }
}

/// The largest absolute difference.
pub fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len(), "lengths differ");
    a.iter()
        .zip(b)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, |worst, d| if d.is_nan() { f32::NAN } else { worst.max(d) })
}

/// The relative L2 difference ‖a − b‖ / ‖b‖.
pub fn relative_difference(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len(), "lengths differ");
    let squares = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    let difference = squares(&mut a.iter().zip(b).map(|(a, b)| f64::from(*a) - f64::from(*b)));
    difference / squares(&mut b.iter().map(|b| f64::from(*b))).max(1e-30)
}
