//! Evaluation of networks as a job: one frame per time slice.

use super::{Job, Versions};
use crate::{
    data::{FrameKey, OpenData, Side, split},
    evaluate::{
        DepthEvaluator, DepthFile, DepthJob, FrameOutcome, PredictionKind, Predictions, Published, Truth,
        TruthChoice, published,
    },
    geometry::DepthRange,
    predict::Predictor,
    runs::RunFolder,
    session::{
        EvaluatedFrames, EvaluationProgress, EvaluationReport, EvaluationRequest, Event, Topic, model::Model,
        publisher::Publisher,
    },
};
use anyhow::Result;
use burn::tensor::Device;
use std::{sync::Arc, time::Duration};

/// Job that evaluates networks.
pub struct EvaluationJob {
    versions: Versions,
    evaluator: DepthEvaluator,
    name: String,
    published: Vec<Published>,
}

impl EvaluationJob {
    /// Starts reading frames.
    ///
    /// # Errors
    /// If choices exclude each other, there are no networks, or files cannot be read.
    pub fn start(
        request: EvaluationRequest,
        data: &OpenData,
        model: Option<Model>,
        device: &Device,
        versions: Versions,
    ) -> Result<Self> {
        let (predictor, name) = match (request.weights, model) {
            (Some(path), _) => {
                let predictor = Predictor::load(&RunFolder::weights_in(&path), device)?;
                (predictor, path.display().to_string())
            }
            (None, Some(Model { networks, config, provenance, .. })) => {
                let range = DepthRange::from(&config.objective);
                let predictor = Predictor::new(networks, config.network.size(), device).with_range(range);
                (predictor, provenance.to_string())
            }
            (None, None) => anyhow::bail!("there are no networks to evaluate: train some or load weights"),
        };
        let source = data.source.as_ref();
        let choices = request.choices;
        let blend = if choices.post_process { ", mirror blend" } else { "" };
        let name = format!("{name}{blend}");
        let kind = PredictionKind::of(&predictor);
        let (protocol_name, protocol, truth) = choices.resolve(data.split(), source, kind)?;
        let keys = match request.frames {
            EvaluatedFrames::Tested => split::evaluation_frames(data.split(), source)?,
            EvaluatedFrames::Every => every_frame(data),
        };
        let truth = match truth {
            TruthChoice::Source(kind) => Truth::Source(kind),
            TruthChoice::File(file) => Truth::File(Arc::new(DepthFile::open(&file, &keys)?)),
        };
        let evaluator = DepthEvaluator::new(DepthJob {
            source: Arc::clone(&data.source),
            keys,
            truth,
            predictions: Predictions::Network {
                predictor: Box::new(predictor),
                post_process: choices.post_process,
            },
            protocol,
            predict_all: false,
        })?;
        let published = published(protocol_name, &protocol, choices.post_process);
        Ok(Self { versions, evaluator, name, published })
    }

    /// Progress to publish at the start.
    pub fn started(&self) -> EvaluationProgress {
        EvaluationProgress::Started {
            name: self.name.clone(),
            protocol: self.evaluator.describe().to_owned(),
            frames: self.evaluator.total(),
        }
    }

    /// Computes the result after the last frame.
    ///
    /// # Errors
    /// If no image has a true depth.
    fn finish(&mut self) -> Result<EvaluationProgress> {
        let evaluation = self.evaluator.finish()?;
        let (name, published) = (self.name.clone(), std::mem::take(&mut self.published));
        Ok(EvaluationProgress::Finished(Arc::new(EvaluationReport { name, evaluation, published })))
    }
}

impl Job for EvaluationJob {
    const NAME: &str = "the evaluation failed";

    fn is_current(&self, versions: &Versions) -> bool {
        // It keeps its networks, so their version does not matter.
        self.versions.data == versions.data && self.versions.device == versions.device
    }

    fn advance(&mut self, _: Duration, publisher: &Publisher) -> Result<bool> {
        let (progress, goes_on) = match self.evaluator.next() {
            Some(Ok(FrameOutcome::Scored(image))) => (EvaluationProgress::Scored(image), true),
            Some(Ok(FrameOutcome::Waiting(_) | FrameOutcome::WithoutDepth(_))) => {
                (EvaluationProgress::Read(self.evaluator.done()), true)
            }
            Some(Err(error)) => return Err(error),
            None => {
                let finished = self.finish()?;
                for doubt in self.evaluator.doubts() {
                    publisher.warn(Topic::Job, format!("doubtful: {doubt}"));
                }
                (finished, false)
            }
        };
        publisher.send(Event::Evaluation(progress));
        Ok(goes_on)
    }

    fn abort(&mut self, publisher: &Publisher) {
        publisher.send(Event::Evaluation(EvaluationProgress::Aborted));
    }
}

fn every_frame(data: &OpenData) -> Vec<FrameKey> {
    let drives = data.source.drives().iter();
    let frames = drives.flat_map(|drive| {
        let side = drive.sides.first().copied().unwrap_or(Side::Left);
        let key = move |frame| FrameKey { folder: drive.folder.clone(), frame, side };
        drive.numbers().map(key)
    });
    frames.collect()
}
