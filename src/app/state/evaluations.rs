//! Depth evaluations of this session: the running one and the reports of finished ones.

use super::SessionView;
use crate::{
    evaluate::{DepthMetrics, ImageResult},
    session::{Command, EvaluationProgress, EvaluationReport, EvaluationRequest},
};
use std::sync::Arc;

/// Evaluations since the window opened.
#[derive(Default)]
pub struct Evaluations {
    /// Frames and protocol of the next evaluation.
    pub request: EvaluationRequest,
    /// The running evaluation.
    pub running: Option<RunningEvaluation>,
    /// Reports of finished evaluations, oldest first.
    pub reports: Vec<Arc<EvaluationReport>>,
    /// Index of the report that is shown.
    pub shown: usize,
    /// Index of the report that it is compared with.
    pub compared: Option<usize>,
    /// Set to have the cloud draw the true depth over the predicted one; the cloud resets it.
    pub shows_truth: bool,
}

/// Evaluation that is not finished.
#[derive(Default)]
pub struct RunningEvaluation {
    /// Name of the networks.
    pub name: String,
    /// Protocol in words.
    pub protocol: String,
    /// Number of frames to evaluate.
    pub frames: usize,
    /// Frames processed so far, with or without true depth.
    pub seen: usize,
    /// Results of the images so far.
    pub images: Vec<ImageResult>,
}

impl Evaluations {
    /// Reason why nothing can be evaluated; `None` if something can. `has_networks` is true if there are networks to
    /// predict with.
    pub fn obstacle(session: &SessionView, has_networks: bool) -> Option<String> {
        if session.data().is_none() {
            Some(
                "Open data with true depth first: the built-in drive has it, or KITTI (Sequence pane)"
                    .to_owned(),
            )
        } else if !has_networks {
            Some("There are no networks to evaluate: press Train, or load weights (Weights menu)".to_owned())
        } else {
            None
        }
    }

    /// Starts the evaluation that the pane describes.
    pub fn start(&self, session: &mut SessionView) {
        session.requests.send(Command::Evaluate(Box::new(self.request.clone())));
    }

    /// Cancels the running evaluation.
    pub fn cancel(&self, session: &mut SessionView) {
        session.requests.send(Command::CancelEvaluation);
    }

    /// Takes the progress of an evaluation.
    pub fn receive(&mut self, progress: EvaluationProgress) {
        let running = self.running.get_or_insert_default();
        match progress {
            EvaluationProgress::Started { name, protocol, frames } => {
                *running = RunningEvaluation { name, protocol, frames, ..RunningEvaluation::default() };
            }
            EvaluationProgress::Read(seen) => running.seen = seen,
            EvaluationProgress::Scored(image) => {
                running.seen = (running.seen + 1).min(running.frames);
                running.images.push(image);
            }
            EvaluationProgress::Aborted => self.running = None,
            EvaluationProgress::Finished(report) => {
                self.running = None;
                self.reports.push(report);
                self.shown = self.reports.len() - 1;
                // Compared with the evaluation before, because most people evaluate networks in turn to find the better
                // one.
                self.compared = self.shown.checked_sub(1).filter(|before| {
                    self.reports[*before].evaluation.images == self.reports[self.shown].evaluation.images
                });
            }
        }
    }

    /// The report that is shown.
    pub fn report(&self) -> Option<&Arc<EvaluationReport>> {
        self.reports.get(self.shown)
    }

    /// The report that it is compared with.
    pub fn other(&self) -> Option<&Arc<EvaluationReport>> {
        self.reports.get(self.compared.filter(|other| *other != self.shown)?)
    }

    /// Mean metrics so far of the running evaluation.
    pub fn mean_so_far(&self) -> Option<DepthMetrics> {
        let images = &self.running.as_ref()?.images;
        (!images.is_empty()).then(|| DepthMetrics::mean(images.iter().map(|image| &image.metrics)))
    }
}
