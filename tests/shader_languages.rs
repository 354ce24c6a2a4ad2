//! Every shader of ours and every kernel of a training step and a prediction can be written in the languages
//! of Direct3D 12, Metal and Vulkan: what other systems run is made from the same text by the same writers.

use monoscope::{
    compute::{Compute, ComputeError},
    config::{DeviceChoice, FrameId, ImageSize, NetworkConfig, ObjectiveConfig, Precision},
    data::{
        FrameKey, FrameSource, Side,
        augment::Augmentation,
        loader::{SampleOptions, load_sample},
        synthetic::{BuiltInDrive, DriveOptions},
    },
    model::{Architecture, Networks},
    objective::{Noise, Objective},
    predict::SampleTensors,
    train::TrainState,
    view::shaders,
};
use naga::{
    Module,
    back::{hlsl, msl, pipeline_constants::process_overrides, spv},
    valid::{Capabilities, ModuleInfo, ValidationFlags, Validator},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

/// Kernels of burn that a writer rejects, by a part of their names, with the reason. None of ours may be in this list.
const REFUSED: [(&str, &str); 0] = [];

fn parsed(name: &str, source: &str) -> (Module, ModuleInfo) {
    let module = naga::front::wgsl::parse_str(source)
        .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(source)));
    let info = Validator::new(ValidationFlags::all(), Capabilities::all())
        .validate(&module)
        .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(source)));
    (module, info)
}

/// Writes a module in the three languages, with the options that wgpu writes with where it matters; the
/// language that it cannot be written in and why.
fn write(module: &Module, info: &ModuleInfo) -> Result<(), String> {
    // Direct3D has 16-bit numbers from this model on, and wgpu's feature `SHADER_F16` with it.
    let has_f16 = module.types.iter().any(|(_, kind)| kind.inner.scalar() == Some(naga::Scalar::F16));
    let options = hlsl::Options {
        shader_model: if has_f16 { hlsl::ShaderModel::V6_2 } else { hlsl::ShaderModel::V6_0 },
        special_constants_binding: Some(hlsl::BindTarget::default()),
        ..hlsl::Options::default()
    };
    let (mut text, pipeline) = (String::new(), hlsl::PipelineOptions::default());
    let written = hlsl::Writer::new(&mut text, &options, &pipeline).write(module, info, None);
    written.map_err(|error| format!("HLSL: {error}"))?;
    assert!(text.contains("void") || text.contains("return"), "no HLSL");

    let options = msl::Options { lang_version: (2, 4), ..msl::Options::default() };
    let (text, _) = msl::write_string(module, info, &options, &msl::PipelineOptions::default())
        .map_err(|error| format!("MSL: {error}"))?;
    assert!(text.contains("metal_stdlib"), "no MSL");

    let options = spv::Options { lang_version: (1, 3), ..spv::Options::default() };
    let words = spv::write_vec(module, info, &options, None).map_err(|error| format!("SPIR-V: {error}"))?;
    assert_eq!(words[0], 0x0723_0203, "no SPIR-V");
    Ok(())
}

#[test]
fn every_shader_is_written_in_every_language() {
    for (name, source) in shaders::ALL {
        let (module, info) = parsed(name, source);
        for entry in &module.entry_points {
            // As wgpu does for a pipeline; ours are told what their overrides are.
            let constants = module.overrides.iter().filter_map(|(_, value)| value.name.clone());
            let constants = constants.map(|name| (name, 1.0)).collect();
            let entry_point = Some((entry.stage, entry.name.as_str()));
            let (module, info) = process_overrides(&module, &info, entry_point, &constants).unwrap();
            write(&module, &info).unwrap_or_else(|error| panic!("{name}, {}: {error}", entry.name));
        }
    }
}

/// A writer that accepts anything would prove nothing.
#[test]
fn what_cannot_be_written_is_noticed() {
    let source = "override threads: u32; @compute @workgroup_size(threads) fn main() {}";
    let (module, info) = parsed("an override that nobody set", source);
    let error = write(&module, &info).unwrap_err();
    assert!(error.contains("override"), "{error}");
}

