//! The published metrics against exact or measured depth and motion.

mod baseline;
mod benchmark;
mod choices;
mod depth;
mod distance;
mod metric_scale;
mod metrics;
mod odometry;
mod pairing;
mod plausible;
mod predictions;
mod protocol;
mod published;
pub mod report;
mod truth;

pub use baseline::{Baseline, baselines};
pub use benchmark::{BENCHMARK_SIZE, benchmark_depth};
pub use choices::{DepthChoices, PredictionKind, ProtocolName, ScalingName};
pub use depth::{DepthEvaluation, DepthEvaluator, DepthJob, FrameOutcome, ImageResult, compare_disparity};
pub use distance::DistanceRange;
pub use metric_scale::{find_road, is_flat, scale_from_depth, summarise};
pub use metrics::{DepthMetrics, median};
pub use odometry::{AlignedError, OdometryEvaluation, PROTOCOL as ODOMETRY_PROTOCOL};
pub use pairing::{Pairing, PosePairs};
pub use predictions::{DisparityFile, Predictions};
pub use protocol::{DepthPairs, Protocol, Scaling};
pub use published::{Published, PublishedScaling, published};
pub use truth::{DepthFile, Truth, TruthChoice, write_ground_truth};
