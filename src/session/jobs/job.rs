//! The trait of jobs, and the versions of data, networks and device that jobs depend on.

use crate::session::{ModelVersion, publisher::Publisher};
use anyhow::Result;
use std::time::Duration;

/// Versions of the data, the networks and the device that some work uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    /// Version of the data.
    pub data: Option<u64>,
    /// Version of the networks.
    pub model: Option<ModelVersion>,
    /// Version of the device that burn computes on.
    pub device: u64,
}

impl Versions {
    /// True if the versions are equal, or differ only by steps of the same run.
    pub fn is_same_model(&self, other: &Self) -> bool {
        let id = |versions: &Self| versions.model.map(|model| model.id);
        (self.data, id(self), self.device) == (other.data, id(other), other.device)
    }
}

/// Work that is done in time slices, between other work of the session.
pub trait Job {
    /// Prefix of this job's error messages.
    const NAME: &str;

    /// True if its results are still valid for these versions.
    fn is_current(&self, versions: &Versions) -> bool;

    /// True if the job has work to do.
    fn has_work(&self) -> bool {
        true
    }

    /// Works for about the time `slice`, on at least one frame, and publishes the result. Returns `false` when the
    /// job is done.
    fn advance(&mut self, slice: Duration, publisher: &Publisher) -> Result<bool>;

    /// Publishes that the job ends early.
    fn abort(&mut self, publisher: &Publisher);
}
