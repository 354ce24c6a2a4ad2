//! `predict` on the command line: weights that cannot be used, files that are not its own, and what it leaves out.

use super::{monoscope, refused, text};
use crate::{
    exports::DEMO_WEIGHTS,
    support::{crc_32, safetensors_bytes},
};
use burn::tensor::Device;
use image::{ImageBuffer, Luma, RgbImage};
use monoscope::model::weights::{self, named_tensors};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

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

/// Runs `predict` with the built-in weights.
fn predict(input: &Path, out: &Path, more: &[&str]) -> Output {
    let common = ["predict", text(input), "--weights", DEMO_WEIGHTS, "--device", "cpu", "--json", "--out"];
    monoscope(&[&common[..], &[text(out)], more].concat())
}

fn picture(folder: &Path, name: &str) -> PathBuf {
    fs::create_dir_all(folder).unwrap();
    let path = folder.join(name);
    let image = RgbImage::from_fn(64, 48, |x, y| image::Rgb([x as u8, y as u8, 90]));
    monoscope::data::image::write(&path, &image).unwrap();
    path
}

#[test]
fn weights_that_predict_nan_are_named_and_write_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let demo = weights::demo(&Device::flex()).unwrap();
    let tensors = named_tensors(&demo.networks).into_iter().map(|tensor| {
        let values = tensor.values.iter().map(|value| value * 1e20).collect();
        (format!("{}.{}", tensor.name.file, tensor.name.key), tensor.shape, values)
    });
    let file = folder.path().join("large.safetensors");
    fs::write(&file, safetensors_bytes(tensors, None)).unwrap();
    let (pictures, out) = (folder.path().join("pictures"), folder.path().join("out"));
    for name in ["1.png", "2.png", "3.png"] {
        picture(&pictures, name);
    }
    for more in [&["--npy", "--png16"][..], &["--range-lock"]] {
        let common =
            ["predict", text(&pictures), "--weights", text(&file), "--device", "cpu", "--out", text(&out)];
        let output = monoscope(&[&common[..], more].concat());
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(
            stderr.contains("none of the 3 images") && stderr.contains("the networks predict NaN"),
            "{stderr}"
        );
        assert!(stderr.matches("NaN").count() <= 2, "each reason is told once, and counted: {stderr}");
        assert!(!out.join("1_disp.npy").exists() && !out.join("1_disp.jpeg").exists());
    }
    refused(
        1,
        &["none of the 3 frames can be used", "predict NaN"],
        &["calibrate", "--weights", text(&file), "--data", "demo", "--frames", "3", "--device", "cpu"],
    );
}

#[test]
fn files_of_others_are_not_overwritten_and_own_results_are() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let input = picture(home, "000000.jpg");
    let depth = home.join("000000_depth.png");
    ImageBuffer::<Luma<u16>, _>::from_pixel(64, 48, Luma([2560])).save(&depth).unwrap();
    let before = fs::read(&depth).unwrap();
    let refusal = |output: Output| {
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        stderr
    };
    let stderr = refusal(predict(&input, home, &["--png16", "--npy"]));
    assert!(stderr.contains("000000_depth.png would be overwritten, and"), "{stderr}");
    assert!(fs::read(&depth).unwrap() == before && !home.join("000000_disp.npy").exists());
    for name in ["000000_disp.png", "000000.ply"] {
        fs::write(home.join(name), "of another").unwrap();
    }
    let others = ["--colour-png", "--ply", "--field-of-view", "80"];
    assert!(refusal(predict(&input, home, &others)).contains("and 1 more"));

    // The same twice, then with more kinds of files, and with another picture.
    for more in [
        &["--npy", "--colour"][..],
        &["--npy", "--colour"],
        &["--side-by-side"],
        &["--npy", "--side-by-side"],
    ] {
        let output = predict(&input, home, more);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let second = picture(home, "000001.jpg");
    assert!(predict(&second, home, &["--colour"]).status.success());
    assert!(predict(&input, home, &["--colour"]).status.success());
    let kitti = picture(&home.join("kitti"), "0000000000.png");
    let before = fs::read(&kitti).unwrap();
    let kitti_home = text(kitti.parent().unwrap());
    let benchmark =
        ["evaluate", "benchmark", "--weights", DEMO_WEIGHTS, "--scale-factor", "5.4", "--device", "cpu"];
    refused(
        1,
        &["0000000000.png would be overwritten"],
        &[&benchmark[..], &[kitti_home, "--out", kitti_home]].concat(),
    );
    assert!(fs::read(&kitti).unwrap() == before);
    fs::remove_file(home.join("predicted_files.txt")).unwrap();
    assert!(refusal(predict(&input, home, &["--colour"])).contains("000000_disp.jpeg"));
}

