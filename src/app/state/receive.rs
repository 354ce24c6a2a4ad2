//! Events of the session, handed to the slices of the state that they concern.

use super::{
    AdoptedNetworks, CameraQuestion, MessageLevel, Playhead, Question, Recent, RecentData, RunInTheWay,
    State, run_name,
};
use crate::{
    app::{actions::Action, panes::PaneKind},
    config::DataChoice,
    data::FrameSource,
    session::{
        Activity, Command, DataReport, Event, Failure, Level, ModelReport, Notice, Outcome, Provenance,
        Reply, RunStarted, SessionState, Topic,
    },
};
use std::{mem::replace, path::Path, sync::Arc};

impl State {
    /// Takes the state published by the session, with the frames of its data.
    pub fn update(&mut self, published: Arc<SessionState>, frames: Option<Arc<dyn FrameSource>>) {
        self.session.frames = frames;
        let before = replace(&mut self.session.published, published);
        let now = Arc::clone(&self.session.published);
        if before.device != now.device {
            self.log(format!("The {} trains and predicts", now.device.name));
        }
        if before.activity != now.activity {
            let activity = format!("{:?}", now.activity).to_lowercase();
            self.log(format!("The session is {activity}"));
        }
        let version = |state: &SessionState| state.data.as_ref().map(|data| data.version);
        let id = |state: &SessionState| state.model.as_ref().map(|model| model.id);
        if id(&before) != id(&now) {
            self.log(now.model.as_ref().map_or_else(
                || "No networks are loaded".to_owned(),
                |model| format!("Showing {}: {}", model.provenance, model.architecture),
            ));
            self.model_changed(&now);
        }
        self.form.loaded = starting_networks(&now);
        if let Some(data) = now.data.as_ref().filter(|_| version(&before) != version(&now)) {
            self.log(format!(
                "Opened {} (drives: {}): {} samples to train on, {} to validate on, {} dropped",
                data.name,
                data.drives.len(),
                data.training.len(),
                data.validation.len(),
                data.dropped.len()
            ));
            self.data_opened(data);
        }
    }

    /// Handles an event of the session. The published state must not be older.
    pub fn receive(&mut self, event: Event) {
        self.messages.log.add_event(&event);
        match event {
            Event::Reply(reply) => self.receive_reply(reply),
            Event::Notice(notice) => self.receive_notice(&notice),
            Event::RunStarted(started) => self.run_started(*started),
            Event::Step(report) => {
                self.run.steps.push(report);
                self.run.check_health(&self.viewed, &mut self.messages);
            }
            Event::Changed(change) => {
                // A resumed run also repeats changes that came after its checkpoint.
                change.setting.apply(&mut self.run.config);
                change.setting.apply(&mut self.form.config);
                self.run.changes.push(change);
            }
            Event::Validation(report) => self.run.validations.push(report),
            Event::TrajectoryEnded => self.trajectory.end(),
            Event::Snapshot(snapshot) => drop(self.wall.snapshots.add(snapshot)),
            Event::Checkpoint(path) => {
                let text = format!("Checkpoint written to {}", path.display());
                self.messages.add(MessageLevel::Notice, text, "");
            }
            Event::RunEnded { steps, out, .. } => self.run_ended(steps, &out),
            Event::Evaluation(progress) => self.evaluations.receive(progress),
        }
    }

    fn log(&mut self, text: String) {
        self.messages.log.add(MessageLevel::Detail, text);
    }

    fn receive_reply(&mut self, Reply { id, result }: Reply) {
        let command = self.session.requests.take_replied(id);
        match (command, result) {
            (Some(Command::Shutdown { even_unsaved }), result) => {
                self.dialogs.shut_down_replied(even_unsaved, result.err());
            }
            (Some(command), Ok(Outcome::Done)) => self.done(command),
            (Some(command), Ok(Outcome::RunUnderWay { out, step })) => {
                self.dialogs.questions.push_back(Question::Run(RunInTheWay { command, out, step }));
            }
            (Some(Command::Resume { run, .. }), Ok(Outcome::AlreadyUnderWay { step })) => {
                self.already_open(&run, step);
            }
            (Some(Command::Resume { run, .. }), Ok(Outcome::RunFinished { steps })) => {
                self.dialogs.questions.push_back(Question::Finished { run, steps });
            }
            (Some(command), Err(failure))
                if let Some(question) = CameraQuestion::about(&command, &failure) =>
            {
                self.dialogs.questions.push_back(Question::Camera(question));
            }
            (command, Err(failure)) => self.failed(command.as_ref(), &failure),
            (_, Ok(_)) => {}
        }
    }

    fn receive_notice(&mut self, notice: &Notice) {
        // A notice ends nothing; the state tells what ended the run.
        self.messages.add_notice(notice);
        if notice.level == Level::Error {
            self.viewed.playhead.is_playing = false;
        } else if notice.topic == Topic::View {
            self.viewed.playhead.skip();
        }
    }

    fn failed(&mut self, command: Option<&Command>, failure: &Failure) {
        let is_start = matches!(command, Some(Command::Start { .. }));
        self.messages.add_failure(failure, is_start);
        if let (Some(Command::Change(_)), Some(run)) = (command, self.session.active_run()) {
            // Otherwise the form would keep the rejected value and never send it again.
            self.run.config.clone_from(&run.config);
            self.form.config.clone_from(&run.config);
        }
    }

