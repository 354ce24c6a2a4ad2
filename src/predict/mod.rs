//! From images to disparity, depth and everything the objective can show of them.

mod export;
mod forward;
mod images;
mod inspect;
mod post_process;
mod tensors;

pub use export::{colour_picture, write_disparity_npy};
pub use forward::{depth_maps, forward, inputs};
pub use images::{Predictor, find_images};
pub use inspect::{dump, inspect};
pub use post_process::post_process;
pub use tensors::{SampleTensors, image_tensor};
