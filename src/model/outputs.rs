//! What a decoder gives.

/// Channels of a decoder's output, and the scales that have one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outputs {
    pub(super) channels: usize,
    pub(super) scales: Vec<usize>,
}
