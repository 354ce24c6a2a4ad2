//! All tests in one binary, because every binary links burn, wgpu and egui anew.

mod architecture;
mod objective;
mod data;
mod seam;
mod shaders;
mod support;
