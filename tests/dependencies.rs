//! Crates that the program depends on: their licences, their number, and those that are there in several versions.

use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::Path,
    process::Command,
};

/// Packages in Cargo.lock, this one among them.
const PACKAGES: usize = 880;

/// Licences whose terms the program meets: their texts ask for no more than to be passed on. MPL-2.0 asks for the
/// sources of the crates under it, which we do not change.
const LICENCES: [&str; 17] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "NCSA",
    "OFL-1.1",
    "Ubuntu-font-1.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that name a file instead of a licence, with the licence in that file.
const LICENCE_FILES: [(&str, &str); 1] = [("cfg_block", "Apache-2.0")];

/// Crates that some build of ours has in several versions: how many, and which dependencies need another than the
/// newest.
const DUPLICATES: [(&[&str], usize, &str); 21] = [
    (&["bitflags"], 2, "1: core-graphics and redox_syscall of winit 0.30"),
    (&["block2", "objc2", "objc2-app-kit", "objc2-foundation", "objc2-ui-kit"], 2, "older: winit 0.30"),
    (&["colored"], 2, "2: dify, with which egui_kittest compares pictures"),
    (&["convert_case"], 2, "0.10: derive_more; 0.11: pliron"),
    (&["darling", "darling_core", "darling_macro"], 3, "0.20: nvml-wrapper; 0.21: enumset; 0.24: cubecl"),
    (&["downcast-rs"], 2, "1: wayland-backend"),
    (&["embedded-hal", "nb"], 2, "embassy-time offers traits of both"),
    (&["foldhash"], 2, "0.1: hashbrown 0.15"),
    (&["getrandom", "r-efi"], 2, "0.3: ahash"),
    (&["hashbrown"], 4, "0.13: text_placeholder; 0.15: internment; 0.16: burn, gpu-allocator; 0.17: cubecl"),
    (&["hi_sparse_bitset"], 2, "0.9: cubecl-opt; 0.10: pliron"),
    (&["jni-sys"], 2, "0.3 passes on the items of 0.4, for ndk"),
    (&["miniz_oxide"], 2, "0.8: png; 0.9: flate2"),
    (&["pollster"], 2, "0.4: rfd; 1: eframe"),
    (&["redox_syscall"], 3, "0.4: winit 0.30; 0.5: parking_lot; later: libredox"),
    (&["rustc-hash"], 2, "1: naga and wgpu-core"),
    (&["rustix", "linux-raw-sys"], 2, "0.38: calloop and smithay-client-toolkit of winit 0.30"),
    (&["safe_arch", "wide"], 2, "0.7: rusty_h264; 1: simba of nalgebra"),
    (&["syn"], 3, "1: c2rust-bitfields; 2: most derive macros; 3: burn, cubecl, clap, serde"),
    (&["thiserror", "thiserror-impl"], 2, "1: turbojpeg, mp4-atom, calloop"),
    (&["windows-sys"], 3, "0.52: winit 0.30; 0.59: rustix 0.38, `colored` 2"),
];

/// What cargo prints for arguments: from what is on this machine, else with its registry.
fn cargo(arguments: &[&str]) -> String {
    let run = |more: &[&str]| {
        let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let mut command = Command::new(cargo);
        command.args(arguments).args(["--all-features", "--locked"]).args(more);
        command.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap()
    };
    let mut output = run(&["--offline"]);
    if !output.status.success() {
        // A build fetches what this system needs; the lists are of all systems.
        output = run(&[]);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {}: {errors}\nrun `cargo fetch --locked`", arguments.join(" "));
    String::from_utf8(output.stdout).unwrap()
}

/// True if the program meets one of the alternatives (joined by OR or `/`) of an SPDX expression. AND binds closer.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    alternatives(&mut rest) && rest.is_empty()
}

fn alternatives(rest: &mut &[&str]) -> bool {
    let mut is_met = requirements(rest);
    while let ["OR", ..] = rest {
        *rest = &rest[1..];
        is_met |= requirements(rest);
    }
    is_met
}

fn requirements(rest: &mut &[&str]) -> bool {
    let mut is_met = licence(rest);
    while let ["AND", ..] = rest {
        *rest = &rest[1..];
        is_met &= licence(rest);
    }
    is_met
}

