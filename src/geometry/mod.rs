//! Mathematics of cameras, trajectories, depth and colour maps; no files, no tensors.

mod camera;
pub mod colormap;
mod disparity;
mod ground;
pub mod trajectory;

pub use camera::Intrinsics;
pub use disparity::DepthRange;
pub use ground::GroundPlane;
