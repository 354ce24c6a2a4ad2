//! What the session shows: the training batch or the frame that was asked for.

use super::Worker;
use crate::{
    model::Networks,
    train::{
        Event, Origin, Picture, Reported, Run, State, Step,
        moment::Moment,
        showing::{Seen, Showing, Subject, Wants},
    },
};
use anyhow::Result;
use std::sync::Arc;

impl Worker {
    pub(super) fn is_following(&self) -> bool {
        self.state == State::Training && self.follows_training
    }

    /// Waits for the numbers of the last step and tells them.
    pub(super) fn settle(&mut self) -> Result<()> {
        let settled = self.run.as_mut().map_or(Ok(()), Run::settle);
        self.tell_reported();
        settled
    }

    /// Tells of the steps whose numbers arrived.
    pub(super) fn tell_reported(&mut self) {
        for Reported { report, changes } in self.run.as_mut().map(Run::take_reported).unwrap_or_default() {
            changes.into_iter().for_each(|change| self.tell(Event::Changed(change)));
            self.tell(Event::Step(report));
        }
    }

    /// Publishes what a step left behind to look at.
    pub(super) fn show_step(&mut self, step: Step, is_following: bool) -> Result<()> {
        if is_following {
            let subject = Subject { key: step.key, step: step.number, origin: Origin::Training };
            let objective = step.objective.config().clone();
            let wants = self.wants();
            let mut maps = step.outcome.maps;
            let evidence = wants.explain(&step.objective, &step.outcome.judged, &mut maps);
            wants.doubt(self.present_networks().as_ref(), &step.samples, &mut maps);
            let seen = Seen { objective, maps, evidence, scale: None, what_if: None };
            self.publish(subject.picture(&step.samples, seen, wants)?);
        } else {
            self.is_show_due = true;
        }
        Ok(())
    }

    /// Predicts and publishes the frame that was last asked for.
    pub(super) fn show(&mut self) -> Result<()> {
        self.is_show_due = false;
        let kept = self.predicted.take();
        let (Some(key), Some(moment)) = (&self.shown, self.moment()) else { return Ok(()) };
        let showing = Showing { moment: &moment, wants: self.wants() };
        if self.adjustment.is_some() {
            // Only what is judged changes while sliders are dragged.
            let predicted = kept.map_or_else(|| showing.predict(key), Ok)?;
            let picture = showing.draw(&predicted, self.adjustment.as_ref())?;
            self.publish(picture);
            self.predicted = Some(predicted);
        } else {
            self.publish(showing.picture(key)?);
        }
        self.aim_fuser();
        Ok(())
    }

    pub(super) fn wants(&self) -> Wants<'_> {
        Wants { watched: &self.watched, inspects: self.inspects, compute: &self.compute }
    }

    /// The networks as they are now; `None` without data.
    pub(super) fn moment(&self) -> Option<Moment> {
        let source = Arc::clone(&self.data.as_ref()?.source);
        let is_loaded = self.run.is_none();
        Some(Moment {
            step: self.run.as_ref().map(Run::steps).or(self.networks_step),
            networks: self.present_networks(),
            config: self.config.clone(),
            source,
            knows_stereo: is_loaded && self.knows_stereo,
            stated_scale: self.stated_scale.clone().filter(|_| is_loaded),
        })
    }

    pub(super) fn present_networks(&self) -> Option<Networks> {
        self.run.as_ref().map(Run::networks).or_else(|| self.networks.clone())
    }

    pub(super) fn steps(&self) -> u64 {
        self.run.as_ref().map_or(0, Run::steps)
    }

    fn publish(&self, picture: Option<Picture>) {
        if let Some(picture) = picture {
            self.pictures.publish(Arc::new(picture));
            (self.on_change)();
        }
    }
}
