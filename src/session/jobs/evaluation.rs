//! The evaluation of networks by the session: a frame at a time, between other work.

use super::{Job, Now, Slice};
use crate::{
    data::{FrameKey, OpenData, Side, split},
    evaluate::{
        DepthChoices, DepthEvaluation, DepthEvaluator, DepthFile, DepthJob, FrameOutcome, ImageResult,
        PredictionKind, Predictions, Published, Truth, TruthChoice, published,
    },
    geometry::DepthRange,
    predict::Predictor,
    runs::RunFolder,
    session::{Event, model::Model, publisher::Publisher},
};
use anyhow::Result;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, sync::Arc};

/// What is evaluated, and how.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EvaluationRequest {
    /// Which pixels count, and how depth becomes metres.
    pub choices: DepthChoices,
    /// Which frames.
    pub frames: EvaluatedFrames,
    /// A weights folder, a run folder or a checkpoint to evaluate instead of the present networks.
    pub weights: Option<PathBuf>,
}

/// Which frames of the open data are evaluated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum EvaluatedFrames {
    /// Those that the split tests on, or validates on if it tests on none; without a split a tenth of
    /// every drive.
    #[default]
    Tested,
    /// All frames of the left camera.
    Every,
}

/// How far an evaluation is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum EvaluationProgress {
    /// It begins.
    Begun {
        /// Which networks are evaluated.
        name: String,
        /// How the numbers are made.
        protocol: String,
        /// How many frames are looked at.
        frames: usize,
    },
    /// So many frames were looked at.
    Seen(usize),
    /// An image is scored.
    Scored(ImageResult),
    /// All frames were looked at.
    Finished(Arc<EvaluationReport>),
    /// It ended before: by `CancelEvaluation` or by a problem, which is told too.
    GivenUp,
}

/// The result of an evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluationReport {
    /// Which networks were evaluated.
    pub name: String,
    /// The figures.
    pub evaluation: DepthEvaluation,
    /// Published rows whose numbers were made in the same way.
    pub published: Vec<Published>,
}

/// An evaluation under way.
pub struct EvaluationJob {
    version: Now,
    evaluator: DepthEvaluator,
    name: String,
    published: Vec<Published>,
}

impl EvaluationJob {
    /// Begins to read frames.
    ///
    /// # Errors
    /// Choices that exclude each other, no networks, or files that cannot be read.
    pub fn begin(
        request: EvaluationRequest,
        data: &OpenData,
        model: Option<Model>,
        device: &Device,
        version: Now,
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
        let kind = PredictionKind::Network { is_monocular: predictor.use_stereo() == Some(false) };
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
        Ok(Self { version, evaluator, name, published })
    }

    /// What there is to say at the beginning.
    pub fn begun(&self) -> EvaluationProgress {
        EvaluationProgress::Begun {
            name: self.name.clone(),
            protocol: self.evaluator.describe().to_owned(),
            frames: self.evaluator.total(),
        }
    }

    /// The result, after the last frame.
    ///
    /// # Errors
    /// No image had a true depth.
    fn finish(&mut self) -> Result<EvaluationProgress> {
        let evaluation = self.evaluator.finish()?;
        let (name, published) = (self.name.clone(), std::mem::take(&mut self.published));
        Ok(EvaluationProgress::Finished(Arc::new(EvaluationReport { name, evaluation, published })))
    }
}

impl Job for EvaluationJob {
    const NAME: &str = "the evaluation failed";

    fn is_current(&self, now: &Now) -> bool {
        // It holds the networks that it began with.
        self.version.data == now.data && self.version.device == now.device
    }

    fn advance(&mut self, _: Slice, publisher: &Publisher) -> Result<bool> {
        let (progress, goes_on) = match self.evaluator.next() {
            Some(Ok(FrameOutcome::Scored(image))) => (EvaluationProgress::Scored(image), true),
            Some(Ok(FrameOutcome::Waiting(_) | FrameOutcome::WithoutDepth(_))) => {
                (EvaluationProgress::Seen(self.evaluator.done()), true)
            }
            Some(Err(error)) => return Err(error),
            None => (self.finish()?, false),
        };
        publisher.send(Event::Evaluation(progress));
        Ok(goes_on)
    }

    fn give_up(&mut self, publisher: &Publisher) {
        publisher.send(Event::Evaluation(EvaluationProgress::GivenUp));
    }
}

fn every_frame(data: &OpenData) -> Vec<FrameKey> {
    let drives = data.source.drives().iter();
    let frames = drives.flat_map(|drive| {
        let side = drive.sides.first().copied().unwrap_or(Side::Left);
        let key = move |frame| FrameKey { folder: drive.folder.clone(), frame, side };
        drive.frames.clone().map(key)
    });
    frames.collect()
}
