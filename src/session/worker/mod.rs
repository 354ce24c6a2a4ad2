//! The session thread: takes requests between pieces of work, replies, and publishes the state.

mod moving;
mod opening;
mod phase;
mod recovery;
mod reopening;
mod training;
mod viewing;

use super::{
    Activity, Command, DataReport, DeviceState, Event, Failure, Outcome, Reply, Request, RunEffect, RunState,
    SessionState,
    failure::caught,
    handle::Latest,
    jobs::{self, EvaluationJob, Jobs, Now, Slice, TrajectoryJob},
    model::{Model, ModelSnapshot},
    publisher::Publisher,
};
use crate::{compute::Compute, data::OpenData};
use anyhow::{Context, Result};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use phase::{ActiveRun, Phase};
use std::{sync::Arc, time::Duration};
use viewing::Viewer;

/// How long nothing is done before the device is looked after.
const IDLE: Duration = Duration::from_secs(1);
/// How long a job may work before requests are looked at again, while no steps are made.
const SLICE: Duration = Duration::from_millis(100);

/// Data with what was found in it.
#[derive(Clone)]
struct Dataset {
    open: OpenData,
    report: Arc<DataReport>,
}

/// Everything the session thread owns.
pub(super) struct Worker {
    compute: Compute,
    requests: Receiver<Request>,
    publisher: Publisher,
    phase: Phase,
    /// The data that is looked at.
    data: Option<Dataset>,
    /// The networks that are looked at; without them those of the run, if there is one.
    model: Option<Model>,
    viewer: Viewer,
    jobs: Jobs,
    /// The number of the last version that was given to data, networks or a device.
    last_version: u64,
    /// The version of the device.
    device_version: u64,
    /// Data that was opened while a run was under way: what becomes of the run is asked.
    candidate: Option<Dataset>,
    /// The step at which a run last lost its device, and how often in a row.
    losses: (u64, u32),
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
            candidate: None,
            losses: (0, 0),
        };
        worker.publish();
        worker
    }

    /// Handles requests until `Shutdown`, or until nobody can send any more.
    pub(super) fn run(mut self) {
        loop {
            self.recover();
            self.jobs.drop_stale(&self.looked_at(), &self.recorded(), &self.publisher);
            let has_work = self.phase.is_running() || self.is_show_due() || self.jobs.has_work();
            let time = if has_work { Duration::ZERO } else { IDLE };
            match self.requests.recv_timeout(time) {
                Ok(request) => {
                    if self.answer(request) {
                        return self.refuse_the_rest();
                    }
                }
                Err(RecvTimeoutError::Disconnected) if !has_work => return,
                Err(_) if has_work => {
                    let worked = caught(|| {
                        self.work();
                        Ok(())
                    });
                    if let Err(failure) = worked {
                        self.interrupt_by_itself(failure);
                    }
                }
                Err(_) => {}
            }
        }
    }

    /// Does a piece of whatever there is to do.
    fn work(&mut self) {
        if self.phase.is_running() {
            self.train();
        }
        if self.is_show_due() {
            self.show();
        }
        let time = if self.phase.is_running() { Duration::ZERO } else { SLICE };
        self.jobs.advance(Slice { time }, &self.publisher);
    }

    /// Does what is asked for; says whether the session then ends.
    fn answer(&mut self, Request { id, command }: Request) -> bool {
        let (changes_run, starts_run) = (command.changes_run(), command.starts_run());
        let shutdown = match command {
            Command::Shutdown { even_unsaved } => Some(even_unsaved),
            _ => None,
        };
        let mut result = caught(|| self.handle(command));
        if let Err(failure) = &mut result {
            if self.compute.loss().is_some() {
                let of_run = self.recover();
                *failure = of_run.unwrap_or_else(|| failure.clone());
            } else if failure.is_panic() && changes_run {
                *failure = self.set_back(failure.clone());
            }
            if starts_run && failure.effect == RunEffect::None {
                failure.effect = RunEffect::NotStarted;
            }
        }
        let ends = shutdown.is_some_and(|even_unsaved| even_unsaved || result.is_ok());
        if let (true, Err(failure), Some(training)) = (ends, &mut result, self.phase.training()) {
            let (saved, out) = (training.run.saved_step(), training.run.out());
            failure.advice = format!(
                "the run ends at its checkpoint of step {saved}: --resume {} goes on from there",
                out.display()
            );
        }
        self.publish();
        self.publisher.send(Event::Reply(Reply { id, result }));
        ends
    }

    /// Replies to those who asked for something after the end.
    fn refuse_the_rest(&self) {
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
            Command::LookAtRun => self.look_at_run()?,
            Command::Start { config, out } => self.start(*config, &out)?,
            Command::Resume { run, data, config, on_run } => {
                return self.resume(&run, data, config.map(|config| *config), on_run);
            }
            Command::Change(setting) => self.change(setting)?,
            Command::Pause => self.pause()?,
            Command::Continue => self.go_on(false)?,
            Command::Step => self.go_on(true)?,
            Command::Stop | Command::Shutdown { .. } => self.finish()?,
            Command::Trace { folder, side } => {
                jobs::end(&mut self.jobs.trajectory, &self.publisher);
                let snapshot =
                    self.snapshot().context("there is no drive to follow; open some data first")?;
                let job = TrajectoryJob::new(snapshot, (folder, side), &self.compute, self.looked_at())?;
                self.jobs.trajectory = Some(job);
            }
            Command::EndTrace => jobs::end(&mut self.jobs.trajectory, &self.publisher),
            Command::Evaluate(request) => {
                jobs::end(&mut self.jobs.evaluation, &self.publisher);
                let data = self.data.as_ref().context("there is no data to evaluate on; open some first")?;
                let (model, now) = (self.looked_at_model(), self.looked_at());
                let job = EvaluationJob::begin(*request, &data.open, model, &self.compute.device, now)?;
                self.publisher.send(Event::Evaluation(job.begun()));
                self.jobs.evaluation = Some(job);
            }
            Command::CancelEvaluation => jobs::end(&mut self.jobs.evaluation, &self.publisher),
            Command::Pin(pinned) => {
                if self.jobs.snapshots.pin(pinned) {
                    self.begin_snapshot();
                }
            }
            Command::Fuse(request) => self.fuse(request),
            Command::Adjust(adjustment) => self.viewer.adjust(adjustment),
            Command::Show(key) => self.viewer.look_at(key),
            Command::FollowTraining(follows) => self.viewer.follow(follows),
            Command::Watch(maps) => self.viewer.watch(maps),
            Command::Inspect(inspects) => self.viewer.inspect(inspects),
            Command::ComputeOn(choice) => self.compute_on(choice)?,
        }
        Ok(Outcome::Done)
    }

    /// Another number for something new.
    fn next_version(&mut self) -> u64 {
        self.last_version += 1;
        self.last_version
    }

    /// Versions of what is looked at.
    fn looked_at(&self) -> Now {
        let of_run = || self.phase.training().map(ActiveRun::version);
        Now {
            data: self.data.as_ref().map(|data| data.report.version),
            model: self.model.as_ref().map(|model| model.version).or_else(of_run),
            device: self.device_version,
        }
    }

    /// Versions of what snapshots are taken of: a run's own data and networks, else what is looked at.
    fn recorded(&self) -> Now {
        self.phase.training().map_or_else(
            || self.looked_at(),
            |training| Now {
                data: Some(training.data.report.version),
                model: Some(training.version()),
                device: self.device_version,
            },
        )
    }

    /// The networks that are looked at.
    fn looked_at_model(&self) -> Option<Model> {
        self.model.clone().or_else(|| self.phase.training().map(ActiveRun::model))
    }

    /// What is looked at; `None` without data.
    fn snapshot(&self) -> Option<ModelSnapshot> {
        let data = self.data.as_ref()?;
        let source = Arc::clone(&data.open.source);
        Some(ModelSnapshot::new(self.looked_at_model(), source))
    }

    /// Begins a snapshot of the pinned frames with a run's own networks, else with those that are looked at.
    fn begin_snapshot(&mut self) {
        let snapshot = match self.phase.training() {
            Some(training) if training.run.is_spoiled() => return,
            Some(training) => training.snapshot(),
            None => match self.snapshot() {
                Some(snapshot) => snapshot,
                None => return,
            },
        };
        let recorded = self.recorded();
        self.jobs.snapshots.begin(snapshot, &self.compute, recorded);
    }

    /// Publishes what there is now.
    fn publish(&self) {
        self.publish_as(self.phase.activity());
    }

    fn publish_as(&self, activity: Activity) {
        let run = self.phase.training().map(|training| RunState {
            out: training.run.out(),
            config: training.run.config(),
            data_version: training.data.report.version,
            step: training.run.steps(),
            saved_step: training.run.saved_step(),
            total_steps: training.run.total_steps(),
            validating: training.validating,
            is_looked_at: self.model.is_none(),
            failure: self.phase.failure().cloned(),
        });
        self.publisher.publish(SessionState {
            activity,
            data: self.data.as_ref().map(|data| Arc::clone(&data.report)),
            model: match (&self.model, self.phase.training()) {
                (Some(model), _) => Some(Arc::clone(&model.report)),
                (None, training) => training.map(|training| Arc::new(training.report())),
            },
            run,
            device: DeviceState { name: self.compute.name.clone(), is_shared: self.compute.is_shared },
        });
    }
}
