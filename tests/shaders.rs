//! Every shader is valid before any driver sees it, and none is left out.

use monoscope::view::shaders;
use naga::valid::{Capabilities, ValidationFlags, Validator};
use std::{fs, path::Path};

#[test]
fn every_shader_is_valid() {
    for (name, source) in shaders::ALL {
        let module = naga::front::wgsl::parse_str(source)
            .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(source)));
        Validator::new(ValidationFlags::all(), Capabilities::empty())
            .validate(&module)
            .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(source)));
        assert!(!module.entry_points.is_empty(), "{name} has no entry point");
    }
}

#[test]
fn every_file_is_part_of_a_shader() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            shaders::ALL.iter().any(|(_, source)| source.contains(&text)),
            "{} is used by no shader",
            path.display()
        );
        assert!(text.starts_with("// "), "{} does not begin by saying what it is for", path.display());
    }
}

/// A uniform that decides a branch makes Mesa's software driver compile and keep a shader a draw: a
/// megabyte a frame. Storage does not.
#[test]
fn no_parameter_is_a_uniform() {
    for (name, source) in shaders::ALL {
        let module = naga::front::wgsl::parse_str(source).unwrap();
        let uniform = module
            .global_variables
            .iter()
            .find(|(_, variable)| variable.space == naga::AddressSpace::Uniform);
        assert!(uniform.is_none(), "{name} has a uniform");
    }
}
