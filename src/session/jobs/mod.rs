//! Work beside training and showing, done a slice at a time: paths, fused clouds, evaluations, snapshots.

mod evaluation;
mod fusion;
mod snapshots;
mod trajectory;

pub use evaluation::{EvaluatedFrames, EvaluationProgress, EvaluationReport, EvaluationRequest};
pub use fusion::{CloudFusion, FusionRequest, Neighbour, PoseSource};
pub use snapshots::Pinned;
pub use trajectory::Trajectory;

pub(super) use evaluation::EvaluationJob;
pub(super) use fusion::CloudFusionJob;
pub(super) use snapshots::SnapshotJob;
pub(super) use trajectory::TrajectoryJob;

use super::{Level, ModelVersion, Topic, failure::guarded, publisher::Publisher};
use anyhow::Result;
use std::time::Duration;

/// Versions of what is looked at: a job that depends on others is dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// The data.
    pub data: Option<u64>,
    /// The networks.
    pub model: Option<ModelVersion>,
    /// Where burn computes.
    pub device: u64,
}

impl Now {
    /// Whether only steps of a run lie between the two.
    pub fn is_of_same_model(&self, other: &Self) -> bool {
        let id = |now: &Self| now.model.map(|model| model.id);
        (self.data, id(self), self.device) == (other.data, id(other), other.device)
    }
}

/// What a job may use before requests are looked at again.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    /// The time; at least one frame is done.
    pub time: Duration,
}

/// Work that is done a slice at a time.
pub(super) trait Job {
    /// What goes before an error of it.
    const NAME: &str;

    /// Whether what it was begun with is still what is looked at.
    fn is_current(&self, now: &Now) -> bool;

    /// Whether it has something to do.
    fn has_work(&self) -> bool {
        true
    }

    /// Does a slice and publishes what came of it; says whether the job goes on.
    fn advance(&mut self, slice: Slice, publisher: &Publisher) -> Result<bool>;

    /// Tells that it ends before it is done.
    fn give_up(&mut self, publisher: &Publisher);
}

/// The jobs under way, at most one of a kind.
#[derive(Default)]
pub(super) struct Jobs {
    pub trajectory: Option<TrajectoryJob>,
    pub fusion: Option<CloudFusionJob>,
    pub evaluation: Option<EvaluationJob>,
    /// Its pinned frames and album outlast what it does with them.
    pub snapshots: SnapshotJob,
}

impl Jobs {
    /// Drops what depends on versions that are no longer looked at; snapshots depend on what is recorded, a run's
    /// own data and networks.
    pub fn drop_stale(&mut self, looked_at: &Now, recorded: &Now, publisher: &Publisher) {
        drop_stale(&mut self.trajectory, looked_at, publisher);
        drop_stale(&mut self.fusion, looked_at, publisher);
        drop_stale(&mut self.evaluation, looked_at, publisher);
        if !self.snapshots.is_current(recorded) {
            self.snapshots.give_up(publisher);
        }
    }

    /// Whether there is something to do.
    pub fn has_work(&self) -> bool {
        has_work(&self.trajectory)
            || has_work(&self.fusion)
            || has_work(&self.evaluation)
            || self.snapshots.has_work()
    }

    /// Looks at one more pinned frame, if some are due.
    pub fn advance_snapshots(&mut self, publisher: &Publisher) {
        let slice = Slice { time: Duration::ZERO };
        if self.snapshots.has_work()
            && let Err(failure) = guarded(SnapshotJob::NAME, || self.snapshots.advance(slice, publisher))
        {
            publisher.tell(Level::Warning, Topic::Job, failure);
            self.snapshots.give_up(publisher);
        }
    }

    /// Does a slice of each. What fails ends that job and nothing else.
    pub fn advance(&mut self, slice: Slice, publisher: &Publisher) {
        self.advance_snapshots(publisher);
        advance(&mut self.trajectory, slice, publisher);
        advance(&mut self.evaluation, slice, publisher);
        advance(&mut self.fusion, slice, publisher);
    }
}

/// Ends a job before it is done, if there is one.
pub(super) fn end(job: &mut Option<impl Job>, publisher: &Publisher) {
    if let Some(mut job) = job.take() {
        job.give_up(publisher);
    }
}

fn drop_stale(job: &mut Option<impl Job>, now: &Now, publisher: &Publisher) {
    if job.as_ref().is_some_and(|job| !job.is_current(now)) {
        end(job, publisher);
    }
}

fn has_work(job: &Option<impl Job>) -> bool {
    job.as_ref().is_some_and(Job::has_work)
}

fn advance<J: Job>(slot: &mut Option<J>, slice: Slice, publisher: &Publisher) {
    let Some(job) = slot.as_mut().filter(|job| job.has_work()) else { return };
    match guarded(J::NAME, || job.advance(slice, publisher)) {
        Ok(true) => {}
        Ok(false) => *slot = None,
        Err(failure) => {
            publisher.tell(Level::Warning, Topic::Job, failure);
            end(slot, publisher);
        }
    }
}
