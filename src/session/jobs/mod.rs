//! Jobs: work that is done in time slices between training steps and views. This file schedules them.

mod evaluation;
mod fusion;
mod job;
mod snapshots;
mod trajectory;

pub(super) use evaluation::EvaluationJob;
pub(super) use fusion::CloudFusionJob;
pub(super) use job::{Job, Versions};
pub(super) use snapshots::SnapshotJob;
pub(super) use trajectory::TrajectoryJob;

use super::{Level, Topic, protocol::guarded, publisher::Publisher};
use std::time::Duration;
use tracing::debug;

/// The running jobs, at most one of each kind.
#[derive(Default)]
pub(super) struct Jobs {
    pub trajectory: Option<TrajectoryJob>,
    pub fusion: Option<CloudFusionJob>,
    pub evaluation: Option<EvaluationJob>,
    /// Always present, because it keeps the bookmarks and the store of the run's snapshots.
    pub snapshots: SnapshotJob,
}

impl Jobs {
    /// Aborts jobs that use other versions than the current ones: those of what is viewed, and for snapshots those
    /// of the active run, if there is one.
    pub fn drop_stale(&mut self, viewed: &Versions, of_snapshots: &Versions, publisher: &Publisher) {
        drop_stale(&mut self.trajectory, viewed, publisher);
        drop_stale(&mut self.fusion, viewed, publisher);
        drop_stale(&mut self.evaluation, viewed, publisher);
        if !self.snapshots.is_current(of_snapshots) {
            self.snapshots.abort(publisher);
        }
    }

    /// Aborts all jobs.
    pub fn abort_all(&mut self, publisher: &Publisher) {
        abort(&mut self.trajectory, publisher);
        abort(&mut self.fusion, publisher);
        abort(&mut self.evaluation, publisher);
        self.snapshots.abort(publisher);
    }

    /// Tells if any job has something to do.
    pub fn has_work(&self) -> bool {
        has_work(&self.trajectory)
            || has_work(&self.fusion)
            || has_work(&self.evaluation)
            || self.snapshots.has_work()
    }

    /// Predicts one more bookmarked frame, if a snapshot is incomplete.
    pub fn advance_snapshots(&mut self, publisher: &Publisher) {
        if self.snapshots.has_work()
            && let Err(failure) =
                guarded(SnapshotJob::NAME, || self.snapshots.advance(Duration::ZERO, publisher))
        {
            publisher.notify(Level::Warning, Topic::Job, failure);
            self.snapshots.abort(publisher);
        }
    }

    /// Works for a time slice on each job. A failure ends only the job that fails.
    pub fn advance(&mut self, slice: Duration, publisher: &Publisher) {
        self.advance_snapshots(publisher);
        advance(&mut self.trajectory, slice, publisher);
        advance(&mut self.evaluation, slice, publisher);
        advance(&mut self.fusion, slice, publisher);
    }
}

/// Ends a job early, if there is one.
pub(super) fn abort<J: Job>(job: &mut Option<J>, publisher: &Publisher) {
    if let Some(mut job) = job.take() {
        debug!(job = std::any::type_name::<J>(), "job ended early");
        job.abort(publisher);
    }
}

fn drop_stale(job: &mut Option<impl Job>, versions: &Versions, publisher: &Publisher) {
    if job.as_ref().is_some_and(|job| !job.is_current(versions)) {
        abort(job, publisher);
    }
}

fn has_work(job: &Option<impl Job>) -> bool {
    job.as_ref().is_some_and(Job::has_work)
}

fn advance<J: Job>(slot: &mut Option<J>, slice: Duration, publisher: &Publisher) {
    let Some(job) = slot.as_mut().filter(|job| job.has_work()) else { return };
    match guarded(J::NAME, || job.advance(slice, publisher)) {
        Ok(true) => {}
        Ok(false) => *slot = None,
        Err(failure) => {
            publisher.notify(Level::Warning, Topic::Job, failure);
            abort(slot, publisher);
        }
    }
}
