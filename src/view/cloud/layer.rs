//! Layers of a point cloud: depth maps with their cameras and colours.

use super::super::field::FieldStyle;
use crate::{compute::Lease, geometry::Intrinsics};
use glam::DAffine3;
use std::sync::Arc;

/// Colours of the points of a layer.
#[derive(Clone, Debug)]
pub enum Paint {
    /// Colour image of the size of the depth map, `[3, h, w]`.
    Image(Arc<Lease>),
    /// Numbers, one per pixel of the depth map, `[1, h, w]`. An automatic range is that of the first layer's numbers.
    Field(Arc<Lease>, FieldStyle),
}

impl Paint {
    /// Lease that the colours are read from.
    pub fn values(&self) -> &Arc<Lease> {
        match self {
            Self::Image(values) | Self::Field(values, _) => values,
        }
    }

    /// Style by which numbers become colours.
    pub(super) fn style(&self) -> FieldStyle {
        match self {
            // The shader does not read the table of an image.
            Self::Image(_) => FieldStyle::Category(vec![[0; 3]]),
            Self::Field(_, style) => style.clone(),
        }
    }
}

/// Depth map with its camera and colours.
#[derive(Clone, Debug)]
pub struct CloudLayer {
    /// Depth, `[1, h, w]`; there is no point where it is not above 0.
    pub depth: Arc<Lease>,
    /// Colours of the points.
    pub paint: Paint,
    /// Camera of the depth map.
    pub intrinsics: Intrinsics,
    /// Depth of 1 in the unit of the first layer.
    pub unit: f32,
    /// Transform from this layer's camera to that of the first layer, in the first layer's unit.
    pub target_from_source: DAffine3,
    /// True if depth is known at single pixels only; their neighbours then tell nothing about edges.
    pub is_sparse: bool,
}

impl CloudLayer {
    /// True if a renderer of this device can bind the leases.
    pub(super) fn is_on(&self, device: &wgpu::Device) -> bool {
        self.depth.is_on(device) && self.paint.values().is_on(device)
    }

    /// First layer of a cloud, in the colours of its image: depth `[1, h, w]`, colour `[3, h, w]` and their camera.
    pub fn image(depth: Arc<Lease>, colour: Arc<Lease>, intrinsics: Intrinsics) -> Self {
        Self {
            depth,
            paint: Paint::Image(colour),
            intrinsics,
            unit: 1.0,
            target_from_source: DAffine3::IDENTITY,
            is_sparse: false,
        }
    }

    /// True if both layers read the same memory in the same style, wherever their cameras are.
    pub(super) fn reads_as(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.depth, &other.depth)
            && Arc::ptr_eq(self.paint.values(), other.paint.values())
            && self.paint.style() == other.paint.style()
    }

    /// Number of pixels: the most points that the layer has.
    pub fn pixels(&self) -> usize {
        self.depth.width * self.depth.height
    }
}

/// Style of a point cloud.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CloudStyle {
    /// Width of a point; at 1 it covers the area of its pixel.
    pub point_width: f32,
    /// Farthest points that are drawn, in median depths of the first layer.
    pub farthest: f32,
    /// Flattest angle at which a surface is drawn, degrees.
    pub flattest: f32,
    /// Distance between rows and columns that are drawn, 1 for all of them; points are wider by the same factor.
    pub thinning: usize,
    /// sRGB colour of the background.
    pub background: [u8; 3],
}
