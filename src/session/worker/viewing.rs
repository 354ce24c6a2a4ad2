//! What the session shows: the training batch, or the frame that was asked for.

use super::Worker;
use crate::{
    data::FrameKey,
    objective::{Adjustment, MapName},
    session::{
        CloudFusion, FusionRequest, Level, PictureSource, Provenance, Topic,
        failure::guarded,
        jobs::{CloudFusionJob, Now},
        showing::{FrameView, MapRequest, MapSet, PictureSubject, PredictedFrame},
    },
    train::Step,
};
use anyhow::Result;
use std::collections::BTreeSet;

/// What is to be shown, and what of it was shown.
pub(super) struct Viewer {
    /// The maps that open panes show.
    watched: BTreeSet<MapName>,
    /// Whether pictures come with evidence.
    inspects: bool,
    /// The frame that was asked for.
    pub key: Option<FrameKey>,
    follows_training: bool,
    /// Changes by hand to what is shown.
    adjustment: Option<Adjustment>,
    /// Which neighbours of the frame are wanted.
    fusion: FusionRequest,
    /// Whether something else is asked for than what was shown last.
    is_due: bool,
    /// What was looked at when the frame was shown last.
    shown: Option<Now>,
    /// What the networks said of the frame, kept while changes are tried.
    predicted: Option<(Now, FrameKey, PredictedFrame)>,
}

impl Default for Viewer {
    fn default() -> Self {
        Self {
            watched: BTreeSet::new(),
            inspects: false,
            key: None,
            follows_training: true,
            adjustment: None,
            fusion: FusionRequest::default(),
            is_due: false,
            shown: None,
            predicted: None,
        }
    }
}

impl Viewer {
    pub fn look_at(&mut self, key: FrameKey) {
        self.key = Some(key);
        self.is_due = true;
    }

    pub fn follow(&mut self, follows: bool) {
        self.follows_training = follows;
        self.is_due = true;
    }

    pub fn adjust(&mut self, adjustment: Option<Adjustment>) {
        self.adjustment = adjustment;
        self.is_due = true;
    }

    pub fn watch(&mut self, maps: BTreeSet<MapName>) {
        self.is_due |= !maps.is_subset(&self.watched);
        self.watched = maps;
    }

    /// Has the frame shown again, because its picture is lost.
    pub fn forget_picture(&mut self) {
        self.shown = None;
    }

    /// Gives back the memory of what is kept while changes are tried.
    pub fn forget_prediction(&mut self) {
        self.predicted = None;
    }

    pub fn inspect(&mut self, inspects: bool) {
        self.is_due |= inspects && !self.inspects;
        self.inspects = inspects;
    }
}

impl Worker {
    /// Whether the training batch is shown.
    pub(super) fn is_following(&self) -> bool {
        let looks_at_run = self.model.is_none() && self.looked_at().data == self.recorded().data;
        self.phase.is_running() && self.viewer.follows_training && looks_at_run
    }

    /// Whether the frame that was asked for is to be shown (again).
    pub(super) fn is_show_due(&self) -> bool {
        let is_stale = self.viewer.is_due || self.viewer.shown != Some(self.looked_at());
        self.data.is_some() && self.viewer.key.is_some() && is_stale && !self.is_following()
    }

    /// The maps that a step is to leave behind.
    pub(super) fn maps_of_step(&self) -> BTreeSet<MapName> {
        if self.is_following() { self.viewer.watched.clone() } else { BTreeSet::new() }
    }

    /// Publishes what a step left behind to look at. What fails pauses nothing.
    pub(super) fn show_step(&self, step: Step) {
        if let Err(failure) = guarded("the step cannot be shown", || self.draw_step(step)) {
            self.publisher.tell(Level::Warning, Topic::View, failure);
        }
    }

    fn draw_step(&self, step: Step) -> Result<()> {
        let Some(training) = self.phase.training() else { return Ok(()) };
        // The batch went through the networks before the step changed them.
        let weights = Some(Provenance::Run { out: training.run.out(), step: step.number.saturating_sub(1) });
        let subject =
            PictureSubject { key: step.key, step: step.number, origin: PictureSource::Training, weights };
        let objective = step.objective.config().clone();
        let request = self.map_request();
        let mut maps = step.outcome.maps;
        let evidence = request.explain(&step.objective, &step.outcome.judged, &mut maps);
        request.doubt(Some(&training.run.networks()), &step.samples, &mut maps);
        let seen = MapSet { objective, maps, evidence, scale: None, what_if: None };
        if let Some(picture) = subject.picture(&step.samples, seen, request)? {
            self.publisher.publish_picture(picture);
        }
        Ok(())
    }

    /// Predicts and publishes the frame that was last asked for. What fails pauses nothing.
    pub(super) fn show(&mut self) {
        // What cannot be shown is not tried again until something changes.
        self.viewer.is_due = false;
        self.viewer.shown = Some(self.looked_at());
        if let Err(failure) = guarded("the frame cannot be shown", || self.draw_frame()) {
            self.publisher.tell(Level::Warning, Topic::View, failure);
        }
    }

    fn draw_frame(&mut self) -> Result<()> {
        let (Some(key), Some(snapshot)) = (self.viewer.key.clone(), self.snapshot()) else { return Ok(()) };
        let now = self.looked_at();
        let kept = self.viewer.predicted.take().filter(|(then, of, _)| (*then, of) == (now, &key));
        let view = FrameView { snapshot: &snapshot, request: self.map_request() };
        let picture = if self.viewer.adjustment.is_some() {
            // Only what is judged changes while sliders are dragged.
            let predicted = kept.map_or_else(|| view.predict(&key), |(.., predicted)| Ok(predicted))?;
            let picture = view.draw(&predicted, self.viewer.adjustment.as_ref())?;
            self.viewer.predicted = Some((now, key, predicted));
            picture
        } else {
            view.picture(&key)?
        };
        if let Some(picture) = picture {
            self.publisher.publish_picture(picture);
        }
        self.aim_fusion();
        Ok(())
    }

    fn map_request(&self) -> MapRequest<'_> {
        let Viewer { watched, inspects, .. } = &self.viewer;
        MapRequest { watched, inspects: *inspects, compute: &self.compute }
    }

    /// Looks for other neighbours of the frame that is shown.
    pub(super) fn fuse(&mut self, request: FusionRequest) {
        self.viewer.fusion = request;
        self.jobs.fusion = None;
        self.aim_fusion();
    }

    /// Turns to the neighbours of the frame that is shown, if some are wanted, and publishes those that there are.
    fn aim_fusion(&mut self) {
        let request = self.viewer.fusion;
        let will_change = self.phase.is_running() && self.model.is_none();
        if request.frames < 2 || will_change {
            return;
        }
        let Some(key) = self.viewer.key.clone() else { return };
        let now = self.looked_at();
        self.jobs.drop_stale(&now, &self.recorded(), &self.publisher);
        if self.jobs.fusion.is_none() {
            let Some(snapshot) = self.snapshot().filter(|snapshot| snapshot.model.is_some()) else { return };
            let step = snapshot.step().unwrap_or(0);
            match CloudFusionJob::new(request, snapshot, &self.compute, now) {
                Ok(job) => self.jobs.fusion = Some(job),
                Err(error) => {
                    let fusion = CloudFusion::impossible(key, step, request, &error);
                    return self.publisher.publish_fusion(fusion);
                }
            }
        }
        if let Some(job) = &mut self.jobs.fusion {
            job.aim(key);
            job.publish(&self.publisher);
        }
    }
}
