//! What the session does beside training and showing, a little at a time: looking at pinned frames, following a
//! path, evaluating.

use super::Worker;
use crate::{
    data::Side,
    geometry::DepthRange,
    train::{
        Event, Fusing, Fusion, State,
        evaluation::{Evaluation, EvaluationNews, EvaluationRequest, Present},
        fusion::Fuser,
        tracer::Tracer,
    },
};
use anyhow::{Context, Result};
use std::{sync::Arc, time::Duration};

/// How long a path is followed before commands are looked at again.
const TRACE_PORTION: Duration = Duration::from_millis(100);

impl Worker {
    pub(super) fn has_side_work(&self) -> bool {
        let fuses = self.state != State::Training && self.fuser.as_ref().is_some_and(Fuser::has_work);
        self.tracer.is_some() || self.evaluation.is_some() || self.photographer.has_work() || fuses
    }

    /// Does a little of everything that goes on aside.
    pub(super) fn work_aside(&mut self) {
        self.guarded(Some("the pinned frames cannot be shown"), Self::photograph);
        self.guarded(Some("the path cannot be followed"), Self::trace);
        self.guarded(Some("the evaluation failed"), Self::evaluate);
        self.guarded(Some("the neighbours cannot be predicted"), Self::fuse);
    }

    pub(super) fn begin_trace(&mut self, folder: String, side: Side) -> Result<()> {
        self.end_trace();
        let data = self.data.as_ref().context("there is no drive to follow; open some data first")?;
        let networks = self.present_networks().context("there are no networks yet")?;
        let (drive, networks) = ((folder, side), (networks, self.steps()));
        let source = Arc::clone(&data.source);
        self.tracer = Some(Tracer::new(source, drive, networks, &self.config, &self.compute)?);
        Ok(())
    }

    /// Gives up what is predicted beside all else: its networks or its data will be others.
    pub(super) fn leave_predictions(&mut self) {
        self.fuser = None;
        self.photographer.forget();
        self.end_trace();
    }

    pub(super) fn end_trace(&mut self) {
        if self.tracer.take().is_some() {
            self.tell(Event::TraceEnded);
        }
    }

    /// Follows the path for a moment; beside training, for one frame. What fails ends it, not the run.
    fn trace(&mut self) -> Result<()> {
        let Some(mut tracer) = self.tracer.take() else { return Ok(()) };
        let time = if self.state == State::Training { Duration::ZERO } else { TRACE_PORTION };
        match tracer.advance(time) {
            Ok(trajectory) => {
                self.tracer = (!trajectory.is_whole()).then_some(tracer);
                self.tell(Event::Trajectory(Box::new(trajectory)));
            }
            Err(error) => {
                self.warn(format!("the path cannot be followed further: {error:#}"));
                self.tell(Event::TraceEnded);
            }
        }
        Ok(())
    }

    /// Looks for other neighbours of the frame that is shown.
    pub(super) fn begin_fusing(&mut self, fusing: Fusing) {
        self.fusing = fusing;
        self.fuser = None;
        self.aim_fuser();
    }

    /// Turns to the neighbours of the frame that is shown, if some are wanted, and tells those that it has.
    pub(super) fn aim_fuser(&mut self) {
        if self.fusing.frames < 2 || self.state == State::Training {
            return;
        }
        let Some(key) = self.shown.clone() else { return };
        if self.fuser.is_none() {
            let Some(moment) = self.moment().filter(|moment| moment.networks.is_some()) else { return };
            let step = moment.step.unwrap_or(0);
            match Fuser::new(self.fusing, moment, &self.compute) {
                Ok(fuser) => self.fuser = Some(fuser),
                Err(error) => {
                    let fusion = Fusion::impossible(key, step, self.fusing, &error);
                    self.tell(Event::Fused(Arc::new(fusion)));
                    return;
                }
            }
        }
        if let Some(fuser) = &mut self.fuser {
            fuser.aim(key);
        }
        self.tell_fusion();
    }

    /// Predicts one more neighbour, while the networks stay as they are.
    fn fuse(&mut self) -> Result<()> {
        if self.state != State::Training
            && let Some(fuser) = self.fuser.as_mut().filter(|fuser| fuser.has_work())
        {
            fuser.advance();
            self.tell_fusion();
        }
        Ok(())
    }

    fn tell_fusion(&mut self) {
        if let Some(fusion) = self.fuser.as_mut().and_then(Fuser::fusion) {
            self.tell(Event::Fused(Arc::new(fusion)));
        }
    }

    pub(super) fn begin_evaluation(&mut self, request: EvaluationRequest) -> Result<()> {
        self.end_evaluation();
        let data = self.data.as_ref().context("there is no data to evaluate on; open some first")?;
        let name = match &self.run {
            Some(run) => format!("{} at step {}", run.out().display(), run.steps()),
            None => self.networks_name.clone(),
        };
        let (size, range) = (self.config.network.size(), DepthRange::from(&self.config.objective));
        let present = self.present_networks().map(|networks| Present { networks, size, range, name });
        let evaluation = Evaluation::begin(request, data, present, &self.compute.device)?;
        self.tell(Event::Evaluation(evaluation.begun()));
        self.evaluation = Some(evaluation);
        Ok(())
    }

    pub(super) fn end_evaluation(&mut self) {
        if self.evaluation.take().is_some() {
            self.tell(Event::Evaluation(EvaluationNews::GivenUp));
        }
    }

    /// Looks at one more frame. What fails ends the evaluation, not the run.
    fn evaluate(&mut self) -> Result<()> {
        let Some(mut evaluation) = self.evaluation.take() else { return Ok(()) };
        let news = match evaluation.advance() {
            Some(Ok(news)) => {
                self.evaluation = Some(evaluation);
                Ok(news)
            }
            Some(Err(error)) => Err(error),
            None => evaluation.finish(),
        };
        match news {
            Ok(news) => self.tell(Event::Evaluation(news)),
            Err(error) => {
                self.warn(format!("the evaluation failed: {error:#}"));
                self.tell(Event::Evaluation(EvaluationNews::GivenUp));
            }
        }
        Ok(())
    }
}