/// One licence, perhaps with an exception, or an expression in brackets.
fn licence(rest: &mut &[&str]) -> bool {
    match **rest {
        ["(", ..] => {
            *rest = &rest[1..];
            let is_met = alternatives(rest);
            let is_closed = rest.first() == Some(&")");
            *rest = rest.get(1..).unwrap_or_default();
            is_met && is_closed
        }
        [name, "WITH", exception, ..] => {
            *rest = &rest[3..];
            LICENCES.contains(&format!("{name} WITH {exception}").as_str())
        }
        [name, ..] => {
            *rest = &rest[1..];
            LICENCES.contains(&name)
        }
        [] => false,
    }
}

/// What is wrong with the licence and the origin of a package.
fn fault(package: &Value) -> Option<String> {
    let name = package["name"].as_str().unwrap_or("a package without a name");
    let version = package["version"].as_str().unwrap_or("?");
    let is_ours = name == env!("CARGO_PKG_NAME");
    if !is_ours && !package["source"].as_str().is_some_and(|source| source.starts_with("registry+")) {
        return Some(format!("{name} {version} comes from {}, not from the registry", package["source"]));
    }
    let from_file = || LICENCE_FILES.iter().find(|(file, _)| *file == name).map(|(_, licence)| *licence);
    match package["license"].as_str().or_else(from_file) {
        None => {
            Some(format!("{name} {version} names no licence: read its files, then add it to LICENCE_FILES"))
        }
        Some(licence) if !is_allowed(licence) => {
            Some(format!("{name} {version}: {licence} is not in LICENCES"))
        }
        Some(_) => None,
    }
}

#[test]
fn every_crate_has_a_licence_of_the_list() {
    let metadata: Value = serde_json::from_str(&cargo(&["metadata", "--format-version", "1"])).unwrap();
    let packages = metadata["packages"].as_array().expect("cargo metadata lists packages");
    let faults: Vec<String> = packages.iter().filter_map(fault).collect();
    assert!(packages.len() > 100 && faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn crates_in_several_versions_have_a_reason() {
    let tree = cargo(&["tree", "--target", "all", "--edges", "normal,build,dev", "--prefix", "none"]);
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in tree.lines() {
        if let [name, version, ..] = line.split(' ').collect::<Vec<_>>()[..] {
            versions.entry(name).or_default().insert(version);
        }
    }
    assert!(versions.len() > 100, "cargo tree printed:\n{tree}");
    versions.retain(|_, versions| versions.len() > 1);
    let mut faults = Vec::new();
    for (names, count, reason) in DUPLICATES {
        for name in names {
            let found = versions.remove(name).map_or(1, |versions| versions.len());
            if found != count {
                faults.push(format!("{name}: {found} instead of {count} versions ({reason})"));
            }
        }
    }
    faults.extend(versions.iter().map(|(name, versions)| format!("{name}: {versions:?}, not in DUPLICATES")));
    assert!(faults.is_empty(), "take one version, or give the reason in DUPLICATES:\n{}", faults.join("\n"));
}

#[test]
fn no_crate_comes_unseen() {
    let lock = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).unwrap();
    let count = lock.lines().filter(|line| *line == "[[package]]").count();
    assert_eq!(
        count,
        PACKAGES,
        "Cargo.lock has another number of packages. If that is wanted, set PACKAGES in {} and say why in the commit.",
        file!()
    );
}

#[test]
fn licence_expressions_are_read() {
    for allowed in [
        "MIT",
        "MIT/Apache-2.0",
        "GPL-3.0-only OR MIT",
        "(MIT OR GPL-2.0-only) AND Unicode-3.0",
        "MIT OR GPL-2.0-only AND GPL-3.0-only",
        "Apache-2.0 WITH LLVM-exception",
    ] {
        assert!(is_allowed(allowed), "{allowed}");
    }
    for refused in [
        "",
        "GPL-3.0-only",
        "MIT AND GPL-3.0-only",
        "MIT WITH LLVM-exception",
        "(MIT",
        "MIT Apache-2.0",
        "mit",
    ] {
        assert!(!is_allowed(refused), "{refused}");
    }
}

#[test]
fn packages_of_unknown_origin_or_licence_are_named() {
    let package = |source: &str, licence: Value| {
        let package =
            serde_json::json!({"name": "other", "version": "1.0.0", "source": source, "license": licence});
        fault(&package).unwrap_or_default()
    };
    assert_eq!(package("registry+x", "MIT".into()), "");
    for fault in [
        package("git+x", "MIT".into()),
        package("registry+x", Value::Null),
        package("registry+x", "GPL-3.0-only".into()),
    ] {
        assert!(fault.starts_with("other 1.0.0"), "{fault:?}");
    }
}
