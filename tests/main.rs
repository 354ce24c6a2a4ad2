//! All tests in one binary, because every binary links burn, wgpu and egui anew.

mod architecture;
mod cli;
mod config;
mod convolution;
mod data;
mod evaluate;
mod networks;
mod objective;
mod seam;
mod session;
mod shaders;
mod support;
mod synthetic;
mod training;
