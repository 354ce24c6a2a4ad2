//! The session thread: between pieces of its work it carries out requests, replies, and publishes the state.

mod dataset;
mod moving;
mod opening;
mod phase;
mod recovery;
mod reopening;
mod starting;
mod training;
mod viewer;
mod viewing;

use super::{
    Activity, Command, DeviceState, Event, Failure, Outcome, Reply, Request, RunEffect, RunState,
    SessionState,
    event_log::variant_name,
    jobs::{self, EvaluationJob, Jobs, TrajectoryJob, Versions},
    latest::Latest,
    model::{Model, ModelSnapshot},
    protocol::caught,
    publisher::Publisher,
};
use crate::compute::Compute;
use anyhow::{Context, Result};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use dataset::Dataset;
use phase::{ActiveRun, Phase};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tracing::{debug, trace, warn};
use viewer::Viewer;

/// Time without work after which the device is checked for a loss.
const IDLE: Duration = Duration::from_secs(1);
/// Time slice of a job while no steps are made. Requests wait for its end.
const SLICE: Duration = Duration::from_millis(100);

/// Everything the session thread owns.
pub(super) struct Worker {
    compute: Compute,
    requests: Receiver<Request>,
    publisher: Publisher,
    phase: Phase,
    /// Viewed data.
    data: Option<Dataset>,
    /// Loaded networks. Without any, those of the active run are viewed.
    model: Option<Model>,
    viewer: Viewer,
    jobs: Jobs,
    /// Last version number that was assigned to data, networks or a device.
    last_version: u64,
    /// Version number of the device in use.
    device_version: u64,
    /// Data that was opened with [`OnRun::Ask`](super::OnRun::Ask) while a run was active. If the same data is
    /// requested again, it need not be opened again.
    unconfirmed_data: Option<Dataset>,
    /// Step at which a run last lost its device, and how often it did so in a row.
    device_losses: (u64, u32),
}

impl Worker {
    pub(super) fn new(
        compute: Compute,
        requests: Receiver<Request>,
        events: Sender<Event>,
        latest: Arc<Latest>,
        on_change: Arc<dyn Fn() + Send + Sync>,
    ) -> Self {
        let worker = Self {
            compute,
            requests,
            publisher: Publisher { events, latest, on_change },
            phase: Phase::default(),
            data: None,
            model: None,
            viewer: Viewer::default(),
            jobs: Jobs::default(),
            last_version: 0,
            device_version: 0,
            unconfirmed_data: None,
            device_losses: (0, 0),
        };
        worker.publish();
        worker
    }

    /// Works and carries out requests until `Shutdown`, or until all senders are dropped and the work is done.
    pub(super) fn run(mut self) {
        loop {
            self.recover();
            self.jobs.drop_stale(&self.viewed_versions(), &self.snapshot_versions(), &self.publisher);
            let has_work = self.phase.is_running() || self.is_show_due() || self.jobs.has_work();
            let time = if has_work { Duration::ZERO } else { IDLE };
            match self.requests.recv_timeout(time) {
                Ok(request) => {
                    if self.process(request) {
                        return self.reject_remaining();
                    }
                }
                Err(RecvTimeoutError::Disconnected) if !has_work => return,
                Err(_) if has_work => {
                    let worked = caught(|| {
                        self.work();
                        Ok(())
                    });
                    if let Err(failure) = worked {
                        self.interrupt_and_notify(failure);
                    }
                }
                Err(_) => {}
            }
        }
    }

    /// Does one piece of each kind of work.
    fn work(&mut self) {
        if self.phase.is_running() {
            self.train();
        }
        if self.is_show_due() {
            self.show();
        }
        let slice = if self.phase.is_running() { Duration::ZERO } else { SLICE };
        self.jobs.advance(slice, &self.publisher);
    }

    /// Carries out a request and sends the reply. Returns `true` if the session ends with it.
    fn process(&mut self, Request { id, command }: Request) -> bool {
        let (changes_run, starts_run) = (command.changes_run(), command.starts_run());
        let shutdown = match command {
            Command::Shutdown { even_unsaved } => Some(even_unsaved),
            _ => None,
        };
        let started = Instant::now();
        debug!(id = id.0, command = variant_name(&command), "request taken");
        trace!(id = id.0, "{command:?}");
        let mut result = caught(|| self.handle(command));
        if let Err(failure) = &mut result {
            if self.compute.loss().is_some() {
                let of_run = self.recover();
                *failure = of_run.unwrap_or_else(|| failure.clone());
            } else if failure.is_panic() && changes_run {
                *failure = self.roll_back(failure.clone());
            }
            if starts_run && failure.effect == RunEffect::None {
                failure.effect = RunEffect::NotStarted;
            }
        }
        let ends = shutdown.is_some_and(|even_unsaved| even_unsaved || result.is_ok());
        if let (true, Err(failure), Some(active)) = (ends, &mut result, self.phase.active_run()) {
            let (saved, out) = (active.run.saved_step(), active.run.out());
            failure.advice = format!(
                "the run ends at its checkpoint of step {saved}: --resume {} continues from there",
                out.display()
            );
        }
        let seconds = started.elapsed().as_secs_f64();
        match &result {
            Ok(outcome) => debug!(id = id.0, outcome = variant_name(outcome), seconds, "reply sent"),
            Err(failure) => warn!(id = id.0, seconds, "request failed: {failure}"),
        }
        self.publish();
        self.publisher.send(Event::Reply(Reply { id, result }));
        ends
    }

    /// Replies with a failure to the requests that arrived after `Shutdown`.
    fn reject_remaining(&self) {
        for Request { id, .. } in self.requests.try_iter() {
            let failure = Failure { text: "the session has ended".to_owned(), ..Failure::default() };
            self.publisher.send(Event::Reply(Reply { id, result: Err(failure) }));
        }
    }

