//! Commands that view data and networks. Files are opened before anything changes, so that a failure changes nothing.

use super::{Worker, dataset::Dataset};
use crate::{
    config::{DataChoice, FrameId, RunConfig},
    data::{OpenData, Samples},
    session::{DataReport, OnRun, Outcome, Topic, model::Model},
};
use anyhow::{Context, Result};
use std::{path::PathBuf, sync::Arc};

impl Worker {
    pub(super) fn open_data(
        &mut self,
        choice: &DataChoice,
        split: Option<String>,
        on_run: OnRun,
    ) -> Result<Outcome> {
        let config = self.viewed_model().map_or_else(RunConfig::default, |model| model.config);
        let is_same = |data: &Dataset| data.report.choice == *choice && data.report.split == split;
        let data = match self.unconfirmed_data.take().filter(is_same) {
            Some(data) => data,
            None => self.dataset(choice, split, &config.objective.frame_ids)?,
        };
        if let Some(outcome) = self.apply_on_run(on_run)? {
            self.unconfirmed_data = Some(data);
            return Ok(outcome);
        }
        self.view_data(data);
        Ok(Outcome::Done)
    }

    /// Opens data without viewing it.
    pub(super) fn dataset(
        &mut self,
        choice: &DataChoice,
        split: Option<String>,
        frame_ids: &[FrameId],
    ) -> Result<Dataset> {
        let open = OpenData::open(choice, split)?;
        let Samples { training, validation, dropped } = open.samples(frame_ids)?;
        let report = DataReport {
            version: self.next_version(),
            choice: choice.clone(),
            name: open.source.name(),
            drives: open.source.drives().to_vec(),
            split: open.split().map(str::to_owned),
            training,
            validation,
            dropped,
        };
        Ok(Dataset { open, report: Arc::new(report) })
    }

    pub(super) fn view_data(&mut self, data: Dataset) {
        self.viewer.key = data.report.training.first().cloned();
        self.publisher.publish_frames(Some(Arc::clone(&data.open.source)));
        self.data = Some(data);
        self.publisher.clear_views();
    }

    /// Applies `on_run` to the active run. Returns the outcome to reply with if nothing may be changed.
    pub(super) fn apply_on_run(&mut self, on_run: OnRun) -> Result<Option<Outcome>> {
        let Some(active) = self.phase.active_run() else { return Ok(None) };
        match on_run {
            OnRun::Keep => Ok(None),
            OnRun::Ask => {
                let (out, step) = (active.run.out(), active.run.steps());
                Ok(Some(Outcome::RunUnderWay { out, step }))
            }
            OnRun::End => self.finish().map(|()| None),
        }
    }

    pub(super) fn load_weights(&mut self, path: Option<PathBuf>, on_run: OnRun) -> Result<Outcome> {
        let id = self.next_version();
        let (model, warning) = Model::load(path, id, &self.compute.device)?;
        if let Some(outcome) = self.apply_on_run(on_run)? {
            return Ok(outcome);
        }
        if let Some(warning) = warning {
            self.publisher.warn(Topic::Weights, warning);
        }
        self.model = Some(model);
        self.publisher.clear_views();
        if self.phase.active_run().is_none() {
            self.start_snapshot();
        }
        Ok(Outcome::Done)
    }

    pub(super) fn unload_weights(&mut self) {
        self.model = None;
        self.publisher.clear_views();
    }

    pub(super) fn view_run(&mut self) -> Result<()> {
        let active = self.phase.active_run().context("there is no run to view")?;
        let data = active.data.clone();
        self.model = None;
        self.publisher.clear_views();
        if self.data.as_ref().map(|data| data.report.version) != Some(data.report.version) {
            self.view_data(data);
        }
        Ok(())
    }
}
