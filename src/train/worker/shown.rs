//! What the session shows: the training batch or the frame that was asked for.

use super::Worker;
use crate::{
    model::Networks,
    train::{
        Event, Origin, Picture, Run, State, Step,
        showing::{Seen, Showing, Subject, Wants},
    },
};
use anyhow::Result;
use std::sync::Arc;

impl Worker {
    pub(super) fn is_following(&self) -> bool {
        self.state == State::Training && self.follows_training
    }

    /// Publishes what a step left behind.
    pub(super) fn report(&mut self, step: Step, is_following: bool) -> Result<()> {
        for change in step.changes {
            self.tell(Event::Changed(change));
        }
        let number = step.report.step;
        self.tell(Event::Step(step.report));
        if is_following {
            let subject = Subject { key: step.key, step: number, origin: Origin::Training };
            let objective = step.objective.config().clone();
            let wants = self.wants();
            let mut maps = step.outcome.maps;
            let evidence = wants.explain(&step.objective, &step.outcome.judged, &mut maps);
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
        let (Some(key), Some(data)) = (&self.shown, &self.data) else { return Ok(()) };
        let networks = self.present_networks();
        let showing = Showing {
            source: data.source.as_ref(),
            networks: networks.as_ref(),
            knows_stereo: self.run.is_none() && self.knows_stereo,
            stated_scale: self.stated_scale.as_ref().filter(|_| self.run.is_none()),
            config: &self.config,
            wants: self.wants(),
        };
        let steps = self.steps();
        if self.adjustment.is_some() {
            // Only what is judged changes while sliders are dragged.
            let predicted = kept.map_or_else(|| showing.predict(key), Ok)?;
            let picture = showing.draw(&predicted, steps, self.adjustment.as_ref())?;
            self.publish(picture);
            self.predicted = Some(predicted);
        } else {
            self.publish(showing.picture(key, steps)?);
        }
        self.aim_fuser();
        Ok(())
    }

    pub(super) fn wants(&self) -> Wants<'_> {
        Wants { watched: &self.watched, inspects: self.inspects, compute: &self.compute }
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
