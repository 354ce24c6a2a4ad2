//! `predict` on the command line: weights that cannot be used.

use super::{refused, text};
use std::{fs, path::Path};

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
