//! KITTI as it is published: the raw recordings and the odometry sequences.

pub mod calibration;
mod odometry;
pub mod oxts;
mod raw;
pub mod velodyne;

pub use odometry::KittiOdometry;
pub use raw::KittiRaw;

/// Distance of the colour cameras, metres.
pub const BASELINE_METRES: f32 = 0.54;
