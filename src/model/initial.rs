//! Initial values of the networks' parameters.

use burn::{
    module::Param,
    tensor::{Device, Shape, Tensor, TensorData},
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Source of the initial values of parameters, drawn in the order in which layers are built, and the device for
/// them.
///
/// The values are drawn on the CPU from our own generator, so that a seed gives the same networks on every
/// backend.
#[derive(Debug)]
pub(super) struct Initialiser {
    /// Generator of random values; `None` for zeros, for networks whose values will be loaded.
    generator: Option<Box<ChaCha8Rng>>,
    device: Device,
}

impl Initialiser {
    /// Random values from this seed.
    pub(super) fn seeded(seed: u64, device: &Device) -> Self {
        Self { generator: Some(Box::new(ChaCha8Rng::seed_from_u64(seed))), device: device.clone() }
    }

    /// All values zero.
    pub(super) fn blank(device: &Device) -> Self {
        Self { generator: None, device: device.clone() }
    }

    /// The device that parameters are put on.
    pub(super) fn device(&self) -> &Device {
        &self.device
    }

    /// Normally distributed values with mean 0.
    pub(super) fn normal<const D: usize>(
        &mut self,
        shape: [usize; D],
        standard_deviation: f64,
    ) -> Param<Tensor<D>> {
        self.parameter(shape, |generator| {
            // Box and Muller's transform; 1 − u lies in (0, 1], where the logarithm is finite.
            let radius = (-2.0 * (1.0 - generator.random::<f64>()).ln()).sqrt();
            standard_deviation * radius * (std::f64::consts::TAU * generator.random::<f64>()).cos()
        })
    }

    /// Uniformly distributed values in −`bound` to `bound`.
    pub(super) fn uniform<const D: usize>(&mut self, shape: [usize; D], bound: f64) -> Param<Tensor<D>> {
        self.parameter(shape, |generator| bound * (2.0 * generator.random::<f64>() - 1.0))
    }

    fn parameter<const D: usize>(
        &mut self,
        shape: [usize; D],
        draw: impl Fn(&mut ChaCha8Rng) -> f64,
    ) -> Param<Tensor<D>> {
        let count = Shape::from(shape).num_elements();
        let values: Vec<f32> = match &mut self.generator {
            Some(generator) => (0..count).map(|_| draw(generator) as f32).collect(),
            None => vec![0.0; count],
        };
        Param::from_data(TensorData::new(values, shape), &self.device)
    }
}
