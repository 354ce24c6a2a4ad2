//! What draws, what computes, and how a person has it computed elsewhere.

use super::State;
use crate::{app::action::Action, config::DeviceChoice, train::Command};

/// What draws and what computes, by the names that a person knows.
#[derive(Clone, Debug)]
pub struct Devices {
    /// The adapter that draws the window.
    pub draws: String,
    /// Whether that is a driver that draws with the processor.
    pub is_software: bool,
    /// The backend that trains and predicts.
    pub trains: String,
    /// Whether they are one device, so that tensors are drawn where they lie.
    pub is_shared: bool,
}

impl Devices {
    /// Both in a few words.
    pub fn summary(&self) -> String {
        let short = |name: &str| name.split(" (").next().unwrap_or(name).to_owned();
        if self.is_shared {
            format!("{} draws and trains", short(&self.draws))
        } else {
            format!("{} draws · {} trains", short(&self.draws), short(&self.trains))
        }
    }

    /// Both by their whole names, with what follows from it.
    pub fn explanation(&self) -> String {
        if self.is_shared {
            format!("{} draws and trains: tensors are drawn where they lie", self.draws)
        } else {
            format!("{} draws the window; the {} trains and predicts", self.draws, self.trains)
        }
    }

    /// The choices for training and predicting, each with what it means here.
    pub fn choices(&self) -> [(Action, String); 2] {
        let warning = if self.is_software {
            ". It is a software driver, which trains about ten times slower than the processor's own backend"
        } else {
            ": tensors are drawn where they lie"
        };
        [
            (Action::ComputeOnGraphics, format!("{}{warning}", self.draws)),
            (Action::ComputeOnProcessor, "The CPU backend, on all threads".to_owned()),
        ]
    }
}

impl State {
    /// Has everything computed elsewhere; a run under way goes on there.
    pub fn compute_on(&mut self, choice: DeviceChoice) {
        self.commands.push(Command::ComputeOn(choice));
    }

    /// Why nothing more can be computed on the graphics card, or off it, than is already.
    pub(super) fn obstacle_to_move(&self, action: Action) -> Option<String> {
        let is_there = (action == Action::ComputeOnGraphics) == self.devices.is_shared;
        is_there.then(|| format!("The {} trains and predicts already", self.devices.trains))
    }

    pub(super) fn moved(&mut self, trains: String, is_shared: bool) {
        self.devices.trains = trains;
        self.devices.is_shared = is_shared;
    }
}
