//! Published results, to compare with one's own.
//!
//! All are from the tables of "Digging Into Self-Supervised Monocular Depth Estimation" (arXiv 1806.01260,
//! version 4): the main table, the tables of post-processing and resolution, and, for KITTI's improved depth
//! and the single factor, those of the supplement.

use super::{DepthMetrics, Protocol, ProtocolName, Scaling, choices::STEREO_FACTOR};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A row of a published table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Published {
    /// Protocol of the row.
    pub protocol: ProtocolName,
    /// Conversion of depth to metres.
    pub scaling: PublishedScaling,
    /// True if disparities were blended with those of the mirror images.
    pub post_process: bool,
    /// Training data (M monocular, S stereo, MS both), input size and network.
    pub name: Cow<'static, str>,
    /// Metrics in the order abs_rel, sq_rel, rmse, rmse_log, a1, a2, a3.
    values: [f64; 7],
}

/// Conversion of depth to metres in a published row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PublishedScaling {
    /// Each image is scaled by its ratio of medians.
    MedianOfEach,
    /// All images are scaled by the median of their ratios.
    MedianOfAll,
    /// All images are scaled by the factor of KITTI's stereo rig.
    Stereo,
}

impl Published {
    /// Metrics, rounded as printed.
    pub fn metrics(&self) -> DepthMetrics {
        let [abs_rel, sq_rel, rmse, rmse_log, a1, a2, a3] = self.values;
        DepthMetrics { abs_rel, sq_rel, rmse, rmse_log, a1, a2, a3 }
    }
}

/// Published rows that were made by the same protocol; empty if there are none.
pub fn published(name: ProtocolName, protocol: &Protocol, post_process: bool) -> Vec<Published> {
    let standard = match name {
        ProtocolName::Eigen => Protocol::EIGEN,
        ProtocolName::EigenBenchmark => Protocol::EIGEN_BENCHMARK,
    };
    let scaling = match protocol.scaling {
        Scaling::MedianOfEach => PublishedScaling::MedianOfEach,
        Scaling::MedianOfAll => PublishedScaling::MedianOfAll,
        Scaling::Factor(factor) if (factor - STEREO_FACTOR).abs() < 1e-3 => PublishedScaling::Stereo,
        Scaling::Factor(_) => return Vec::new(),
    };
    if (Protocol { scaling: standard.scaling, ..*protocol }) != standard {
        return Vec::new();
    }
    let fits =
        |row: &&Published| row.protocol == name && row.scaling == scaling && row.post_process == post_process;
    TABLE.iter().filter(fits).cloned().collect()
}

const fn row(
    protocol: ProtocolName,
    scaling: PublishedScaling,
    post_process: bool,
    name: &'static str,
    values: [f64; 7],
) -> Published {
    Published { protocol, scaling, post_process, name: Cow::Borrowed(name), values }
}

use ProtocolName::{Eigen, EigenBenchmark};
use PublishedScaling::{MedianOfAll, MedianOfEach, Stereo};

