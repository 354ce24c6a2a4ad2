//! What several tests need: reference data beside the checkout, arrays, comparisons.

use burn::{
    module::{Module, ModuleVisitor, Param, ParamId},
    optim::GradientsParams,
    tensor::{Device, Tensor, TensorData},
};
use monoscope::{
    compute::{Compute, ComputeError, launched_kernels},
    config::{DeviceChoice, NetworkConfig, ObjectiveConfig},
    model::{
        Architecture, Networks,
        weights::{self, ParameterName, map_parameters},
    },
};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::{
    collections::{BTreeMap, HashMap},
    convert::Infallible,
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// A file or folder of the reference data, in the folder that `MONOSCOPE_SHARED` names or beside the checkout;
/// says so and gives `None` if it is not there.
pub fn shared(path: &str) -> Option<PathBuf> {
    let beside = || repository("../shared");
    let path = std::env::var_os("MONOSCOPE_SHARED").map_or_else(beside, PathBuf::from).join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: there is no {}", path.display());
    None
}

/// A file of this repository, in the folder that `MONOSCOPE_REPOSITORY` names where the tests do not run on the
/// machine that built them.
pub fn repository(path: &str) -> PathBuf {
    let built_in = || PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    std::env::var_os("MONOSCOPE_REPOSITORY").map_or_else(built_in, PathBuf::from).join(path)
}

/// The device of the GPU backend on whatever adapter there is, one for all tests so that each kernel
/// is compiled once; says so and gives `None` if there is none.
pub fn gpu() -> Option<Device> {
    static GPU: OnceLock<Option<Device>> = OnceLock::new();
    let open = || match Compute::open(DeviceChoice::Gpu, None) {
        Ok(compute) => Some(compute.device),
        Err(ComputeError::NoAdapter(reason)) => {
            eprintln!("skipped: no graphics adapter: {reason}");
            None
        }
        Err(error) => panic!("{error}"),
    };
    GPU.get_or_init(open).clone()
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

    /// Shape and values of a tensor of doubles.
    pub fn doubles(&self, name: &str) -> (Vec<usize>, Vec<f64>) {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let view = file.tensor(name).unwrap_or_else(|_| panic!("no tensor {name}"));
        assert_eq!(view.dtype(), Dtype::F64, "{name}");
        let (words, _) = view.data().as_chunks::<8>();
        (view.shape().to_vec(), words.iter().map(|word| f64::from_le_bytes(*word)).collect())
    }

    /// The names of all tensors, sorted.
    pub fn names(&self) -> Vec<String> {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let mut names: Vec<String> = file.names().into_iter().map(str::to_owned).collect();
        names.sort();
        names
    }
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

/// Does some work and holds it to so many bytes at once on this thread (what C libraries take is not seen).
pub fn takes_at_most(bytes: u64, work: impl FnOnce()) {
    let taken = allocation_counter::measure(work).bytes_max;
    assert!(taken <= bytes, "{taken} bytes were taken at once, {bytes} are allowed");
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

/// A number in 0..1 that is a function of a name's CRC-32 and a flat index, in steps of 1/256.
fn formula_unit(index: usize, crc: u32) -> f64 {
    let mut x = (index as u32).wrapping_add(crc.wrapping_mul(0x9E37_79B9));
    x ^= x >> 16;
    x = x.wrapping_mul(0x7FEB_352D);
    x ^= x >> 15;
    x = x.wrapping_mul(0x846C_A68B);
    x ^= x >> 16;
    f64::from(x >> 24) / 256.0
}

fn crc_32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1)))
    })
}

/// The reference's test value of every element of a parameter: a function of its name, so that no
/// weights file is needed to repeat a result.
pub fn formula_values(name: &ParameterName, shape: &[usize]) -> Vec<f32> {
    let crc = crc_32(name.to_string().as_bytes());
    let is_normalisation = name.key.contains("bn") || name.key.contains("downsample.1");
    let kind = name.key.rsplit('.').next().unwrap_or_default();
    let bound = (3.0 / shape[1..].iter().product::<usize>() as f64).sqrt();
    let value = |u: f64| match (is_normalisation, kind) {
        (true, "weight") => 0.8 + 0.4 * u,
        (true, "bias") => 0.2 * (u - 0.5),
        (true, "running_mean") => 0.1 * (u - 0.5),
        (true, "running_var") => 0.5 + u,
        (false, "weight") => (2.0 * u - 1.0) * bound,
        (false, "bias") => 0.1 * (2.0 * u - 1.0),
        _ => panic!("{name} has no formula"),
    };
    (0..shape.iter().product()).map(|index| value(formula_unit(index, crc)) as f32).collect()
}

/// The networks of a run with default options.
pub fn default_architecture() -> Architecture {
    Architecture::new(&NetworkConfig::default(), &ObjectiveConfig::default()).unwrap()
}

/// The default networks with the reference's test values.
pub fn formula_networks(device: &Device) -> Networks {
    let networks = Networks::new(&default_architecture(), 0, device);
    let values =
        |name: &ParameterName, shape: &[usize]| Ok::<_, Infallible>(Some(formula_values(name, shape)));
    let Ok(networks) = map_parameters(networks, values);
    networks
}

/// The values of a tensor, in row-major order.
pub fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_to_vec::<f32>().unwrap()
}

/// The CPU backend and, where there is one, the GPU backend, each with the factor on its tolerances.
pub fn backends() -> impl Iterator<Item = (Device, f32)> {
    [(Device::flex(), 1.0)].into_iter().chain(gpu().map(|device| (device, 5.0)))
}

/// Numbers from 0 to 1 that look random and are always the same.
pub fn scattered<const D: usize>(shape: [usize; D], seed: u32, device: &Device) -> Tensor<D> {
    let count: usize = shape.iter().product();
    let values: Vec<f32> = (0..count as u32)
        .map(|index| {
            let hashed = (index ^ seed.wrapping_mul(0x9E37_79B9)).wrapping_mul(0x85EB_CA6B);
            let hashed = (hashed ^ (hashed >> 15)).wrapping_mul(0xC2B2_AE35);
            ((hashed ^ (hashed >> 13)) >> 8) as f32 / (1 << 24) as f32
        })
        .collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Gradients by published name, as the golden file writes it: `encoder.encoder.conv1.weight`.
pub fn named_gradients(networks: &Networks, gradients: &GradientsParams) -> BTreeMap<String, Vec<f32>> {
    struct Reader<'a>(&'a GradientsParams, BTreeMap<ParamId, Vec<f32>>);
    impl ModuleVisitor for Reader<'_> {
        fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
            if let Some(gradient) = self.0.get::<D>(parameter.id) {
                self.1.insert(parameter.id, gradient.into_data().try_to_vec().unwrap());
            }
        }
    }
    let mut reader = Reader(gradients, BTreeMap::new());
    networks.visit(&mut reader);
    let names = weights::parameter_ids(networks).into_iter();
    names
        .filter_map(|(name, id)| Some((format!("{}.{}", name.file, name.key), reader.1.remove(&id)?)))
        .collect()
}

/// Does some work and counts the kernels that this thread launched meanwhile, by name.
pub fn launches<T>(work: impl FnOnce() -> T) -> (T, BTreeMap<&'static str, usize>) {
    let (result, kernels) = launched_kernels(work);
    let mut counts = BTreeMap::new();
    for kernel in kernels {
        *counts.entry(kernel).or_default() += 1;
    }
    (result, counts)
}