    fn handle(&mut self, command: Command) -> Result<Outcome> {
        match command {
            Command::OpenData { data, split, on_run } => return self.open_data(&data, split, on_run),
            Command::LoadWeights { path, on_run } => return self.load_weights(path, on_run),
            Command::UnloadWeights => self.unload_weights(),
            Command::ViewRun => self.view_run()?,
            Command::Start { config, out } => self.start(*config, &out)?,
            Command::Resume { run, data, config, on_run } => {
                return self.resume(&run, data, config.map(|config| *config), on_run);
            }
            Command::Change(setting) => self.change(setting)?,
            Command::Pause => self.pause()?,
            Command::Continue => self.continue_run(false)?,
            Command::Step => self.continue_run(true)?,
            Command::Stop | Command::Shutdown { .. } => self.finish()?,
            Command::PredictTrajectory { folder, side } => {
                jobs::abort(&mut self.jobs.trajectory, &self.publisher);
                let snapshot =
                    self.viewed_snapshot().context("there is no drive to follow; open some data first")?;
                let job =
                    TrajectoryJob::new(snapshot, (folder, side), &self.compute, self.viewed_versions())?;
                self.jobs.trajectory = Some(job);
            }
            Command::CancelTrajectory => jobs::abort(&mut self.jobs.trajectory, &self.publisher),
            Command::Evaluate(request) => {
                jobs::abort(&mut self.jobs.evaluation, &self.publisher);
                let data = self.data.as_ref().context("there is no data to evaluate on; open some first")?;
                let (model, versions) = (self.viewed_model(), self.viewed_versions());
                let job = EvaluationJob::start(*request, &data.open, model, &self.compute.device, versions)?;
                self.publisher.send(Event::Evaluation(job.started()));
                self.jobs.evaluation = Some(job);
            }
            Command::CancelEvaluation => jobs::abort(&mut self.jobs.evaluation, &self.publisher),
            Command::Bookmark(bookmarks) => {
                if self.jobs.snapshots.set_bookmarks(bookmarks) {
                    self.start_snapshot();
                }
            }
            Command::Fuse(request) => self.fuse(request),
            Command::Adjust(adjustment) => self.viewer.set_adjustment(adjustment),
            Command::Show(key) => self.viewer.set_frame(key),
            Command::FollowTraining(follows) => self.viewer.set_follows_training(follows),
            Command::Watch(maps) => self.viewer.set_watched(maps),
            Command::Inspect(inspects) => self.viewer.set_inspects(inspects),
            Command::ComputeOn(choice) => self.compute_on(choice)?,
        }
        Ok(Outcome::Done)
    }

    /// Returns a version number that was not used before.
    fn next_version(&mut self) -> u64 {
        self.last_version += 1;
        self.last_version
    }

    /// Versions of the viewed data and networks, and of the device.
    fn viewed_versions(&self) -> Versions {
        let of_run = || self.phase.active_run().map(ActiveRun::version);
        Versions {
            data: self.data.as_ref().map(|data| data.report.version),
            model: self.model.as_ref().map(|model| model.version).or_else(of_run),
            device: self.device_version,
        }
    }

    /// Versions of the data and networks that snapshots are taken of: those of the run, else the viewed ones.
    fn snapshot_versions(&self) -> Versions {
        self.phase.active_run().map_or_else(
            || self.viewed_versions(),
            |active| Versions {
                data: Some(active.data.report.version),
                model: Some(active.version()),
                device: self.device_version,
            },
        )
    }

    /// The viewed networks, if there are any.
    fn viewed_model(&self) -> Option<Model> {
        self.model.clone().or_else(|| self.phase.active_run().map(ActiveRun::model))
    }

    /// The viewed networks and data; `None` without data.
    fn viewed_snapshot(&self) -> Option<ModelSnapshot> {
        let data = self.data.as_ref()?;
        let source = Arc::clone(&data.open.source);
        Some(ModelSnapshot::new(self.viewed_model(), source))
    }

    /// Starts a snapshot of the bookmarked frames with the networks of the active run, else with the viewed ones.
    fn start_snapshot(&mut self) {
        let snapshot = match self.phase.active_run() {
            Some(active) if active.run.has_diverged() => return,
            Some(active) => active.snapshot(),
            None => match self.viewed_snapshot() {
                Some(snapshot) => snapshot,
                None => return,
            },
        };
        let versions = self.snapshot_versions();
        self.jobs.snapshots.start(snapshot, &self.compute, versions);
    }

    /// Publishes the present state.
    fn publish(&self) {
        self.publish_as(self.phase.activity());
    }

    /// Publishes the present state with another activity.
    fn publish_as(&self, activity: Activity) {
        let run = self.phase.active_run().map(|active| RunState {
            out: active.run.out(),
            config: active.run.config(),
            data_version: active.data.report.version,
            step: active.run.steps(),
            saved_step: active.run.saved_step(),
            total_steps: active.run.total_steps(),
            validating: active.validating,
            is_viewed: self.model.is_none(),
            failure: self.phase.failure().cloned(),
        });
        self.publisher.publish(SessionState {
            activity,
            data: self.data.as_ref().map(|data| Arc::clone(&data.report)),
            model: match (&self.model, self.phase.active_run()) {
                (Some(model), _) => Some(Arc::clone(&model.report)),
                (None, active) => active.map(|active| Arc::new(active.report())),
            },
            run,
            device: DeviceState { name: self.compute.name.clone(), is_shared: self.compute.is_shared },
        });
    }
}
