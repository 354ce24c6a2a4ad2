//! Steps of Adam with PyTorch's formula. The state, [`AdamState`], is kept by parameter so that checkpoints save it
//! by name.

use super::parameters::{DetachedParameter, Replace, take};
use crate::compute::ops::{AdamState, AdamStep, Guard, ParameterUpdate, adam_update_all};
use burn::{module::Module, optim::GradientsParams, tensor::Tensor};

impl AdamState {
    /// Updates every parameter that has a gradient, with `factor` times that gradient, and weight decay as in
    /// [`AdamStep::with_weight_decay`].
    pub fn step<M: Module>(
        &mut self,
        module: M,
        gradients: GradientsParams,
        factor: f32,
        learning_rate: f64,
        weight_decay: f64,
    ) -> M {
        let (module, taken) = take(module, gradients);
        let Some(first) = taken.first() else {
            self.steps += 1;
            return module;
        };
        let guard = Guard::open(factor, &first.parameter.device());
        let mut replace = Replace::default();
        self.update(taken, &guard, learning_rate, weight_decay, &mut replace);
        module.map(&mut replace)
    }

    /// Updates the parameters if the guard is open, and counts the step in any case.
    pub(super) fn update(
        &mut self,
        taken: Vec<DetachedParameter>,
        guard: &Guard,
        learning_rate: f64,
        weight_decay: f64,
        replace: &mut Replace,
    ) {
        self.steps += 1;
        let mut targets = Vec::with_capacity(taken.len());
        let mut updates = Vec::with_capacity(taken.len());
        for DetachedParameter { id, shape, parameter, gradient } in taken {
            targets.push((id, shape));
            updates.push(ParameterUpdate { parameter, gradient, moments: self.moments.remove(&id) });
        }
        let step = AdamStep::new(learning_rate, self.steps).with_weight_decay(weight_decay);
        let updated = adam_update_all(updates, step, guard, None);
        for ((id, shape), (parameter, moments)) in targets.into_iter().zip(updated) {
            self.moments.insert(id, moments);
            replace.trained(id, shape, parameter);
        }
    }
}

/// Gradients of parameters that were taken out of a module.
pub(super) fn gradients(taken: &[DetachedParameter]) -> Vec<Tensor<1>> {
    taken.iter().map(|taken| taken.gradient.clone()).collect()
}
