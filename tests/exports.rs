//! Predictions as files: what is written reads back as computed.

use crate::{
    cli::{monoscope, text},
    support::takes_at_most,
};
use burn::tensor::{Device, Tensor, TensorData};
use glam::Vec3;
use image::{Rgb, RgbImage};
use monoscope::{
    compute::ops::{resize_bilinear, resize_plane},
    config::{CameraChoice, ImageSize},
    data::{arrays::npy::read_array, image::write_depth},
    geometry::{Intrinsics, colormap::Colormap},
    predict::{
        CloudFilter, ColourRange, DisparityMap, InputImage, Legend, Predictor, SequenceRange, cloud,
        find_pictures, side_by_side, tell_apart, write_ply,
    },
};
use std::{fs, path::Path};

pub const DEMO_WEIGHTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/demo.safetensors");

#[test]
fn a_plane_is_resized_as_a_tensor_is() {
    let (from, to) = (ImageSize { height: 5, width: 7 }, ImageSize { height: 12, width: 4 });
    let values: Vec<f32> = (0..35).map(|index| (index as f32 * 1.7).sin()).collect();
    let tensor = Tensor::from_data(TensorData::new(values.clone(), [1, 1, 5, 7]), &Device::flex());
    let expected = resize_bilinear(tensor, to).into_data().try_to_vec::<f32>().unwrap();
    let found = resize_plane(&values, from, to);
    assert!(crate::support::largest_difference(&found, &expected) < 1e-6);
}

#[test]
fn a_16_bit_png_holds_256ths_truncated_and_counts_what_is_too_far() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("depth.png");
    let (size, depths) = (ImageSize { height: 2, width: 3 }, [0.1, 1.0, 10.999, 255.99, 256.0, 1000.0]);
    assert_eq!(write_depth(&path, size, depths.into_iter(), "metres").unwrap(), 2);
    let image = image::open(&path).unwrap();
    assert_eq!(image.color(), image::ColorType::L16);
    let levels: Vec<u16> = image.into_luma16().into_raw();
    assert_eq!(levels, [25, 256, 2815, 65533, 65535, 65535]);
    let bytes = fs::read(&path).unwrap();
    assert!(String::from_utf8_lossy(&bytes).contains("depth = value / 256, metres"));
}

/// Position and colour.
type Vertex = ([f32; 3], [u8; 3]);

/// A PLY file's header and points, read by its own rules.
pub fn read_ply(path: &Path) -> (String, Vec<Vertex>) {
    const END: &[u8] = b"end_header\n";
    let bytes = fs::read(path).unwrap();
    let end = bytes.windows(END.len()).position(|window| window == END).unwrap() + END.len();
    let points = bytes[end..].chunks_exact(15).map(|point| {
        let number = |at: usize| f32::from_le_bytes(point[at..at + 4].try_into().unwrap());
        ([number(0), number(4), number(8)], point[12..15].try_into().unwrap())
    });
    assert_eq!((bytes.len() - end) % 15, 0);
    (String::from_utf8(bytes[..end].to_vec()).unwrap(), points.collect())
}

#[test]
fn a_cloud_has_a_vertex_for_every_pixel_where_its_ray_ends() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cloud.ply");
    let image = RgbImage::from_fn(4, 3, |x, y| Rgb([x as u8, y as u8, 9]));
    let depths: Vec<f32> = (0..12).map(|index| 2.0 + index as f32).collect();
    let camera = Intrinsics { focal_x: 0.5, focal_y: 1.0, centre_x: 0.5, centre_y: 0.5 };
    let points = cloud(&image, |pixel| depths[pixel], camera, CloudFilter::default());
    assert_eq!(write_ply(&path, points, "unit: metres\nand no more").unwrap(), 12);
    let (header, points) = read_ply(&path);
    assert!(header.starts_with("ply\nformat binary_little_endian 1.0\n"));
    assert!(header.contains("\ncomment unit: metres and no more\nelement vertex 12\n"), "{header}");
    assert_eq!(points.len(), 12);
    // Column 3, row 2, depth 13: focal lengths of 2 and 3 pixels around (2, 1.5).
    let (position, colour) = points[11];
    let expected = [13.0 * 0.5, 13.0 * 0.5 / 3.0, 13.0];
    assert!(Vec3::from(position).distance(Vec3::from(expected)) < 1e-5, "{position:?}");
    assert_eq!(colour, [3, 2, 9]);
}

