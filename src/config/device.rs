//! Device of a run, and its precision.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Device on which burn computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceChoice {
    /// The GPU where there is one, else the CPU
    #[default]
    Auto,
    /// The wgpu backend, on whatever adapter there is, also a software one
    Gpu,
    /// The CPU backend
    Cpu,
}

/// Number format of the operands of convolutions on the GPU; their sums, and all that is not a convolution, are f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits
    #[default]
    F32,
    /// 16 bits, about three decimal digits: less to keep and move
    F16,
}

impl fmt::Display for Precision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
        })
    }
}
