//! `evaluate`, `ground-truth` and `demo-data` on the command line.

use super::{monoscope, refused};
use std::fs;

#[test]
fn depth_is_evaluated_kept_and_evaluated_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let [drive, truth, kept, table, server] =
        ["drive", "truth.npz", "kept.npy", "table.csv", "server"].map(path);
    let done = |arguments: &[&str]| -> String {
        let output = monoscope(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    done(&["demo-data", "--out", &drive, "--frames", "10"]);
    let split = format!("{drive}/splits");
    let data = ["--data", &drive, "--split", &split];
    let made =
        done(&[&["ground-truth"][..], &data, &["--out", &truth, "--convention", "z", "--json"]].concat());
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    assert_eq!((&made["frames"], &made["convention"]), (&1.into(), &"z".into()));

    let weights = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo.safetensors");
    let score = |more: &[&str]| -> serde_json::Value {
        let evaluate = ["evaluate", "depth", "--device", "cpu", "--json"];
        serde_json::from_str(&done(&[&evaluate[..], &data, more].concat())).unwrap()
    };
    let network = ["--weights", weights, "--post-process", "--stereo", "--ground-truth", "z"];
    let first = score(&[&network[..], &["--save-disparities", &kept, "--csv", &table]].concat());
    let again = score(&["--disparities", &kept, "--stereo", "--ground-truth", &truth]);
    for name in ["abs_rel", "rmse", "a1", "ratio_median", "images"] {
        assert_eq!(first[name], again[name], "{name}");
    }
    let protocol = first["protocol"].as_str().unwrap();
    for said in
        ["1 images (PNG)", "camera's axis (z)", "mirror images", "no median scaling, depth × 5.4", "Garg"]
    {
        assert!(protocol.contains(said), "{protocol}");
    }
    assert!(first["per_image"][0]["pixels"].as_u64().unwrap() > 100);
    assert_eq!(fs::read_to_string(&table).unwrap().lines().count(), 2);

    let pictures = format!("{drive}/demo/demo_drive_0001_sync/image_02/data");
    let export = ["evaluate", "benchmark", "--scale-factor", "5.4", "--device", "cpu", "--weights", weights];
    done(&[&export[..], &["--out", &server, &pictures]].concat());
    let depth = image::open(format!("{server}/0000000009.png")).unwrap().into_luma16();
    assert_eq!(depth.dimensions(), (1216, 352));
    assert!(depth.pixels().all(|pixel| (1..=80 * 256).contains(&pixel.0[0])));

    let refusal =
        [&["evaluate", "depth", "--weights", weights, "--stereo", "--scaling", "median"][..], &data];
    refused(2, &["--scaling"], &refusal.concat());
}