#[cfg(unix)]
#[test]
fn results_are_not_written_through_links_to_other_places() {
    let folder = tempfile::tempdir().unwrap();
    let [elsewhere, out] = ["elsewhere", "out"].map(|name| folder.path().join(name));
    let input = picture(folder.path(), "street.png");
    fs::create_dir_all(&elsewhere).unwrap();
    fs::create_dir_all(&out).unwrap();
    let link = out.join("side_by_side");
    std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
    let output = predict(&input, &out, &["--side-by-side"]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && stderr.contains("side_by_side is a link"), "{stderr}");
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    fs::remove_file(link).unwrap();

    // A file that is a link is not written through, and not replaced either.
    let own = elsewhere.join("own.npy");
    fs::write(&own, "own").unwrap();
    std::os::unix::fs::symlink(&own, out.join("street_disp.npy")).unwrap();
    assert_eq!(predict(&input, &out, &["--npy"]).status.code(), Some(1));
    assert_eq!(fs::read(&own).unwrap(), b"own");
    // The folder itself may be a link.
    let link = folder.path().join("linked");
    std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
    assert!(predict(&input, &link, &["--side-by-side"]).status.success());
}

#[test]
fn what_a_folder_has_besides_the_pictures_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = folder.path().join("pictures");
    for name in ["a.jpg", "a_disp.jpg", "b.jpg", "b.png"] {
        picture(&pictures, name);
    }
    let output = predict(&pictures, &folder.path().join("out"), &[]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["images"].as_u64(), Some(2));
    let remarks = report["remarks"].to_string();
    assert!(
        remarks.contains("a_disp.jpg") && remarks.contains("of the same name but for the ending"),
        "{remarks}"
    );
    assert!(String::from_utf8(output.stderr).unwrap().contains("a_disp.jpg"));
}

/// A film whose tables come before its pictures.
fn with_tables_first(film: &[u8]) -> Vec<u8> {
    let boxes = |name: &[u8; 4]| {
        let at = film.windows(4).position(|window| window == name).unwrap() - 4;
        let length = u32::from_be_bytes(film[at..at + 4].try_into().unwrap()) as usize;
        &film[at..at + length]
    };
    let mut tables = boxes(b"moov").to_vec();
    let length = tables.len() as u32;
    let offsets = tables.windows(4).position(|window| window == b"stco").unwrap() + 12;
    for offset in tables[offsets..].chunks_exact_mut(4).take(1) {
        let moved = u32::from_be_bytes(offset.try_into().unwrap()) + length - 8;
        offset.copy_from_slice(&moved.to_be_bytes());
    }
    [boxes(b"ftyp"), &tables, boxes(b"mdat")].concat()
}

#[test]
fn a_film_that_is_cut_off_is_told_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("film.mp4");
    let street = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/films/street.mp4");
    let film = with_tables_first(&fs::read(street).unwrap());
    fs::write(&file, &film[..film.len() / 2]).unwrap();
    let output = predict(&file, &folder.path().join("out"), &[]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let written = report["written"].as_u64().unwrap();
    assert!((1..11).contains(&written), "{report}");
    assert!(stderr.contains(&format!("{written} of 12 pictures of a film read")), "{stderr}");
    assert!(stderr.contains("is cut off") && stderr.lines().count() == 1, "{stderr}");
    assert_eq!(report["skipped"].as_array().unwrap().len() as u64, 12 - written);
}
