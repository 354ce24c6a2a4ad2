//! Data and networks to look at: opened first, and committed after, so that what cannot be opened changes nothing.

use super::{Dataset, Worker};
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
        let config = self.looked_at_model().map_or_else(RunConfig::default, |model| model.config);
        let is_it = |data: &Dataset| data.report.choice == *choice && data.report.split == split;
        let data = match self.candidate.take().filter(is_it) {
            Some(data) => data,
            None => self.dataset(choice, split, &config.objective.frame_ids)?,
        };
        if let Some(question) = self.make_way(on_run)? {
            self.candidate = Some(data);
            return Ok(question);
        }
        self.look_at_data(data);
        Ok(Outcome::Done)
    }

    /// Opens data without looking at it.
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

    pub(super) fn look_at_data(&mut self, data: Dataset) {
        self.viewer.key = data.report.training.first().cloned();
        self.publisher.publish_frames(Some(Arc::clone(&data.open.source)));
        self.data = Some(data);
        self.publisher.clear_views();
    }

    /// Does with a run under way what was said; gives the reply if that is a question.
    pub(super) fn make_way(&mut self, on_run: OnRun) -> Result<Option<Outcome>> {
        let Some(training) = self.phase.training() else { return Ok(None) };
        match on_run {
            OnRun::Keep => Ok(None),
            OnRun::Ask => {
                let (out, step) = (training.run.out(), training.run.steps());
                Ok(Some(Outcome::RunUnderWay { out, step }))
            }
            OnRun::End => self.finish().map(|()| None),
        }
    }

    pub(super) fn load_weights(&mut self, path: Option<PathBuf>, on_run: OnRun) -> Result<Outcome> {
        let id = self.next_version();
        let (model, warning) = Model::load(path, id, &self.compute.device)?;
        if let Some(question) = self.make_way(on_run)? {
            return Ok(question);
        }
        if let Some(warning) = warning {
            self.publisher.warn(Topic::Weights, warning);
        }
        self.model = Some(model);
        self.publisher.clear_views();
        if self.phase.training().is_none() {
            self.begin_snapshot();
        }
        Ok(Outcome::Done)
    }

    pub(super) fn unload_weights(&mut self) {
        self.model = None;
        self.publisher.clear_views();
    }

    pub(super) fn look_at_run(&mut self) -> Result<()> {
        let training = self.phase.training().context("there is no run to look at")?;
        let data = training.data.clone();
        self.model = None;
        self.publisher.clear_views();
        if self.data.as_ref().map(|data| data.report.version) != Some(data.report.version) {
            self.look_at_data(data);
        }
        Ok(())
    }
}
