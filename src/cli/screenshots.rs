//! Pictures of all panes, written without a window.

use crate::{
    app::{ScreenshotOptions, write_screenshots},
    config::DeviceChoice,
    output::errln,
};
use anyhow::Result;
use std::path::PathBuf;

/// Width and height of a pane, pixels.
const SIZE: [u32; 2] = [640, 400];
/// Training steps: enough for curves, and for a second column of snapshots on the wall.
const STEPS: u64 = 60;

/// Writes the pictures to this folder.
///
/// # Errors
/// If they cannot be drawn or written.
pub(super) fn run(folder: PathBuf, device: DeviceChoice) -> Result<()> {
    let options = ScreenshotOptions { folder, size: SIZE, steps: STEPS, device };
    write_screenshots(&options, |done| errln!("{done}"))
}
