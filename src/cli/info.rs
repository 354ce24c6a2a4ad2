//! `info`: what this machine can draw and compute with.

use crate::compute::{Compute, adapters};
use crate::config::DeviceChoice;
use anyhow::Result;
use clap::Args;
use serde_json::json;

#[derive(Args)]
pub(super) struct InfoArgs {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &InfoArgs) -> Result<()> {
    let adapters = adapters();
    let auto = Compute::open(DeviceChoice::Auto, None)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    if args.json {
        let object = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "adapters": adapters,
            "backends": [
                { "name": "cpu", "threads": threads, "trains": true },
                { "name": "gpu", "trains": !adapters.is_empty(), "interface": "wgpu" },
            ],
            "auto": auto.name,
        });
        println!("{object}");
        return Ok(());
    }
    println!("monoscope {}", env!("CARGO_PKG_VERSION"));
    println!("--device auto computes on: {}", auto.name);
    println!("backends:");
    println!("  cpu  always there, {threads} threads");
    println!("  gpu  wgpu, on the first adapter below");
    println!("adapters:");
    if adapters.is_empty() {
        println!("  none; the window needs a Vulkan, Metal or Direct3D 12 driver");
    }
    for adapter in adapters {
        println!(
            "  {} ({}, {}, {}): {}",
            adapter.name, adapter.kind, adapter.backend, adapter.driver, adapter.role
        );
    }
    Ok(())
}
