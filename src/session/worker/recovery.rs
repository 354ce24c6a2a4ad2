//! Going on after a lost device: what lay on it is gone, and all that is on the disk is read anew.

use super::Worker;
use crate::{
    compute::{DisplayDevice, Reopened},
    runs::RunFolder,
    session::{
        Event, Failure, Level, Notice, Provenance, RunEffect, Topic,
        jobs::{self, Job},
        model::Model,
    },
};
use anyhow::Result;

/// Losses of one run without a step between them after which it is paused: it seems to be what kills the device.
const MOST_LOSSES: u32 = 3;

impl Worker {
    /// Opens another device if the present one is lost. A run that was computed there goes on from its last
    /// checkpoint, and networks are read anew from their files. Gives what became of the run, if it is set back.
    pub(super) fn recover(&mut self) -> Option<Failure> {
        let loss = self.compute.loss()?;
        if !self.compute.is_shared {
            self.draw_anew(loss.to_string());
            return None;
        }
        let was_running = self.phase.is_running();
        let run = self.drop_run();
        let looked_at = self.model.take().map(|model| model.provenance);
        self.drop_jobs();
        self.compute.release_unused_memory();
        let Reopened { compute, fallback } = self.compute.reopened();
        self.compute = compute;
        self.device_version = self.next_version();
        self.model = looked_at.and_then(|provenance| self.load_again(&provenance));
        let why = fallback.map(|error| format!(" ({error})")).unwrap_or_default();
        let place = format!("{}{why}", self.compute.name);
        let Some(run) = run else {
            self.publish();
            self.tell_loss(loss.to_string(), format!("from now on the {place} computes; nothing was lost"));
            return None;
        };
        let is_repeated = self.losses.0 == run.steps;
        self.losses = (run.steps, if is_repeated { self.losses.1 + 1 } else { 1 });
        let goes_on = was_running && self.losses.1 < MOST_LOSSES;
        let failure = Failure { text: loss.to_string(), effect: RunEffect::SetBack, ..Failure::default() };
        match self.reopen(&run, goes_on) {
            Ok(step) => {
                let state = if goes_on { "goes on" } else { "is paused" };
                let advice = format!("the run {state} at its checkpoint of step {step}, on the {place}");
                let failure = Failure { advice, ..failure };
                if was_running && !goes_on {
                    self.phase.pause(Some(failure.clone()));
                }
                self.publish();
                self.tell_loss(failure.text.clone(), failure.advice.clone());
                Some(failure)
            }
            Err(again) => {
                let failure = self.end_dropped(run, failure, &again);
                self.publisher.tell(Level::Error, Topic::Device, failure.clone());
                Some(failure)
            }
        }
    }

    /// Opens another device to draw with, beside the CPU backend, on which nothing was lost.
    fn draw_anew(&mut self, loss: String) {
        self.compute = self.compute.reopened().compute;
        self.publisher.clear_views();
        jobs::end(&mut self.jobs.fusion, &self.publisher);
        self.viewer.forget_picture();
        let drawer = self.compute.display.as_ref().map_or_else(|| "nothing".to_owned(), DisplayDevice::name);
        self.tell_loss(loss, format!("from now on {drawer} draws; nothing was lost"));
    }

    fn tell_loss(&self, text: String, advice: String) {
        let (level, topic) = (Level::Warning, Topic::Device);
        self.publisher.send(Event::Notice(Notice { level, topic, text, advice, report: None }));
    }

    /// Drops everything that was predicted or is being predicted.
    fn drop_jobs(&mut self) {
        self.viewer.forget_prediction();
        self.publisher.clear_views();
        jobs::end(&mut self.jobs.trajectory, &self.publisher);
        jobs::end(&mut self.jobs.fusion, &self.publisher);
        jobs::end(&mut self.jobs.evaluation, &self.publisher);
        self.jobs.snapshots.give_up(&self.publisher);
    }

    /// Reads networks anew from where they come from; without them only pictures are shown, which is told.
    fn load_again(&mut self, provenance: &Provenance) -> Option<Model> {
        let id = self.next_version();
        match self.read_again(provenance, id) {
            Ok(model) => Some(model),
            Err(error) => {
                let text = format!("the networks of {provenance} cannot be read again: {error:#}");
                self.publisher.warn(Topic::Weights, text);
                None
            }
        }
    }

    fn read_again(&self, provenance: &Provenance, id: u64) -> Result<Model> {
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
