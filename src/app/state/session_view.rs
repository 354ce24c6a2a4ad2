//! The session as the window knows it: the state that it published and the requests that wait for a reply. Nothing of
//! the session is stored twice.

use super::{Devices, Requests};
use crate::{
    config::{DataChoice, DeviceChoice},
    data::FrameSource,
    session::{
        Activity, Command, DataReport, DeviceState, Failure, ModelReport, OnRun, Provenance, RunEffect,
        RunState, SessionState,
    },
};
use std::{path::PathBuf, sync::Arc};

/// The session's state, the frames of its data, and the requests to it.
pub struct SessionView {
    /// The newest state that the session published.
    pub published: Arc<SessionState>,
    /// Frames of the data that is viewed.
    pub frames: Option<Arc<dyn FrameSource>>,
    /// Requests to the session.
    pub requests: Requests,
    /// Names of the devices.
    pub devices: Devices,
}

impl SessionView {
    /// The view of a session that has published nothing yet.
    pub fn new(devices: Devices) -> Self {
        Self { published: Arc::default(), frames: None, requests: Requests::default(), devices }
    }

    /// Activity of the session; a run that was requested counts as being prepared, so that it is not requested twice.
    pub fn activity(&self) -> Activity {
        match self.published.activity {
            Activity::Idle if self.requests.starts_run() => Activity::Preparing,
            activity => activity,
        }
    }

    /// The data that is viewed.
    pub fn data(&self) -> Option<&Arc<DataReport>> {
        self.published.data.as_ref()
    }

    /// The run in progress.
    pub fn active_run(&self) -> Option<&RunState> {
        self.published.run.as_ref()
    }

    /// The device that trains and predicts.
    pub fn device(&self) -> &DeviceState {
        &self.published.device
    }

    /// The viewed networks, if they were loaded from files.
    pub fn loaded_weights(&self) -> Option<&ModelReport> {
        let model = self.published.model.as_deref()?;
        (!matches!(model.provenance, Provenance::Run { .. })).then_some(model)
    }

    /// Failure after which the run's loss or gradients are not finite.
    pub fn divergence(&self) -> Option<&Failure> {
        let failure = self.active_run()?.failure.as_ref()?;
        (failure.effect == RunEffect::NonFinite).then_some(failure)
    }

    /// True if a run is in progress, paused or not.
    pub fn has_run(&self) -> bool {
        self.activity() != Activity::Idle
    }

    /// True if training is running or being prepared.
    pub fn is_training(&self) -> bool {
        matches!(self.activity(), Activity::Training | Activity::Preparing)
    }

    /// True if a run is in progress and other data or networks are viewed.
    pub fn looks_elsewhere(&self) -> bool {
        self.active_run().is_some_and(|run| {
            !run.is_viewed || self.data().is_some_and(|data| data.version != run.data_version)
        })
    }

    /// A sentence for a pane that has no networks to show anything of.
    pub fn no_networks(&self) -> String {
        let hint = || "No networks yet: press Train, or load weights".to_owned();
        self.requests.opening().unwrap_or_else(hint)
    }

    /// Opens other data with its split. If a run is in progress, the reply asks what to do with it.
    pub fn open_data(&mut self, data: DataChoice, split: Option<String>) {
        self.requests.send(Command::OpenData { data, split, on_run: OnRun::Ask });
    }

    /// Opens the present data again with this split.
    pub fn open_split(&mut self, split: Option<String>) {
        let data = self.data().map_or(DataChoice::Demo, |data| data.choice.clone());
        self.open_data(data, split);
    }

    /// Loads the demo weights, for a first look.
    pub fn load_demo(&mut self) {
        self.requests.send(Command::LoadWeights { path: None, on_run: OnRun::Ask });
    }

    /// Loads networks. If a run is in progress, the reply asks what to do with it.
    pub fn load_weights(&mut self, path: PathBuf) {
        self.requests.send(Command::LoadWeights { path: Some(path), on_run: OnRun::Ask });
    }

    /// Unloads the networks, so that the next run starts from scratch.
    pub fn unload_weights(&mut self) {
        self.requests.send(Command::UnloadWeights);
    }

    /// Moves everything that is computed to another device; a run in progress continues there.
    pub fn compute_on(&mut self, choice: DeviceChoice) {
        self.requests.send(Command::ComputeOn(choice));
    }

    /// Pauses training; the run stays.
    pub fn pause(&mut self) {
        if self.is_training() {
            self.requests.send(Command::Pause);
        }
    }

    /// Ends the run.
    pub fn stop(&mut self) {
        if self.has_run() {
            self.requests.send(Command::Stop);
        }
    }
}