#[rustfmt::skip]
static TABLE: [Published; 30] = [
    row(Eigen, MedianOfEach, false, "M 640×192", [0.115, 0.903, 4.863, 0.193, 0.877, 0.959, 0.981]),
    row(Eigen, MedianOfEach, false, "M 640×192, no ImageNet", [0.132, 1.044, 5.142, 0.210, 0.845, 0.948, 0.977]),
    row(Eigen, MedianOfEach, false, "M 1024×320", [0.115, 0.882, 4.701, 0.190, 0.879, 0.961, 0.982]),
    row(Eigen, MedianOfEach, false, "M 416×128", [0.128, 1.087, 5.171, 0.204, 0.855, 0.953, 0.978]),
    row(Eigen, MedianOfEach, false, "M 640×192, ResNet50", [0.110, 0.831, 4.642, 0.187, 0.883, 0.962, 0.982]),
    row(Eigen, MedianOfEach, false, "M 640×192, ResNet50, no ImageNet", [0.131, 1.023, 5.064, 0.206, 0.849, 0.951, 0.979]),
    row(Eigen, MedianOfEach, true, "M 640×192", [0.112, 0.851, 4.754, 0.190, 0.881, 0.960, 0.981]),
    row(Eigen, MedianOfEach, true, "M 640×192, no ImageNet", [0.129, 1.003, 5.072, 0.207, 0.848, 0.949, 0.978]),
    row(Eigen, MedianOfEach, true, "M 1024×320", [0.112, 0.838, 4.607, 0.187, 0.883, 0.962, 0.982]),
    row(Eigen, Stereo, false, "S 640×192", [0.109, 0.873, 4.960, 0.209, 0.864, 0.948, 0.975]),
    row(Eigen, Stereo, false, "S 640×192, no ImageNet", [0.130, 1.144, 5.485, 0.232, 0.831, 0.932, 0.968]),
    row(Eigen, Stereo, false, "S 1024×320", [0.107, 0.849, 4.764, 0.201, 0.874, 0.953, 0.977]),
    row(Eigen, Stereo, false, "S 416×128", [0.118, 0.971, 5.231, 0.218, 0.848, 0.943, 0.973]),
    row(Eigen, Stereo, false, "MS 640×192", [0.106, 0.818, 4.750, 0.196, 0.874, 0.957, 0.979]),
    row(Eigen, Stereo, false, "MS 640×192, no ImageNet", [0.127, 1.031, 5.266, 0.221, 0.836, 0.943, 0.974]),
    row(Eigen, Stereo, false, "MS 1024×320", [0.106, 0.806, 4.630, 0.193, 0.876, 0.958, 0.980]),
    row(Eigen, Stereo, false, "MS 416×128", [0.118, 0.935, 5.119, 0.210, 0.852, 0.949, 0.976]),
    row(Eigen, Stereo, true, "S 640×192", [0.108, 0.842, 4.891, 0.207, 0.866, 0.949, 0.976]),
    row(Eigen, Stereo, true, "S 640×192, no ImageNet", [0.128, 1.089, 5.385, 0.229, 0.832, 0.934, 0.969]),
    row(Eigen, Stereo, true, "S 1024×320", [0.105, 0.822, 4.692, 0.199, 0.876, 0.954, 0.977]),
    row(Eigen, Stereo, true, "MS 640×192", [0.104, 0.786, 4.687, 0.194, 0.876, 0.958, 0.980]),
    row(Eigen, Stereo, true, "MS 640×192, no ImageNet", [0.125, 1.000, 5.205, 0.218, 0.837, 0.944, 0.974]),
    row(Eigen, Stereo, true, "MS 1024×320", [0.104, 0.775, 4.562, 0.191, 0.878, 0.959, 0.981]),
    row(EigenBenchmark, MedianOfEach, false, "M 640×192", [0.090, 0.545, 3.942, 0.137, 0.914, 0.983, 0.995]),
    row(EigenBenchmark, MedianOfEach, false, "M 640×192, no ImageNet", [0.112, 0.715, 4.502, 0.167, 0.876, 0.967, 0.990]),
    row(EigenBenchmark, MedianOfAll, false, "M 640×192", [0.109, 0.623, 4.136, 0.154, 0.873, 0.977, 0.994]),
    row(EigenBenchmark, Stereo, false, "S 640×192", [0.085, 0.537, 3.868, 0.139, 0.912, 0.979, 0.993]),
    row(EigenBenchmark, Stereo, false, "S 640×192, no ImageNet", [0.110, 0.849, 4.580, 0.173, 0.875, 0.962, 0.986]),
    row(EigenBenchmark, Stereo, false, "MS 640×192", [0.080, 0.466, 3.681, 0.127, 0.926, 0.985, 0.995]),
    row(EigenBenchmark, Stereo, false, "MS 640×192, no ImageNet", [0.107, 0.720, 4.345, 0.161, 0.890, 0.971, 0.989]),
];
