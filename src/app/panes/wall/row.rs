//! A row of the wall: its frame and snapshot, and what a user may request in it.

use crate::{data::FrameKey, runs::Snapshot};

/// Request made by a row's cross or menu.
pub(super) enum RowRequest {
    /// Remove the bookmark of this frame.
    Remove(FrameKey),
    /// Go to this frame on the timeline.
    LookAt(FrameKey),
}

/// Frame and snapshot of a row.
pub(super) struct WallRow<'a> {
    /// Frame of the row.
    pub key: &'a FrameKey,
    /// Snapshot that is shown; `None` if there is none yet.
    pub shown: Option<&'a Snapshot>,
    /// True if all frames of the wall are of one drive.
    pub same_drive: bool,
    /// True if there are networks to predict with.
    pub has_networks: bool,
}
