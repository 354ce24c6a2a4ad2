//! The published metrics against exact or measured depth.

mod depth;
mod guess;
mod metrics;

pub use depth::{DepthEvaluation, ImageResult, Protocol, compare_disparity, evaluate_depth};
pub use guess::{Guess, best_guesses};
pub use metrics::{DepthMetrics, median};