#[test]
fn far_and_flying_points_are_left_out() {
    let image = RgbImage::new(6, 1);
    let depths = [2.0, 2.0, 2.0, 20.0, 20.0, 90.0];
    let filter = |farthest, flattest: Option<f32>| CloudFilter { farthest, flattest };
    let kept = |filter| -> Vec<f32> {
        cloud(&image, |pixel| depths[pixel], Intrinsics::KITTI, filter)
            .map(|point| point.position.z)
            .collect()
    };
    assert_eq!(kept(filter(Some(50.0), None)), [2.0, 2.0, 2.0, 20.0, 20.0]);
    // The third and the fifth stand before a step in depth.
    assert_eq!(kept(filter(None, Some(0.1))), [2.0, 2.0, 20.0, 90.0]);
}

#[test]
fn the_range_of_a_sequence_is_that_of_all_its_pictures() {
    let pictures: Vec<Vec<f32>> = (1..4)
        .map(|seed| (0..999).map(|index| (seed * (index * 37 % 999 + 1)) as f32 / 1e3).collect())
        .collect();
    let mut sequence = SequenceRange::default();
    assert!(sequence.range().is_none());
    pictures.iter().for_each(|values| sequence.add(values));
    let (found, expected) = (sequence.range().unwrap(), ColourRange::of(pictures.concat().into_iter()));
    for (found, expected) in [(found.min, expected.min), (found.max, expected.max)] {
        assert!((found / expected - 1.0).abs() < 2e-3, "{found} is not {expected}");
    }
    assert!(ColourRange::of(pictures[0].iter().copied()).max < 0.5 * found.max);
    assert_eq!((found.share(found.min), found.share(found.max)), (0.0, 1.0));
}

#[test]
fn a_percentile_that_is_counted_is_the_one_that_is_sorted() {
    for (count, sign) in [(1, 1.0), (2, 1.0), (37, -1.0), (4096, 1.0), (5001, -1.0)] {
        let values: Vec<f32> = (0..count).map(|index| (index as f32 * 1.7).sin() + sign).collect();
        let mut sorted = values.clone();
        sorted.sort_by(f32::total_cmp);
        let position = 0.95 * (count - 1) as f64;
        let [below, above] = [position.floor(), position.ceil()].map(|index| sorted[index as usize]);
        let range = ColourRange::of(values.into_iter());
        assert_eq!(range.min, sorted[0]);
        assert_eq!(range.max, below + (above - below) * position.fract() as f32, "{count} values");
    }
}

#[test]
fn large_pictures_take_no_memory_for_their_depth() {
    let folder = tempfile::tempdir().unwrap();
    let (size, picture) = (ImageSize { height: 1000, width: 2000 }, RgbImage::new(2000, 1000));
    let of_network = ImageSize { height: 6, width: 8 };
    let values = (0..48).map(|index| 0.1 + (index as f32).sin().abs()).collect();
    let map = DisparityMap { size: of_network, values };
    let sampled = map.sampled(size);
    assert!(sampled.values().eq(map.resized(size).values));
    takes_at_most(1 << 20, || {
        let points = cloud(&picture, |pixel| sampled.value(pixel), Intrinsics::KITTI, CloudFilter::default());
        assert_eq!(write_ply(&folder.path().join("cloud.ply"), points, "no unit").unwrap(), 2_000_000);
        ColourRange::of(sampled.values());
    });
    takes_at_most(8 << 20, || {
        write_depth(&folder.path().join("depth.png"), size, sampled.values(), "no unit").unwrap();
    });
}

