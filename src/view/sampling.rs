//! Visible part of an array, and its sampling by `sampling.wgsl`.

use crate::compute::Lease;
use egui::{Rect, pos2};

/// Part of an array that is visible in its rectangle on the screen, and its interpolation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// Visible part, in shares of the array's width and height.
    pub visible: Rect,
    /// True to draw values as squares, false to interpolate them.
    pub squares: bool,
}

impl Sampling {
    /// The whole array.
    pub fn whole(squares: bool) -> Self {
        Self { visible: Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)), squares }
    }
}

/// Layout of `Grid` in `sampling.wgsl`.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct Grid {
    corner: [f32; 2],
    extent: [f32; 2],
    width: u32,
    height: u32,
    squares: u32,
    padding: u32,
}

impl Grid {
    pub fn new(lease: &Lease, sampling: Sampling) -> Self {
        let Sampling { visible, squares } = sampling;
        Self {
            corner: visible.min.into(),
            extent: visible.size().into(),
            width: lease.width as u32,
            height: lease.height as u32,
            squares: squares.into(),
            padding: 0,
        }
    }
}
