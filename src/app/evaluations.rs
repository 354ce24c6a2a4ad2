//! What the window knows of evaluations: the one under way, and the reports of those before.

use crate::{
    evaluate::{DepthMetrics, ImageResult},
    session::{EvaluationProgress, EvaluationReport, EvaluationRequest},
};
use std::sync::Arc;

/// Evaluations of this session.
#[derive(Default)]
pub struct Evaluations {
    /// What the next one looks at.
    pub request: EvaluationRequest,
    /// The one under way.
    pub under_way: Option<UnderWay>,
    /// Finished ones, oldest first.
    pub reports: Vec<Arc<EvaluationReport>>,
    /// The report that is shown.
    pub shown: usize,
    /// The report that it is compared with.
    pub compared: Option<usize>,
    /// Whether the cloud shall lay the true depth over what was predicted.
    pub wants_truth: bool,
}

/// An evaluation that is not finished.
#[derive(Default)]
pub struct UnderWay {
    /// Which networks are evaluated.
    pub name: String,
    /// How the numbers are made.
    pub protocol: String,
    /// How many frames are looked at.
    pub frames: usize,
    /// How many were looked at so far.
    pub seen: usize,
    /// The images scored so far.
    pub images: Vec<ImageResult>,
}

impl Evaluations {
    /// Takes note of what an evaluation says.
    pub fn receive(&mut self, news: EvaluationProgress) {
        let under_way = self.under_way.get_or_insert_default();
        match news {
            EvaluationProgress::Started { name, protocol, frames } => {
                *under_way = UnderWay { name, protocol, frames, ..UnderWay::default() };
            }
            EvaluationProgress::Read(seen) => under_way.seen = seen,
            EvaluationProgress::Scored(image) => {
                under_way.seen = (under_way.seen + 1).min(under_way.frames);
                under_way.images.push(image);
            }
            EvaluationProgress::Aborted => self.under_way = None,
            EvaluationProgress::Finished(report) => {
                self.under_way = None;
                self.reports.push(report);
                self.shown = self.reports.len() - 1;
                // Most people evaluate one network after another to see which is better.
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

    /// The means so far of the evaluation under way.
    pub fn so_far(&self) -> Option<DepthMetrics> {
        let images = &self.under_way.as_ref()?.images;
        (!images.is_empty()).then(|| DepthMetrics::mean(images.iter().map(|image| &image.metrics)))
    }
}