#[test]
fn large_pictures_are_decoded_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let files = ["first.bmp", "second.bmp"].map(|name| folder.path().join(name));
    files.iter().for_each(|file| RgbImage::new(3000, 2000).save(file).unwrap());
    let pictures: Vec<InputImage> = files.iter().cloned().map(InputImage::of_file).collect();
    let predictor = Predictor::load(Path::new(DEMO_WEIGHTS), &Device::flex()).unwrap();
    let mut widths = Vec::new();
    let predicted = predictor.predict_each(&pictures, false, |_, outcome| {
        widths.push(outcome?.image.width());
        // The second is not in memory yet.
        RgbImage::new(40, 20).save(&files[1])?;
        Ok(())
    });
    predicted.unwrap();
    assert_eq!(widths, [3000, 40]);
}

#[test]
fn a_frame_of_a_film_has_even_sides_and_shows_both_pictures() {
    let (picture, coloured) =
        (RgbImage::from_pixel(333, 101, Rgb([200, 0, 0])), RgbImage::from_pixel(333, 101, Rgb([0, 200, 0])));
    let range = ColourRange { min: 0.1, max: 2.0 };
    let legend = Legend { colours: Colormap::Viridis, range, metres_per_unit: Some(5.4) };
    let frame = side_by_side(&picture, &coloured, &legend);
    assert!(frame.width().is_multiple_of(2) && frame.height().is_multiple_of(2) && frame.height() > 202);
    assert_eq!((frame.get_pixel(50, 100).0, frame.get_pixel(50, 101).0), ([200, 0, 0], [0, 200, 0]));
    let bright =
        frame.enumerate_pixels().filter(|(_, y, pixel)| *y > 210 && pixel.0.iter().all(|c| *c > 150));
    assert!(bright.count() > 20, "the legend has no text");
}

#[test]
fn pictures_of_one_name_are_told_apart() {
    let mut pictures: Vec<InputImage> =
        ["a/street.png", "b/street.jpg", "street-2.png", "b/Street.png", "other.png"]
            .map(|path| InputImage::of_file(path.into()))
            .to_vec();
    assert_eq!(tell_apart(&mut pictures), [1, 2, 3]);
    let names: Vec<&str> = pictures.iter().map(|picture| picture.name.as_str()).collect();
    assert_eq!(names, ["street", "street-2", "street-2-2", "Street-3", "other"]);
}

#[test]
fn names_of_results_stay_below_the_folder_of_results() {
    let film = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/films/street.mp4");
    let folder = tempfile::tempdir().unwrap();
    for name in ["...mp4", "..mp4"] {
        fs::copy(film, folder.path().join(name)).unwrap();
        let pictures = find_pictures(&folder.path().join(name), None).unwrap().images;
        let dots = name.len() - "mp4".len() - 1;
        assert_eq!(pictures[0].name, format!("{}/000001", "_".repeat(dots)));
    }
    let names =
        ["..png", "...png", "a\nb.png", ".hidden.png"].map(|name| InputImage::of_file(name.into()).name);
    assert_eq!(names, ["_", "__", "a_b", ".hidden"]);
}

#[test]
fn pictures_come_in_the_order_of_their_numbers_without_earlier_results() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["10.png", "9.png", "1.jpg", "100.png", "9_disp.jpeg", "9_depth.png", "._9.png", "x_disp.png"]
    {
        fs::write(folder.path().join(name), "only names count").unwrap();
    }
    let pictures = find_pictures(folder.path(), None).unwrap().images;
    let names: Vec<&str> = pictures.iter().map(|picture| picture.name.as_str()).collect();
    assert_eq!(names, ["1", "9", "10", "100"]);
}

#[test]
fn drives_are_found_among_inputs() {
    let demo = find_pictures(Path::new("demo"), None).unwrap().images;
    assert_eq!((demo.len(), demo[7].name.as_str()), (91, "demo/demo_drive_0001_sync/0000000007"));

    let folder = tempfile::tempdir().unwrap();
    for camera in ["left", "right"] {
        let place = folder.path().join("walk").join(camera);
        fs::create_dir_all(&place).unwrap();
        for frame in 3..6 {
            RgbImage::new(8, 4).save(place.join(format!("{frame:04}.png"))).unwrap();
        }
    }
    let camera = Some(CameraChoice::FieldOfView(90.0));
    let walk = find_pictures(folder.path(), camera).unwrap().images;
    let names: Vec<&str> = walk.iter().map(|picture| picture.name.as_str()).collect();
    assert_eq!(names, ["walk/0003", "walk/0004", "walk/0005"]);
    let intrinsics = walk[0].intrinsics(ImageSize { height: 4, width: 8 }, camera).unwrap();
    assert!((intrinsics.focal_x - 0.5).abs() < 1e-6);
    assert!(find_pictures(&folder.path().join("nowhere"), None).is_err());
}

