//! From images to disparity, depth and everything the objective can show of them.

mod disparity;
mod export;
mod forward;
mod held;
mod images;
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
pub use picture::{InputImage, find_images, find_pictures, folder_remarks, frames, tell_apart};
pub use post_process::post_process;
pub use tensors::{SampleTensors, image_tensor};
