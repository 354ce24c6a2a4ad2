//! Arrays in safetensors files: those of the reference implementation, whole or as extracts of them.

use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::{collections::HashMap, fs, path::Path};

/// A safetensors file held in memory.
///
/// In an extract of the reference arrays, the file's text facts say of an array what its values are: `every 4` are every
/// fourth value of the array, and `levels -1 2 256` are -1 + 2 * level / 256, a level being a byte. The coarser scales
/// of an image follow from its finest.
pub struct Arrays {
    bytes: Vec<u8>,
    facts: HashMap<String, String>,
}

impl Arrays {
    /// Reads the file.
    pub fn open(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let facts = header.metadata().clone().unwrap_or_default();
        Self { bytes, facts }
    }

    /// Shape and values of a tensor, integers and doubles converted to f32.
    pub fn get(&self, name: &str) -> (Vec<usize>, Vec<f32>) {
        let file = SafeTensors::deserialize(&self.bytes).unwrap();
        let Ok(view) = file.tensor(name) else {
            let (stem, scale) = name.rsplit_once("_s").unwrap_or_else(|| panic!("no tensor {name}"));
            let finer = scale.parse::<usize>().ok().and_then(|scale| scale.checked_sub(1));
            let finer = finer.unwrap_or_else(|| panic!("no tensor {name}"));
            return halved(self.get(&format!("{stem}_s{finer}")));
        };
        let bytes = view.data();
        let mut values: Vec<f32> = match view.dtype() {
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
        if let Some(["levels", offset, span, count]) = self.fact(name).as_deref() {
            let [offset, span, count] = [offset, span, count].map(|number| number.parse::<f64>().unwrap());
            values.iter_mut().for_each(|value| *value = (offset + span * f64::from(*value) / count) as f32);
        }
        (view.shape().to_vec(), values)
    }

    /// The values of ours, and those of the reference, at the places of a tensor that the file keeps.
    pub fn beside(&self, name: &str, ours: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let step = match self.fact(name).as_deref() {
            Some(["every", step]) => step.parse().unwrap(),
            _ => 1,
        };
        (ours.iter().copied().step_by(step).collect(), self.get(name).1)
    }

    fn fact(&self, name: &str) -> Option<Vec<&str>> {
        Some(self.facts.get(name)?.split(' ').collect())
    }

    /// Shape and values of a tensor of doubles.
    pub fn doubles(&self, name: &str) -> (Vec<usize>, Vec<f64>) {
        let file = SafeTensors::deserialize(&self.bytes).unwrap();
        let view = file.tensor(name).unwrap_or_else(|_| panic!("no tensor {name}"));
        assert_eq!(view.dtype(), Dtype::F64, "{name}");
        let (words, _) = view.data().as_chunks::<8>();
        (view.shape().to_vec(), words.iter().map(|word| f64::from_le_bytes(*word)).collect())
    }

    /// The names of all tensors that the file holds, sorted.
    pub fn names(&self) -> Vec<String> {
        let file = SafeTensors::deserialize(&self.bytes).unwrap();
        let mut names: Vec<String> = file.names().into_iter().map(str::to_owned).collect();
        names.sort();
        names
    }
}

/// Images `[B, C, H, W]` of half the size: the means of two by two pixels, rounded as the reference rounds.
fn halved((shape, values): (Vec<usize>, Vec<f32>)) -> (Vec<usize>, Vec<f32>) {
    let [batch, channels, height, width] = shape[..] else { panic!("{shape:?} is no image's") };
    let mut means = Vec::with_capacity(values.len() / 4);
    for plane in values.chunks_exact(height * width) {
        for row in 0..height / 2 {
            for column in 0..width / 2 {
                let at = |y: usize, x: usize| plane[(2 * row + y) * width + 2 * column + x];
                means.push((((at(0, 0) + at(0, 1)) + at(1, 0)) + at(1, 1)) * 0.25);
            }
        }
    }
    (vec![batch, channels, height / 2, width / 2], means)
}

/// A safetensors file of f32 arrays with text facts.
pub fn safetensors_bytes(
    arrays: impl IntoIterator<Item = (String, Vec<usize>, Vec<f32>)>,
    facts: Option<HashMap<String, String>>,
) -> Vec<u8> {
    let arrays: Vec<_> = arrays
        .into_iter()
        .map(|(name, shape, values)| {
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            (name, shape, bytes)
        })
        .collect();
    let views = arrays
        .iter()
        .map(|(name, shape, bytes)| (name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()));
    safetensors::serialize(views, facts).unwrap()
}
