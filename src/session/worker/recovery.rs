//! Recovery from a lost device: everything in its memory is gone and is read again from the disk.

use super::Worker;
use crate::{
    compute::{DisplayDevice, Reopened},
    runs::RunFolder,
    session::{Event, Failure, Level, Notice, Provenance, RunEffect, Topic, jobs, model::Model},
};
use anyhow::Result;

/// Number of losses at the same step after which the run is paused, because it seems to cause them.
const MAX_LOSSES: u32 = 3;

impl Worker {
    /// Opens another device if the current one is lost. A run on that device is resumed from its last checkpoint,
    /// and networks are loaded again from their files. Returns a failure if a run was affected.
    pub(super) fn recover(&mut self) -> Option<Failure> {
        let loss = self.compute.loss()?;
        if !self.compute.is_shared {
            self.reopen_display(loss.to_string());
            return None;
        }
        let was_running = self.phase.is_running();
        let run = self.drop_run();
        let viewed = self.model.take().map(|model| model.provenance);
        self.drop_jobs();
        self.compute.release_unused_memory();
        let Reopened { compute, fallback } = self.compute.reopened();
        self.compute = compute;
        self.device_version = self.next_version();
        self.model = viewed.and_then(|provenance| self.reload_model(&provenance));
        let why = fallback.map(|error| format!(" ({error})")).unwrap_or_default();
        let device = format!("{}{why}", self.compute.name);
        let Some(run) = run else {
            self.publish();
            self.notify_loss(
                loss.to_string(),
                format!("from now on the {device} computes; nothing was lost"),
            );
            return None;
        };
        let is_repeated = self.device_losses.0 == run.steps;
        self.device_losses = (run.steps, if is_repeated { self.device_losses.1 + 1 } else { 1 });
        let continues = was_running && self.device_losses.1 < MAX_LOSSES;
        let failure = Failure { text: loss.to_string(), effect: RunEffect::RolledBack, ..Failure::default() };
        match self.reopen(&run, continues) {
            Ok(step) => {
                let state = if continues { "continues" } else { "is paused" };
                let advice = format!("the run {state} at its checkpoint of step {step}, on the {device}");
                let failure = Failure { advice, ..failure };
                if was_running && !continues {
                    self.phase.pause(Some(failure.clone()));
                }
                self.publish();
                self.notify_loss(failure.text.clone(), failure.advice.clone());
                Some(failure)
            }
            Err(again) => {
                let failure = self.end_dropped(run, failure, &again);
                self.publisher.notify(Level::Error, Topic::Device, failure.clone());
                Some(failure)
            }
        }
    }

    /// Opens another device for drawing. Burn computes on the CPU, so nothing else was lost.
    fn reopen_display(&mut self, loss: String) {
        self.compute = self.compute.reopened().compute;
        self.publisher.clear_views();
        jobs::abort(&mut self.jobs.fusion, &self.publisher);
        self.viewer.forget_picture();
        let name = self.compute.display.as_ref().map_or_else(|| "nothing".to_owned(), DisplayDevice::name);
        self.notify_loss(loss, format!("from now on {name} draws; nothing was lost"));
    }

    fn notify_loss(&self, text: String, advice: String) {
        let (level, topic) = (Level::Warning, Topic::Device);
        self.publisher.send(Event::Notice(Notice { level, topic, text, advice, report: None }));
    }

    /// Drops predictions, and aborts the jobs that make them.
    fn drop_jobs(&mut self) {
        self.viewer.forget_prediction();
        self.publisher.clear_views();
        self.jobs.abort_all(&self.publisher);
    }

    /// Loads networks again from their origin. If that fails, a notice is sent, and only images are shown from now on.
    fn reload_model(&mut self, provenance: &Provenance) -> Option<Model> {
        let id = self.next_version();
        match self.read_model(provenance, id) {
            Ok(model) => Some(model),
            Err(error) => {
                let text = format!("the networks of {provenance} cannot be read again: {error:#}");
                self.publisher.warn(Topic::Weights, text);
                None
            }
        }
    }

    fn read_model(&self, provenance: &Provenance, id: u64) -> Result<Model> {
        let path = match provenance {
            Provenance::Demo => None,
            Provenance::File(path) => Some(path.clone()),
            Provenance::Run { out, .. } => Some(out.clone()),
        };
        let (mut model, _) = Model::load(path, id, &self.compute.device)?;
        if let Provenance::Run { out, step } = provenance {
            model.config = RunFolder::open(out)?.config()?.at_step(*step);
            model.provenance = provenance.clone();
        }
        Ok(model)
    }
}
