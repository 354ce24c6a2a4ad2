//! `info`: lists adapters and backends of this machine, or the content of a weights folder.

use crate::{
    compute::{Compute, adapters},
    config::DeviceChoice,
    model::weights::{self, MetricScale},
    output::outln,
    runs::RunFolder,
};
use anyhow::Result;
use clap::Args;
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(super) struct InfoArgs {
    /// Describe these networks and list which of their tensors are loaded, missing and unused:
    /// a weights folder, a run folder or a checkpoint
    #[arg(long, value_name = "PATH")]
    weights: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &InfoArgs) -> Result<()> {
    match &args.weights {
        Some(path) => describe_weights(path, args.json),
        None => describe_machine(args.json),
    }
}

fn describe_weights(path: &Path, json: bool) -> Result<()> {
    let compute = Compute::open(DeviceChoice::Cpu, None)?;
    let folder = RunFolder::weights_in(path);
    let found = weights::examine(&folder, &compute.device)?;
    let (scale, scale_failure) = match MetricScale::of(&folder, found.use_stereo) {
        Ok(scale) => (scale, None),
        Err(error) => (None, Some(error.to_string())),
    };
    let networks = found.networks.architecture();
    if json {
        let object = json!({
            "path": folder,
            "networks": networks.to_string(),
            "depth": networks.depth.to_string(),
            "scales": networks.scales,
            "pose": networks.pose.map(|pose| pose.to_string()),
            "predictive_mask": networks.masked_sources.is_some(),
            "height": found.size.map(|size| size.height),
            "width": found.size.map(|size| size.width),
            "use_stereo": found.use_stereo,
            "scale": scale,
            "scale_failure": scale_failure,
            "tensors": found.report,
        });
        outln!("{object}");
        return Ok(());
    }
    outln!("{}: {networks}", folder.display());
    let scales: Vec<String> = networks.scales.iter().map(usize::to_string).collect();
    outln!("disparities at the scales {}", scales.join(" "));
    match found.size {
        Some(size) => {
            outln!(
                "trained at {size}{}",
                if found.use_stereo == Some(true) { ", with stereo pairs" } else { "" }
            );
        }
        None => outln!("does not state for which size it was trained; {} is taken", found.trained_size()),
    }
    match (scale, scale_failure) {
        (Some(scale), _) => outln!("unit of depth: {scale}"),
        (None, Some(failure)) => outln!("unit of depth: not known: {failure}"),
        (None, None) => outln!("unit of depth: not known; monoscope calibrate measures it"),
    }
    if !found.report.left_out.is_empty() {
        outln!("left out of the names of its tensors: {}", found.report.left_out.join(" "));
    }
    outln!("{} tensors loaded", found.report.loaded.len());
    for (what, names) in [("missing", &found.report.missing), ("unused", &found.report.unused)] {
        outln!("{} {what}", names.len());
        for name in names {
            outln!("  {name}");
        }
    }
    Ok(())
}

fn describe_machine(json: bool) -> Result<()> {
    let adapters = adapters();
    let auto = Compute::open(DeviceChoice::Auto, None)?;
    let gpu = Compute::open(DeviceChoice::Gpu, None);
    let language = gpu.as_ref().ok().and_then(Compute::kernel_language);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    if json {
        let object = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "adapters": adapters,
            "backends": [
                { "name": "cpu", "threads": threads, "trains": true },
                { "name": "gpu", "trains": gpu.is_ok(), "interface": "wgpu", "kernels": language },
            ],
            "auto": auto.name,
        });
        outln!("{object}");
        return Ok(());
    }
    outln!("monoscope {}", env!("CARGO_PKG_VERSION"));
    outln!("--device auto computes on: {}", auto.name);
    outln!("backends:");
    outln!("  cpu  always there, {threads} threads");
    match gpu {
        Ok(_) => {
            let language = language.unwrap_or_default();
            outln!("  gpu  wgpu, on the first adapter below; kernels are compiled to {language}");
        }
        Err(error) => outln!("  gpu  none: {error}"),
    }
    outln!("adapters:");
    if adapters.is_empty() {
        outln!("  none; the window needs a Vulkan, Metal or Direct3D 12 driver");
    }
    for adapter in adapters {
        outln!(
            "  {} ({}, {}, {}): {}",
            adapter.name,
            adapter.kind,
            adapter.backend,
            adapter.driver,
            adapter.role
        );
    }
    Ok(())
}
