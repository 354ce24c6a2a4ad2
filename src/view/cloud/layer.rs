//! What a point cloud is put together from: depth maps, where their cameras stand, and their colours.

use super::super::field::FieldStyle;
use crate::{compute::Lease, geometry::Intrinsics};
use glam::DAffine3;
use std::sync::Arc;

/// What colours the points.
#[derive(Clone, Debug)]
pub enum Paint {
    /// A picture of the size of the depth map, `[3,h,w]`.
    Film(Arc<Lease>),
    /// Numbers of the size of the depth map, `[1,h,w]`. An automatic range is that of the first layer's.
    Field(Arc<Lease>, FieldStyle),
}

impl Paint {
    /// What is read.
    pub fn values(&self) -> &Arc<Lease> {
        match self {
            Self::Film(values) | Self::Field(values, _) => values,
        }
    }

    /// How numbers become colours.
    pub(super) fn style(&self) -> FieldStyle {
        match self {
            // Its table is not looked into.
            Self::Film(_) => FieldStyle::Category(vec![[0; 3]]),
            Self::Field(_, style) => style.clone(),
        }
    }
}

/// A depth map with its camera and colours.
#[derive(Clone, Debug)]
pub struct CloudLayer {
    /// Depth, `[1,h,w]`; where it is not above 0 there is no point.
    pub depth: Arc<Lease>,
    /// Its colours.
    pub paint: Paint,
    /// Its camera.
    pub intrinsics: Intrinsics,
    /// What a depth of 1 is in the unit of the first layer.
    pub unit: f32,
    /// From its camera to that of the first layer, in the first layer's unit.
    pub target_from_source: DAffine3,
    /// Whether depth is known at single pixels, so that their neighbours say nothing about edges.
    pub is_sparse: bool,
}

impl CloudLayer {
    /// Whether what draws with this device can bind it.
    pub(super) fn is_on(&self, device: &wgpu::Device) -> bool {
        self.depth.is_on(device) && self.paint.values().is_on(device)
    }

    /// The frame that is looked at, in its own colours: depth `[1,h,w]`, colour `[3,h,w]` and their camera.
    pub fn film(depth: Arc<Lease>, colour: Arc<Lease>, intrinsics: Intrinsics) -> Self {
        Self {
            depth,
            paint: Paint::Film(colour),
            intrinsics,
            unit: 1.0,
            target_from_source: DAffine3::IDENTITY,
            is_sparse: false,
        }
    }

    /// Whether it reads the same memory in the same way, wherever it stands.
    pub(super) fn reads_as(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.depth, &other.depth)
            && Arc::ptr_eq(self.paint.values(), other.paint.values())
            && self.paint.style() == other.paint.style()
    }

    /// Points that it has at most.
    pub fn pixels(&self) -> usize {
        self.depth.width * self.depth.height
    }
}

/// How points are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CloudStyle {
    /// Width of a point: at 1 it covers what its pixel covers.
    pub point_width: f32,
    /// Points farther than this many median depths of the first layer are left out.
    pub farthest: f32,
    /// Surfaces seen at a flatter angle than this, in degrees, are left out.
    pub flattest: f32,
    /// Only every so manieth row and column is drawn, with points as much wider: 1 for all of them.
    pub thinning: usize,
    /// sRGB colour of what is empty.
    pub background: [u8; 3],
}
