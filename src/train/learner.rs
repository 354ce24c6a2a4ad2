//! The update that training consists of: forward, backward, Adam.

use super::Adam;
use crate::{
    model::Networks,
    objective::{MapName, Noise, Objective, Outcome},
    predict::{SampleTensors, forward},
};
use anyhow::{Result, bail};
use burn::{module::Module, optim::GradientsParams};
use std::collections::BTreeSet;

/// Networks with what is needed to improve them.
#[derive(Debug)]
pub struct Learner {
    networks: Networks,
    adam: Adam,
    objective: Objective,
}

impl Learner {
    /// Takes networks on any device into training.
    pub fn new(networks: Networks, objective: Objective) -> Self {
        Self { networks: networks.train(), adam: Adam::default(), objective }
    }

    /// The networks in training mode, on the autodiff device.
    pub fn networks(&self) -> &Networks {
        &self.networks
    }

    /// The optimiser's state.
    pub fn adam(&self) -> &Adam {
        &self.adam
    }

    /// Losses and wanted maps of a batch on the autodiff device, and the gradient of every parameter.
    pub fn gradients(
        &self,
        samples: &SampleTensors,
        noise: Noise,
        wanted: &BTreeSet<MapName>,
    ) -> Result<(Outcome, f32, GradientsParams)> {
        let outcome = forward(&self.networks, &self.objective, samples, noise, wanted);
        let loss = outcome.loss.clone().into_scalar::<f32>();
        if !loss.is_finite() {
            bail!("the loss is {loss}; the networks are kept as they were");
        }
        let gradients = GradientsParams::from_grads(outcome.loss.backward(), &self.networks);
        Ok((outcome, loss, gradients))
    }

    /// Improves the networks on a batch; gives what was computed and the loss.
    ///
    /// # Errors
    /// If the loss is not a number; the networks then stay as they were.
    pub fn learn(
        &mut self,
        samples: &SampleTensors,
        noise: Noise,
        learning_rate: f64,
        wanted: &BTreeSet<MapName>,
    ) -> Result<(Outcome, f32)> {
        let (outcome, loss, gradients) = self.gradients(samples, noise, wanted)?;
        self.networks = self.adam.step(self.networks.clone(), gradients, learning_rate);
        Ok((outcome, loss))
    }
}
