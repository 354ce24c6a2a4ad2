//! What draws, what computes, and how a person has it computed elsewhere.

use super::State;
use crate::{
    app::actions::Action,
    config::DeviceChoice,
    session::{Command, DeviceState},
};

/// What draws the window, and beside it what computes, by the names that a person knows.
#[derive(Clone, Debug)]
pub struct Devices {
    /// The adapter that draws the window.
    pub draws: String,
    /// Whether that is a driver that draws on the CPU.
    pub is_software: bool,
}

impl Devices {
    /// Both in a few words.
    pub fn summary(&self, computes: &DeviceState) -> String {
        let short = |name: &str| name.split(" (").next().unwrap_or(name).to_owned();
        if computes.is_shared {
            format!("{} draws and trains", short(&self.draws))
        } else {
            format!("{} draws · {} trains", short(&self.draws), short(&computes.name))
        }
    }

    /// Both by their whole names, with what follows from it.
    pub fn explanation(&self, computes: &DeviceState) -> String {
        if computes.is_shared {
            format!("{} draws and trains: tensors are drawn where they lie", self.draws)
        } else {
            format!("{} draws the window; the {} trains and predicts", self.draws, computes.name)
        }
    }

    /// The choices for training and predicting, each with what it means here.
    pub fn choices(&self) -> [(Action, String); 2] {
        let warning = if self.is_software {
            ". It is a software driver, which trains about ten times slower than the CPU backend"
        } else {
            ": tensors are drawn where they lie"
        };
        [
            (Action::ComputeOnGpu, format!("{}{warning}", self.draws)),
            (Action::ComputeOnCpu, "The CPU backend, on all threads".to_owned()),
        ]
    }
}

impl State {
    /// Has everything computed elsewhere; a run under way goes on there.
    pub fn compute_on(&mut self, choice: DeviceChoice) {
        self.requests.send(Command::ComputeOn(choice));
    }
}
