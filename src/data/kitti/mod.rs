//! KITTI as published: the raw recordings and the odometry sequences.

pub mod calibration;
mod odometry;
pub mod oxts;
mod raw;
mod readings;
pub mod velodyne;

pub use odometry::KittiOdometry;
pub use raw::KittiRaw;
pub(super) use raw::camera_folder;

/// Distance of the colour cameras, metres.
pub const BASELINE_METRES: f64 = 0.54;
