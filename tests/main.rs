//! All tests in one binary, because every binary links burn, wgpu and egui anew.

mod architecture;
mod data;
mod networks;
mod objective;
mod seam;
mod shaders;
mod convolution;
mod support;
mod synthetic;
