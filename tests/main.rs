//! All tests in one binary, because every binary links burn, wgpu and egui anew.

#![allow(clippy::unwrap_used, reason = "a test's helper fails as its test does")]

mod album;
mod architecture;
mod architectures;
mod calibration;
mod cli;
mod cloud;
mod cockpit;
mod config;
mod convolution;
mod data;
mod evaluate;
mod exports;
mod fusion;
mod gradients;
mod guard;
mod health;
mod inspect;
mod inspector;
mod launches;
mod layers;
mod maps;
mod motion;
mod moving;
mod networks;
mod normalisation;
mod objective;
mod odometry;
mod ops;
mod options;
mod pose_networks;
mod preparation;
mod resume;
mod rt_monodepth;
mod sandbox;
mod seam;
mod session;
mod shaders;
mod snapshots;
mod support;
mod synthetic;
mod training;
mod weights;
mod window;