#[test]
fn predict_writes_every_kind_of_file_and_counts_what_it_skips() {
    let folder = tempfile::tempdir().unwrap();
    let (pictures, out) = (folder.path().join("pictures"), folder.path().join("out"));
    fs::create_dir(&pictures).unwrap();
    for (name, shift) in [("one.png", 0), ("two.png", 90)] {
        let image =
            RgbImage::from_fn(70, 40, |x, y| Rgb([(x * 3 + shift) as u8, (y * 5) as u8, shift as u8]));
        image.save(pictures.join(name)).unwrap();
    }
    fs::write(pictures.join("three.png"), "no picture").unwrap();
    let common = ["--weights", DEMO_WEIGHTS, "--device", "cpu", "--json", "--out"];
    let kinds = ["--npy", "--depth-npy", "--png16", "--colour", "--colour-png", "--ply", "--side-by-side"];
    let more = ["--range-lock", "--post-process", "--field-of-view", "80", "--metres-per-unit", "2"];
    let output =
        monoscope(&[&["predict", text(&pictures)], &common[..], &[text(&out)], &kinds, &more].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((report["images"].as_u64(), report["written"].as_u64()), (Some(3), Some(2)));
    assert!(report["skipped"][0]["input"].as_str().unwrap().ends_with("three.png"));
    assert!(report["unit"].as_str().unwrap().contains("2.0000 metres per unit, from --metres-per-unit"));
    assert!(report["images_per_s"].as_f64().unwrap() > 0.0);
    assert_eq!(report["points"], 2 * 70 * 40);

    let array = |name: &str| {
        let bytes = fs::read(out.join(name)).unwrap();
        let array = read_array(&mut &bytes[..], bytes.len() as u64).unwrap();
        (array.shape, array.values)
    };
    let ((shape, disparity), (_, depth)) = (array("one_disp.npy"), array("one_depth.npy"));
    assert_eq!(shape, [1, 1, 96, 320]);
    assert!(disparity.iter().zip(&depth).all(|(disparity, depth)| (disparity * depth - 2.0).abs() < 1e-5));

    let size = ImageSize { height: 96, width: 320 };
    let of_picture = resize_plane(&disparity, size, ImageSize { height: 40, width: 70 });
    let levels = image::open(out.join("one_depth.png")).unwrap().into_luma16().into_raw();
    let (_, points) = read_ply(&out.join("one.ply"));
    for (index, disparity) in of_picture.iter().enumerate() {
        assert_eq!(levels[index], (2.0 / disparity * 256.0).min(65535.0) as u16, "pixel {index}");
        assert_eq!(points[index].0[2], 2.0 / disparity);
    }

    // One range for both: a colour means the same disparity in each.
    let range = ColourRange {
        min: report["colour_range"]["least"].as_f64().unwrap() as f32,
        max: report["colour_range"]["most"].as_f64().unwrap() as f32,
    };
    for name in ["one", "two"] {
        let (_, disparity) = array(&format!("{name}_disp.npy"));
        let of_picture = resize_plane(&disparity, size, ImageSize { height: 40, width: 70 });
        let coloured = image::open(out.join(format!("{name}_disp.png"))).unwrap().into_rgb8();
        for (pixel, disparity) in coloured.pixels().zip(of_picture) {
            assert_eq!(pixel.0, Colormap::Magma.colour(range.share(disparity)), "{name}");
        }
        assert!(out.join(format!("{name}_disp.jpeg")).is_file());
    }
    for frame in ["side_by_side/000000.jpg", "side_by_side/000001.jpg"] {
        assert!(out.join(frame).is_file(), "no {frame}");
    }
    assert!(!out.join("side_by_side/000002.jpg").exists());
}
