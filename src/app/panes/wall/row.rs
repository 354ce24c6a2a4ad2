//! A row of the wall: its frame, and what can be requested in it.

use crate::{data::FrameKey, runs::Snapshot};

/// Request of a row.
pub(super) enum RowRequest {
    /// Remove the bookmark of the frame.
    Remove(FrameKey),
    /// Go to the frame on the timeline.
    LookAt(FrameKey),
}

/// Frame and snapshot of a row.
pub(super) struct WallRow<'a> {
    /// Key of the frame.
    pub key: &'a FrameKey,
    /// The snapshot that is shown.
    pub shown: Option<&'a Snapshot>,
    /// True if all frames of the wall are of one drive.
    pub same_drive: bool,
    /// True if there are networks to predict with.
    pub has_networks: bool,
}
