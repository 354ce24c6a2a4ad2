//! `predict` on the command line: weights that cannot be used.

use super::{monoscope, refused, text};
use crate::{exports::DEMO_WEIGHTS, support::crc_32};
use std::{fs, path::Path};

#[test]
fn a_picture_on_which_a_decoder_panics_is_skipped_without_a_report_of_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let (pictures, out) = (folder.path().join("pictures"), folder.path().join("out"));
    fs::create_dir(&pictures).unwrap();
    let chunk = |name: &[u8; 4], content: &[u8]| {
        let summed = [&name[..], content].concat();
        [&(content.len() as u32).to_be_bytes()[..], &summed, &crc_32(&summed).to_be_bytes()].concat()
    };
    // A palette of four bytes, which are no whole colours.
    let chunks = [
        chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 3, 0, 0, 0]),
        chunk(b"PLTE", &[0; 4]),
        chunk(b"IDAT", b"\x78\x9c\x63\x60\x04\x00\x00\x03\x00\x02"),
        chunk(b"IEND", b""),
    ];
    fs::write(pictures.join("1.png"), [&b"\x89PNG\r\n\x1a\n"[..], &chunks.concat()].concat()).unwrap();
    for name in ["2.png", "3.png"] {
        image::RgbImage::new(64, 48).save(pictures.join(name)).unwrap();
    }
    let output = monoscope(&[
        "predict",
        text(&pictures),
        "--weights",
        DEMO_WEIGHTS,
        "--device",
        "cpu",
        "--json",
        "--out",
        text(&out),
    ]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && !stderr.contains("panic"), "{stderr}");
    assert!(stderr.lines().any(|line| line.starts_with("skipped: ") && line.contains("1.png")), "{stderr}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((report["images"].as_u64(), report["written"].as_u64()), (Some(3), Some(2)));
}

#[test]
fn bad_weights_are_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let picture = folder.path().join("picture.png");
    image::RgbImage::new(64, 64).save(&picture).unwrap();
    let predict = |weights: &Path, words: &[&str]| {
        refused(
            1,
            words,
            &["predict", text(&picture), "--weights", text(weights), "--out", text(&out), "--device", "cpu"],
        );
        assert!(!out.exists());
    };
    predict(&folder.path().join("nowhere"), &["nowhere"]);

    let weights = folder.path().join("weights");
    fs::create_dir(&weights).unwrap();
    fs::write(weights.join("encoder.pth"), b"PK\x03\x04 and then nothing").unwrap();
    fs::write(weights.join("depth.pth"), b"").unwrap();
    predict(&weights, &["encoder.pth"]);
}