    /// Handles a successful reply.
    fn done(&mut self, command: Command) {
        match command {
            Command::OpenData { data, split, .. } if data != DataChoice::Demo => {
                self.recents.add(Recent::Data(RecentData { data, split }));
            }
            Command::PredictTrajectory { .. } => self.trajectory.is_tracing = true,
            Command::LoadWeights { path: Some(path), .. } => self.weights_loaded(&path),
            Command::UnloadWeights if !self.session.has_run() => {
                let text = "The weights are unloaded: the next run starts from scratch";
                self.messages.add(MessageLevel::Notice, text, "");
            }
            _ => {}
        }
    }

    fn weights_loaded(&mut self, path: &Path) {
        self.recents.add(Recent::Weights(path.to_owned()));
        let is_of = |report: &&ModelReport| report.provenance == Provenance::File(path.to_owned());
        let Some(report) = self.session.loaded_weights().filter(is_of) else { return };
        let mut advice = Vec::new();
        let unused = match report.unused.as_slice() {
            [] => String::new(),
            [first, ..] => format!(", {} unused such as {first}", report.unused.len()),
        };
        let trained =
            report.size.map_or("training size unknown".to_owned(), |size| format!("trained at {size}"));
        let text = format!("{}: {} tensors loaded{unused}, {trained}", report.architecture, report.loaded);
        if report.architecture.pose.is_none() && !report.use_stereo {
            advice.push("There is no pose network among them, so nothing can be warped".to_owned());
        }
        if !self.session.has_run() {
            let changed = self.form.take_from(&report.architecture, report.size);
            if !changed.is_empty() {
                advice.push(format!("The form of the next run took from them: {}", changed.join(", ")));
            }
        }
        self.messages.add(MessageLevel::Notice, text, advice.join(". "));
    }

    fn run_started(&mut self, started: RunStarted) {
        self.clear_run();
        self.run.restore(started.history);
        self.viewed.objective = started.config.objective.clone();
        self.wall.restore(started.snapshots, &self.session);
        self.wall.bookmark_some(&self.session);
        self.run.check_health(&self.viewed, &mut self.messages);
        self.run.config.clone_from(&started.config);
        self.form.config = started.config;
        self.recents.add(Recent::Run(started.out.clone()));
        self.run.folder = Some(started.out);
        // A pinned pixel keeps the inspector in front; without one, the progress of the run comes to the front.
        if !self.viewed.inspection.is_pinned {
            self.window.act(Action::Show(PaneKind::Training));
        }
    }

    fn run_ended(&mut self, steps: u64, out: &Path) {
        let model = self.session.published.model.as_ref();
        let stays = model
            .is_some_and(|model| matches!(&model.provenance, Provenance::Run { out: of, .. } if of == out));
        let advice = if stays { "Its networks stay loaded; they" } else { "Its checkpoints" };
        self.messages.add(
            MessageLevel::Notice,
            format!("The run ended at step {steps}"),
            format!("{advice} are in {}", out.display()),
        );
        self.form.choose_free_folder();
    }

    fn already_open(&mut self, run: &Path, step: u64) {
        let name = run_name(run);
        let (text, advice) = match self.session.activity() {
            Activity::Paused => (
                format!("{name} is open already, paused at step {step}"),
                "Continue resumes it, Stop ends it",
            ),
            _ => (format!("{name} is training already, at step {step}"), "It continues unchanged"),
        };
        self.messages.add(MessageLevel::Notice, text, advice);
    }

    /// Shows the new data: clears what belongs to the data before and goes to its first frame.
    fn data_opened(&mut self, data: &DataReport) {
        let viewed = &mut self.viewed;
        viewed.picture = None;
        viewed.inspection.show(None);
        viewed.framing.reset();
        viewed.fusion.clear();
        self.trajectory.clear();
        // A run that continues with its own data keeps its bookmarks.
        if self.session.active_run().is_none_or(|run| run.data_version == data.version) {
            self.wall.keep_bookmarks_of(data);
        }
        viewed.playhead = Playhead::over(data);
        viewed.request_frame(&mut self.session);
    }

    /// Shows the new networks, or none: clears what the networks before predicted.
    fn model_changed(&mut self, now: &SessionState) {
        self.trajectory.clear();
        self.viewed.fusion.clear();
        let model = now.model.as_deref();
        self.trajectory.has_pose = model.is_some_and(|model| model.architecture.pose.is_some());
        let objective = &mut self.viewed.objective;
        match (now.run.as_ref().filter(|run| run.is_viewed), model) {
            (Some(run), _) => *objective = run.config.objective.clone(),
            (None, Some(model)) => objective.scales.clone_from(&model.architecture.scales),
            (None, None) => {}
        }
    }
}

/// Networks that the next run starts from; `None` if from scratch.
fn starting_networks(session: &SessionState) -> Option<AdoptedNetworks> {
    let model = session.model.as_ref().filter(|_| session.run.is_none())?;
    let folder = match &model.provenance {
        Provenance::Demo => return None,
        Provenance::File(path) => path.clone(),
        Provenance::Run { out, .. } => out.clone(),
    };
    Some(AdoptedNetworks { folder, architecture: model.architecture.clone() })
}
