//! What several tests need: reference data in the tree and beside the checkout, comparisons, backends.

mod arrays;
mod random;

pub use arrays::{Arrays, safetensors_bytes};
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
pub use random::{Cases, mutate, mutate_text};
use std::{collections::BTreeMap, convert::Infallible, path::PathBuf, sync::OnceLock};

/// A file or folder of the reference data, in the folder that `MONOSCOPE_SHARED` names or beside the checkout.
/// A test that asks for one is ignored, for a fresh clone has none: without it, the test fails.
pub fn shared(path: &str) -> PathBuf {
    let beside = || repository("../shared");
    let found = std::env::var_os("MONOSCOPE_SHARED").map_or_else(beside, PathBuf::from).join(path);
    assert!(
        found.exists(),
        "there is no {}: this test needs reference data that are not part of the repository. Put their folder beside \
         the checkout as ../shared, or name it in MONOSCOPE_SHARED; without it, run the tests without --ignored.",
        found.display()
    );
    found
}

/// Extracts of the reference arrays that lie in the tree, with the names of the whole file. `tests/golden/README.md`
/// says what they hold.
pub fn extract(name: &str) -> Arrays {
    Arrays::open(&repository(&format!("tests/golden/{name}.safetensors")))
}

/// Arrays of the reference implementation: a file of `../shared/golden`.
pub fn golden(name: &str) -> Arrays {
    Arrays::open(&shared(&format!("golden/{name}.safetensors")))
}

/// A file of this repository, in the folder that `MONOSCOPE_REPOSITORY` names where the tests do not run on the
/// machine that built them.
pub fn repository(path: &str) -> PathBuf {
    let built_in = || PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    std::env::var_os("MONOSCOPE_REPOSITORY").map_or_else(built_in, PathBuf::from).join(path)
}

/// The device of the GPU backend on whatever adapter there is, one for all tests so that each kernel
/// is compiled once.
pub fn gpu() -> Device {
    static GPU: OnceLock<Device> = OnceLock::new();
    GPU.get_or_init(|| with_adapter(Compute::open(DeviceChoice::Gpu, None)).device).clone()
}

/// What was opened on a graphics adapter. Every machine that `.ci/setup` has set up has one, so its lack is a failure.
pub fn with_adapter<T>(opened: Result<T, ComputeError>) -> T {
    opened.unwrap_or_else(|error| {
        panic!("this test needs a graphics adapter, of which the software driver that ./.ci/setup installs is one: {error}")
    })
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

/// CRC-32 of bytes, as PNG and zip have it.
pub fn crc_32(bytes: &[u8]) -> u32 {
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

/// The CPU backend and the GPU backend, each with the factor on its tolerances.
pub fn backends() -> [(Device, f32); 2] {
    [(Device::flex(), 1.0), (gpu(), 5.0)]
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
