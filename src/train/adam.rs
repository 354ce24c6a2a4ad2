//! Adam with PyTorch's formula, its state kept by parameter so that it can be saved by name.

use crate::compute::ops::{AdamStep, Moments, adam_update};
use burn::{
    module::{Module, ModuleMapper, Param, ParamId},
    optim::GradientsParams,
    tensor::Tensor,
};
use std::collections::HashMap;

/// The optimiser of the published recipe: β 0.9 and 0.999, ε 1e-8, no weight decay.
#[derive(Debug, Default)]
pub struct Adam {
    /// Updates made so far.
    pub steps: u64,
    /// Running means of gradients and of their squares.
    pub moments: HashMap<ParamId, Moments>,
}

impl Adam {
    /// Updates every parameter that has a gradient, taken `factor` times.
    pub fn step<M: Module>(
        &mut self,
        module: M,
        gradients: GradientsParams,
        factor: f32,
        learning_rate: f64,
    ) -> M {
        self.steps += 1;
        let step = AdamStep::new(learning_rate, self.steps);
        module.map(&mut Update { moments: &mut self.moments, gradients, factor, step })
    }
}

struct Update<'a> {
    moments: &'a mut HashMap<ParamId, Moments>,
    gradients: GradientsParams,
    factor: f32,
    step: AdamStep,
}

impl ModuleMapper for Update<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let Some(gradient) = self.gradients.remove::<D>(id) else {
            return Param::from_mapped_value(id, tensor, mapper);
        };
        let gradient = if self.factor == 1.0 { gradient } else { gradient.mul_scalar(self.factor) };
        let (updated, moments) = adam_update(tensor.inner(), gradient, self.moments.remove(&id), self.step);
        self.moments.insert(id, moments);
        let updated = Tensor::from_inner(updated).require_grad();
        Param::from_mapped_value(id, updated, mapper)
    }
}
