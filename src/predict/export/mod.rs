//! Export of predictions to files: arrays, pictures, depth maps, point clouds, frames of a film.

mod cloud;
mod colour;
mod side_by_side;

pub use cloud::{CloudFilter, CloudPoint, cloud, ply, write_ply};
pub use colour::{ColourRange, SequenceRange, colour_picture};
pub use side_by_side::{Legend, side_by_side};
