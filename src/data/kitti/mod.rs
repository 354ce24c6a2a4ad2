//! KITTI as published: the raw recordings and the odometry sequences.

pub mod calibration;
mod camera;
mod odometry;
pub mod oxts;
mod published;
mod raw;
mod readings;
pub mod velodyne;

pub use camera::{parse_calibration, parse_calibration_of_kitti};
pub use odometry::KittiOdometry;
pub(super) use published::published_size;
pub use raw::KittiRaw;
pub(super) use raw::camera_folder;

/// Distance of the colour cameras, metres.
pub const BASELINE_METRES: f64 = 0.54;
