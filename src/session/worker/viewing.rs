//! Pictures of the training batch or of the viewed frame.

use super::{Worker, viewer::Viewer};
use crate::{
    objective::MapName,
    session::{
        CloudFusion, FusionRequest, Level, PictureSource, Provenance, Topic,
        frame_view::FrameView,
        jobs::CloudFusionJob,
        map_request::{MapRequest, MapSet, PictureSubject},
        protocol::guarded,
    },
    train::Step,
};
use anyhow::Result;
use std::collections::BTreeSet;

impl Worker {
    /// Tells if the training batch is shown.
    pub(super) fn is_following(&self) -> bool {
        let is_run_viewed =
            self.model.is_none() && self.viewed_versions().data == self.snapshot_versions().data;
        self.phase.is_running() && self.viewer.follows_training && is_run_viewed
    }

    /// Tells if the viewed frame needs a new picture.
    pub(super) fn is_show_due(&self) -> bool {
        let is_stale = self.viewer.is_due || self.viewer.shown != Some(self.viewed_versions());
        self.data.is_some() && self.viewer.key.is_some() && is_stale && !self.is_following()
    }

    /// Maps that the next step has to compute for its picture.
    pub(super) fn step_maps(&self) -> BTreeSet<MapName> {
        if self.is_following() { self.viewer.watched.clone() } else { BTreeSet::new() }
    }

    /// Publishes the picture of a step. A failure does not affect the run.
    pub(super) fn show_step(&self, step: Step) {
        if let Err(failure) = guarded("the step cannot be shown", || self.draw_step(step)) {
            self.publisher.notify(Level::Warning, Topic::View, failure);
        }
    }

    fn draw_step(&self, step: Step) -> Result<()> {
        let Some(active) = self.phase.active_run() else { return Ok(()) };
        // The networks processed this batch before the step changed them.
        let weights = Some(Provenance::Run { out: active.run.out(), step: step.number.saturating_sub(1) });
        let subject =
            PictureSubject { key: step.key, step: step.number, origin: PictureSource::Training, weights };
        let objective = step.objective.config().clone();
        let request = self.map_request();
        let mut maps = step.objective_output.maps;
        let inspection = request.inspection(&step.objective, &step.objective_output.inputs, &mut maps);
        request.add_flip_uncertainty(Some(&active.run.networks()), &step.samples, &mut maps);
        let set = MapSet { maps, inspection, ..MapSet::empty(objective) };
        if let Some(picture) = subject.picture(&step.samples, set, request)? {
            self.publisher.publish_picture(picture);
        }
        Ok(())
    }

    /// Predicts the viewed frame and publishes its picture. A failure does not affect the run.
    pub(super) fn show(&mut self) {
        // Set first, so that a frame that fails is not tried again until something changes.
        self.viewer.is_due = false;
        self.viewer.shown = Some(self.viewed_versions());
        if let Err(failure) = guarded("the frame cannot be shown", || self.draw_frame()) {
            self.publisher.notify(Level::Warning, Topic::View, failure);
        }
    }

    fn draw_frame(&mut self) -> Result<()> {
        let (Some(key), Some(snapshot)) = (self.viewer.key.clone(), self.viewed_snapshot()) else {
            return Ok(());
        };
        let versions = self.viewed_versions();
        let kept = self.viewer.predicted.take().filter(|(of, frame, _)| (*of, frame) == (versions, &key));
        let view = FrameView { snapshot: &snapshot, request: self.map_request() };
        let picture = if self.viewer.adjustment.is_some() {
            // While sliders are dragged, only the inputs of the objective change, not the outputs of the networks.
            let predicted = kept.map_or_else(|| view.predict(&key), |(.., predicted)| Ok(predicted))?;
            let picture = view.draw(&predicted, self.viewer.adjustment.as_ref())?;
            self.viewer.predicted = Some((versions, key, predicted));
            picture
        } else {
            view.picture(&key)?
        };
        if let Some(picture) = picture {
            self.publisher.publish_picture(picture);
        }
        self.update_fusion();
        Ok(())
    }

    fn map_request(&self) -> MapRequest<'_> {
        let Viewer { watched, inspects, .. } = &self.viewer;
        MapRequest { watched, inspects: *inspects, compute: &self.compute }
    }

    /// Replaces the request for neighbours of the viewed frame.
    pub(super) fn fuse(&mut self, request: FusionRequest) {
        self.viewer.fusion = request;
        self.jobs.fusion = None;
        self.update_fusion();
    }

    /// Points the job at the viewed frame, if neighbours are requested, and publishes those that are predicted already.
    fn update_fusion(&mut self) {
        let request = self.viewer.fusion;
        let will_change = self.phase.is_running() && self.model.is_none();
        if request.frames < 2 || will_change {
            return;
        }
        let Some(key) = self.viewer.key.clone() else { return };
        let versions = self.viewed_versions();
        self.jobs.drop_stale(&versions, &self.snapshot_versions(), &self.publisher);
        if self.jobs.fusion.is_none() {
            let Some(snapshot) = self.viewed_snapshot().filter(|snapshot| snapshot.model.is_some()) else {
                return;
            };
            let step = snapshot.step().unwrap_or(0);
            match CloudFusionJob::new(request, snapshot, &self.compute, versions) {
                Ok(job) => self.jobs.fusion = Some(job),
                Err(error) => {
                    let fusion = CloudFusion::impossible(key, step, request, &error);
                    return self.publisher.publish_fusion(fusion);
                }
            }
        }
        if let Some(job) = &mut self.jobs.fusion {
            job.set_target(key);
            job.publish(&self.publisher);
        }
    }
}