/// Logger that collects the kernels that cubecl compiles: name and WGSL.
struct Kernels(Mutex<BTreeMap<String, String>>);

static KERNELS: Kernels = Kernels(Mutex::new(BTreeMap::new()));

impl log::Log for Kernels {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.target().starts_with("cubecl_wgpu::backend")
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let text = record.args().to_string();
        let Some(text) = text.strip_prefix("[cubecl-wgpu] compiling WGSL module `") else { return };
        let (name, source) = text.split_once("`\n").unwrap();
        self.0.lock().unwrap().insert(source.to_owned(), name.to_owned());
    }

    fn flush(&self) {}
}

#[test]
#[cfg_attr(
    any(feature = "spirv", feature = "msl"),
    ignore = "needs kernels compiled to WGSL: a build without the features spirv and msl"
)]
fn every_kernel_is_written_in_every_language() {
    log::set_logger(&KERNELS).expect("no other test listens to libraries");
    log::set_max_level(log::LevelFilter::Trace);
    // A device of its own compiles every kernel again.
    let compute = Compute::open(DeviceChoice::Gpu, None).unwrap();
    assert_eq!(compute.kernel_language().as_deref(), Some("wgsl"));
    step_and_predict(&compute);
    let has_f16 = match compute.with_precision(Precision::F16) {
        Ok(compute) => {
            step_and_predict(&compute);
            true
        }
        Err(error @ ComputeError::NoF16 { .. }) => {
            eprintln!("without kernels of 16-bit numbers: {error}");
            false
        }
        Err(error) => panic!("{error}"),
    };
    log::set_max_level(log::LevelFilter::Off);

    let kernels = KERNELS.0.lock().unwrap();
    let mut refused = BTreeSet::new();
    for (source, name) in kernels.iter() {
        let (module, info) = parsed(name, source);
        if let Err(error) = write(&module, &info) {
            let known = REFUSED.iter().find(|(part, _)| name.contains(part));
            let (part, _) = known.unwrap_or_else(|| panic!("{name}: {error}\n{source}"));
            refused.insert(*part);
        }
    }
    for part in ["adam", "warp"] {
        assert!(
            kernels.values().any(|name| name.contains(part)),
            "no kernel of {part}: {:?}",
            kernels.values()
        );
    }
    let of_f16 = kernels.keys().filter(|source| source.contains("enable f16")).count();
    assert_eq!(of_f16 > 10, has_f16, "{of_f16} kernels of 16-bit numbers");
    assert!(kernels.len() > 40, "{} kernels", kernels.len());
    // What all writers take by now is not on the list.
    assert_eq!(refused.len(), REFUSED.len(), "{refused:?}");
}

/// A training step of the default networks, and a prediction, at a small size.
fn step_and_predict(compute: &Compute) {
    let size = ImageSize { height: 64, width: 96 };
    let objective = ObjectiveConfig::default();
    let drive = BuiltInDrive::new(DriveOptions { seed: 1, frames: 3, size });
    let target = FrameKey { folder: drive.drives()[0].folder.clone(), frame: 1, side: Side::Left };
    let sample =
        load_sample(&drive, &target, &SampleOptions::of(&objective, size), &Augmentation::default()).unwrap();
    let samples = SampleTensors::upload(&[sample], &compute.device.clone().autodiff());

    let network = NetworkConfig { height: size.height, width: size.width, ..NetworkConfig::default() };
    let architecture = Architecture::new(&network, &objective).unwrap();
    let networks = Networks::new(&architecture, 1, &compute.device);
    let image = samples.network_input[&FrameId::TARGET].clone().inner();
    for disparity in networks.depth.disparities(image).into_values() {
        disparity.into_data();
    }
    let mut train_state = TrainState::new(networks, Objective::new(&objective, size));
    for step in 1..=2 {
        train_state.step_on_batch(&samples, Noise::Drawn { seed: 1, step }, 1e-4, &BTreeSet::new()).unwrap();
    }
}
