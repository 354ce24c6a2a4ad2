//! Names of the devices that draw and compute, and the choice between them.

use crate::{app::actions::Action, session::DeviceState};

/// The adapter that draws the window.
#[derive(Clone, Debug)]
pub struct Devices {
    /// Name of the adapter.
    pub draws: String,
    /// True if it is a driver that draws on the CPU.
    pub is_software: bool,
}

impl Devices {
    /// Short names of the devices that draw and compute.
    pub fn summary(&self, computes: &DeviceState) -> String {
        let short = |name: &str| name.split(" (").next().unwrap_or(name).to_owned();
        if computes.is_shared {
            format!("{} draws and trains", short(&self.draws))
        } else {
            format!("{} draws · {} trains", short(&self.draws), short(&computes.name))
        }
    }

    /// Full names of the devices that draw and compute.
    pub fn explanation(&self, computes: &DeviceState) -> String {
        if computes.is_shared {
            format!("{} draws and trains: tensors are drawn in place", self.draws)
        } else {
            format!("{} draws the window; the {} trains and predicts", self.draws, computes.name)
        }
    }

    /// Actions that choose where to train and predict, each with its consequences.
    pub fn choices(&self) -> [(Action, String); 2] {
        let warning = if self.is_software {
            ". It is a software driver, which trains about ten times slower than the CPU backend"
        } else {
            ": tensors are drawn in place"
        };
        [
            (Action::ComputeOnGpu, format!("{}{warning}", self.draws)),
            (Action::ComputeOnCpu, "The CPU backend, on all threads".to_owned()),
        ]
    }
}
