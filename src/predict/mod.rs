//! From images to disparity, depth and everything the objective can show of them.

mod disparity;
mod export;
mod forward;
mod images;
mod memory_budget;
mod motions;
mod picture;
mod post_process;
mod tensors;

pub use disparity::DisparityMap;
pub use export::{
    CloudFilter, CloudPoint, ColourRange, Legend, SequenceRange, cloud, colour_picture, ply, side_by_side,
    write_ply,
};
pub use forward::{flip_uncertainty, forward, inputs};
pub use images::{PredictedImage, Predictor, check_memory};
pub use motions::MotionPredictor;
pub use picture::{FoundPictures, InputImage, find_images, find_pictures, frames, tell_apart};
pub use post_process::post_process;
pub use tensors::{SampleTensors, image_tensor};
