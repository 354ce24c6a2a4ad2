//! The built-in drive is repeatable, and exact in depth, pose and calibration.

use glam::{DAffine3, DMat3, DVec2, DVec3};
use image::RgbImage;
use monoscope::{
    config::ImageSize,
    data::{
        DataError, DepthMap, FrameKey, FrameSource, Side,
        kitti::BASELINE_METRES,
        kitti::KittiRaw,
        synthetic::{BuiltInDrive, DriveOptions, export},
    },
    geometry::Intrinsics,
};
use std::{collections::BTreeMap, fs, path::Path, sync::LazyLock};

/// Distance to the middle of the leading car, metres.
const GAP: f64 = 13.5;

static DRIVE: LazyLock<BuiltInDrive> = LazyLock::new(BuiltInDrive::default);

fn small(seed: u64, frames: u32) -> BuiltInDrive {
    BuiltInDrive::new(DriveOptions { seed, frames, size: ImageSize { height: 96, width: 320 } })
}

fn key(drive: &BuiltInDrive, frame: u32, side: Side) -> FrameKey {
    FrameKey { folder: drive.drives()[0].folder.clone(), frame, side }
}

/// Image with its depth and its intrinsics in pixels.
struct View {
    image: RgbImage,
    depth: DepthMap,
    focal: DVec2,
    centre: DVec2,
}

impl View {
    fn take(drive: &BuiltInDrive, key: &FrameKey) -> Self {
        let depth = drive.depth(key).unwrap().unwrap();
        let [focal_x, focal_y, centre_x, centre_y] =
            drive.intrinsics(key).in_pixels(depth.width, depth.height).map(f64::from);
        let (focal, centre) = (DVec2::new(focal_x, focal_y), DVec2::new(centre_x, centre_y));
        Self { image: drive.image(key).unwrap(), depth, focal, centre }
    }

    fn backproject(&self, u: usize, v: usize) -> Option<DVec3> {
        let depth = f64::from(self.depth.metres[v * self.depth.width + u]);
        let ray = ((DVec2::new(u as f64, v as f64) - self.centre) / self.focal).extend(1.0);
        (depth > 0.0).then_some(ray * depth)
    }

    fn project(&self, point: DVec3) -> DVec2 {
        point.truncate() / point.z * self.focal + self.centre
    }

    /// The four pixels around a point of the image, with their weights; `None` outside the image.
    fn around(&self, place: DVec2) -> Option<[(usize, f64); 4]> {
        let (width, height) = (self.depth.width, self.depth.height);
        let inside =
            place.min_element() >= 0.0 && place.x < (width - 1) as f64 && place.y < (height - 1) as f64;
        let corner = place.floor();
        let rest = place - corner;
        let index = corner.y as usize * width + corner.x as usize;
        inside.then(|| {
            [
                (index, (1.0 - rest.x) * (1.0 - rest.y)),
                (index + 1, rest.x * (1.0 - rest.y)),
                (index + width, (1.0 - rest.x) * rest.y),
                (index + width + 1, rest.x * rest.y),
            ]
        })
    }

    /// Depth between pixels, if the four around belong to one surface: on a plane, inverse depth is
    /// linear over the image.
    fn depth_at(&self, place: DVec2) -> Option<f64> {
        let around = self.around(place)?;
        let inverse = around.map(|(index, weight)| (1.0 / f64::from(self.depth.metres[index]), weight));
        let (low, high) = inverse
            .iter()
            .fold((f64::MAX, 0.0_f64), |(low, high), (value, _)| (low.min(*value), high.max(*value)));
        (high.is_finite() && high < 1.05 * low)
            .then(|| 1.0 / inverse.iter().map(|(value, weight)| value * weight).sum::<f64>())
    }

    fn colour_at(&self, place: DVec2) -> Option<[f64; 3]> {
        let around = self.around(place)?;
        let bytes = self.image.as_raw();
        Some(std::array::from_fn(|channel| {
            around.iter().map(|(index, weight)| f64::from(bytes[index * 3 + channel]) / 255.0 * weight).sum()
        }))
    }
}

/// Result of warping a source into a target, over the static pixels that both images see.
struct Warp {
    /// Mean absolute difference of colours, 0 to 1.
    error: f64,
    /// Mean absolute difference without warping.
    identity_error: f64,
    /// Share of pixels with depth whose point lies at the source's depth to 0.5 %.
    agreeing: f64,
}

/// Warps as View synthesis of `src/objective/method.md` says; `slip` moves the sampled place by so many
/// pixels, to see what a mistake in the convention would do. Pixels are chosen by the true transform, whatever
/// `slip` and `used` say.
fn warp(target: &View, source: &View, source_from_target: DAffine3, used: DAffine3, slip: DVec2) -> Warp {
    let (mut error, mut identity_error, mut agreeing, mut seen) = (0.0, 0.0, 0, 0);
    for v in 0..target.depth.height {
        for u in 0..target.depth.width {
            let Some(point) = target.backproject(u, v) else { continue };
            let there = source_from_target.transform_point3(point);
            if there.z < 0.1 {
                continue;
            }
            let Some(depth) = source.depth_at(source.project(there)) else { continue };
            seen += 1;
            if (depth / there.z - 1.0).abs() > 0.005 {
                continue;
            }
            let place = source.project(used.transform_point3(point)) + slip;
            let Some(colour) = source.colour_at(place) else { continue };
            agreeing += 1;
            let pixel = target.image.get_pixel(u as u32, v as u32).0.map(|byte| f64::from(byte) / 255.0);
            let still = source.image.get_pixel(u as u32, v as u32).0.map(|byte| f64::from(byte) / 255.0);
            for channel in 0..3 {
                error += (pixel[channel] - colour[channel]).abs() / 3.0;
                identity_error += (pixel[channel] - still[channel]).abs() / 3.0;
            }
        }
    }
    let count = f64::from(agreeing);
    Warp { error: error / count, identity_error: identity_error / count, agreeing: count / f64::from(seen) }
}

fn check_warp(target: &FrameKey, source: &FrameKey) {
    let drive = &*DRIVE;
    let transform = drive.source_from_target(target, source);
    let (target_view, source_view) = (View::take(drive, target), View::take(drive, source));
    let with = |used, slip| warp(&target_view, &source_view, transform, used, slip);
    let right = with(transform, DVec2::ZERO);
    println!(
        "{target} from {source}: error {:.4}, unwarped {:.4}, depth agrees on {:.3}",
        right.error, right.identity_error, right.agreeing
    );
    assert!(right.agreeing > 0.9, "depth agrees on {:.3} of the pixels only", right.agreeing);
    assert!(right.error < 0.015, "warped error is {:.4}", right.error);
    assert!(right.error < 0.3 * right.identity_error, "{:.4} of {:.4}", right.error, right.identity_error);
    for slip in [DVec2::new(0.5, 0.0), DVec2::new(-0.5, 0.0), DVec2::new(0.0, 0.5), DVec2::new(0.0, -0.5)] {
        let slipped = with(transform, slip);
        println!("  slipped by {slip}: error {:.4}", slipped.error);
        assert!(
            slipped.error > 1.2 * right.error,
            "half a pixel, {slip}, goes unnoticed: {:.4}",
            slipped.error
        );
    }
    let backwards = with(transform.inverse(), DVec2::ZERO);
    assert!(backwards.error > 2.0 * right.error, "the wrong way is as good: {:.4}", backwards.error);
}

#[test]
fn exact_depth_and_pose_explain_the_next_and_previous_frame() {
    for frame in [12, 70] {
        let target = key(&DRIVE, frame, Side::Left);
        check_warp(&target, &key(&DRIVE, frame + 1, Side::Left));
        check_warp(&target, &key(&DRIVE, frame - 1, Side::Left));
    }
}

#[test]
fn exact_depth_and_baseline_explain_the_other_camera() {
    let (left, right) = (key(&DRIVE, 30, Side::Left), key(&DRIVE, 30, Side::Right));
    let shift = DRIVE.source_from_target(&left, &right).translation;
    assert!(
        shift.abs_diff_eq(DVec3::new(-BASELINE_METRES, 0.0, 0.0), 1e-9),
        "right from left shifts by {shift}"
    );
    check_warp(&left, &right);
    check_warp(&right, &left);
}

#[test]
fn driving_forward_brings_the_street_nearer() {
    let steps: Vec<DVec3> = (0..90)
        .map(|frame| {
            DRIVE
                .source_from_target(&key(&DRIVE, frame, Side::Left), &key(&DRIVE, frame + 1, Side::Left))
                .translation
        })
        .collect();
    // Driving forward, the transform from t to t + 1 has a negative z shift: what is ahead comes nearer.
    assert!(steps.iter().all(|step| (-1.3..-0.7).contains(&step.z)), "steps like KITTI's at 10 Hz");
}

#[test]
fn the_same_seed_gives_the_same_street_and_another_another() {
    let (first, again, other) = (small(5, 8), small(5, 8), small(6, 8));
    let at = |drive: &BuiltInDrive| drive.image(&key(drive, 3, Side::Left)).unwrap();
    assert_eq!(at(&first), at(&again));
    let depth = |drive: &BuiltInDrive| drive.depth(&key(drive, 3, Side::Left)).unwrap().unwrap();
    assert_eq!(depth(&first), depth(&again));
    let differing = at(&first).iter().zip(at(&other).iter()).filter(|(a, b)| a.abs_diff(**b) > 8).count();
    assert!(differing * 3 > at(&first).len(), "only {differing} bytes differ between two streets");
}

#[test]
fn the_leading_car_keeps_its_place_in_the_picture_while_the_street_moves() {
    let places: Vec<DVec3> =
        (0..91).map(|frame| DRIVE.pose(frame).inverse().transform_point3(DRIVE.leading_car(frame))).collect();
    let view = View::take(&DRIVE, &key(&DRIVE, 0, Side::Left));
    for pair in places.windows(2) {
        let shift = view.project(pair[1]) - view.project(pair[0]);
        assert!(shift.length() < 2.5, "the car jumps by {shift} pixels in one frame");
    }
    let distances: Vec<f64> = places.iter().map(|place| place.z).collect();
    let (near, far) = distances.iter().fold((f64::MAX, 0.0_f64), |(a, b), z| (a.min(*z), b.max(*z)));
    assert!(far / near < 1.1, "the distance ranges from {near:.2} to {far:.2} m");

    // In the image: at the back of the car, the identity explains the next frame better than the
    // motion of the street does, which is the criterion of the auto-mask.
    let (mut still, mut warped) = (0.0, 0.0);
    for frame in [0_u32, 20, 40, 60, 80] {
        let (now, next) = (key(&DRIVE, frame, Side::Left), key(&DRIVE, frame + 1, Side::Left));
        let transform = DRIVE.source_from_target(&now, &next);
        let (now, next) = (View::take(&DRIVE, &now), View::take(&DRIVE, &next));
        let back = now.project(places[frame as usize] - DVec3::new(0.0, 0.7, 2.0)).as_usizevec2();
        for v in back.y - 10..back.y + 10 {
            for u in back.x - 18..back.x + 18 {
                let point = now.backproject(u, v).unwrap();
                assert!((point.z / (GAP - 2.1) - 1.0).abs() < 0.12, "{} m is not the car's back", point.z);
                let place = next.project(transform.transform_point3(point));
                let colours =
                    [(u as f64, v as f64).into(), place].map(|place| next.colour_at(place).unwrap());
                let here = now.image.get_pixel(u as u32, v as u32).0.map(|byte| f64::from(byte) / 255.0);
                for channel in 0..3 {
                    still += (here[channel] - colours[0][channel]).abs();
                    warped += (here[channel] - colours[1][channel]).abs();
                }
            }
        }
    }
    println!("the leading car: {:.3} of the error that warping leaves", still / warped);
    assert!(still < 0.6 * warped, "standing still leaves {still:.1}, warping {warped:.1}");
}

#[test]
fn a_car_crosses_in_front() {
    // Exact depth and pose cannot explain moving objects: something large must go from one side of the
    // image to the other beyond the leading car.
    let moved: Vec<f64> = (30..70)
        .step_by(3)
        .filter_map(|frame| {
            let (now, next) = (key(&DRIVE, frame, Side::Left), key(&DRIVE, frame + 1, Side::Left));
            let transform = DRIVE.source_from_target(&now, &next);
            let (now, next) = (View::take(&DRIVE, &now), View::take(&DRIVE, &next));
            let mut columns = Vec::new();
            for v in 70..115 {
                for u in 0..now.depth.width {
                    let Some(point) = now.backproject(u, v) else { continue };
                    let there = transform.transform_point3(point);
                    let Some(depth) = next.depth_at(next.project(there)) else { continue };
                    // The leading car moves too; it is nearer than 16 m.
                    if (16.0..60.0).contains(&point.z) && depth > 1.08 * there.z {
                        columns.push(u as f64);
                    }
                }
            }
            (columns.len() > 30).then(|| columns.iter().sum::<f64>() / columns.len() as f64)
        })
        .collect();
    let (low, high) = moved.iter().fold((f64::MAX, 0.0_f64), |(a, b), u| (a.min(*u), b.max(*u)));
    assert!(moved.len() >= 3 && high - low > 100.0, "what moves is seen at columns {moved:?}");
}

#[test]
fn the_camera_is_kitti_s_where_the_shape_is() {
    let kitti = small(1, 1);
    assert_eq!(kitti.intrinsics(&key(&kitti, 0, Side::Left)), Intrinsics::KITTI);
    let square =
        BuiltInDrive::new(DriveOptions { seed: 1, frames: 1, size: ImageSize { height: 64, width: 64 } });
    let [focal_x, focal_y, ..] = square.intrinsics(&key(&square, 0, Side::Left)).in_pixels(64, 64);
    assert!((focal_x / focal_y - 1.0).abs() < 0.01, "pixels are square: {focal_x} and {focal_y}");
}

#[test]
fn what_is_not_there_is_refused() {
    let drive = small(1, 4);
    let beyond = key(&drive, 4, Side::Left);
    assert!(!drive.contains(&beyond));
    assert!(matches!(drive.image(&beyond), Err(DataError::Missing { .. })));
}

/// Lines `key: numbers` of a calibration file.
fn calibration(path: &Path) -> BTreeMap<String, Vec<f64>> {
    fs::read_to_string(path)
        .unwrap()
        .lines()
        .map(|line| {
            let (key, value) = line.split_once(':').unwrap();
            (key.to_owned(), value.split_whitespace().filter_map(|number| number.parse().ok()).collect())
        })
        .collect()
}

fn rigid(file: &BTreeMap<String, Vec<f64>>) -> DAffine3 {
    let rows: [f64; 9] = file["R"].clone().try_into().unwrap();
    DAffine3::from_mat3_translation(DMat3::from_cols_array(&rows).transpose(), DVec3::from_slice(&file["T"]))
}

#[test]
fn the_export_is_a_kitti_drive() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("export");
    let drive = small(3, 5);
    let mut heard = Vec::new();
    export(&drive, &out, true, &mut |done, total| heard.push((done, total))).unwrap();
    assert_eq!(heard, [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]);

    let name = &drive.drives()[0].folder;
    let (date, run) = name.split_once('/').unwrap();
    assert!(run.starts_with(&format!("{date}_drive_")) && run.ends_with("_sync"), "{name}");
    let root = out.join(name);
    for (sensor, extension) in
        [("image_02", "png"), ("image_03", "png"), ("velodyne_points", "bin"), ("oxts", "txt")]
    {
        assert_eq!(fs::read_to_string(root.join(sensor).join("timestamps.txt")).unwrap().lines().count(), 5);
        for frame in 0..5 {
            assert!(root.join(sensor).join("data").join(format!("{frame:010}.{extension}")).is_file());
        }
    }
    let written = image::open(root.join("image_03/data/0000000002.png")).unwrap().to_rgb8();
    assert_eq!(written, drive.image(&key(&drive, 2, Side::Right)).unwrap());
    let lines = |file: &str| fs::read_to_string(out.join("splits").join(file)).unwrap();
    assert_eq!(lines("train_files.txt"), format!("{name} 1 l\n{name} 1 r\n{name} 2 l\n{name} 2 r\n"));
    assert_eq!(lines("val_files.txt"), format!("{name} 3 l\n{name} 3 r\n"));
    assert!(lines("val_files.txt").lines().all(|line| drive.contains(&line.parse().unwrap())));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing lies beside the export");

    the_reader_of_kitti_reads_it(&drive, &out);
    laser_points_lie_on_the_exact_depth(&drive, &out.join(date), &root);
    inertial_poses_are_the_drive_s(&drive, &out.join(date), &root);

    let again = export(&drive, &out, false, &mut |_, _| {}).unwrap_err();
    assert!(again.to_string().contains("not empty"), "{again}");
}

fn the_reader_of_kitti_reads_it(drive: &BuiltInDrive, out: &Path) {
    let read = KittiRaw::open(out).unwrap();
    assert_eq!(read.drives(), drive.drives());
    for side in [Side::Left, Side::Right] {
        let key = key(drive, 2, side);
        assert_eq!(read.image(&key).unwrap(), drive.image(&key).unwrap());
        assert_eq!(read.intrinsics(&key), drive.intrinsics(&key));
        let (measured, exact) = (read.depth(&key).unwrap().unwrap(), drive.depth(&key).unwrap().unwrap());
        let mut errors: Vec<f32> = measured
            .metres
            .iter()
            .zip(&exact.metres)
            .filter(|(measured, exact)| **measured > 0.0 && **exact > 0.0)
            .map(|(measured, exact)| (measured / exact - 1.0).abs())
            .collect();
        errors.sort_by(f32::total_cmp);
        println!("{side:?}: {} depths, median error {}", errors.len(), errors[errors.len() / 2]);
        assert!(
            errors.len() > 2000 && errors[errors.len() / 2] < 0.01,
            "median {}",
            errors[errors.len() / 2]
        );
    }
}

fn laser_points_lie_on_the_exact_depth(drive: &BuiltInDrive, date: &Path, root: &Path) {
    let cameras = calibration(&date.join("calib_cam_to_cam.txt"));
    let camera_from_scanner = rigid(&calibration(&date.join("calib_velo_to_cam.txt")));
    assert_eq!(cameras["S_rect_02"], [320.0, 96.0]);
    assert_eq!(cameras["R_rect_00"], [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    for (camera, side) in [("P_rect_02", Side::Left), ("P_rect_03", Side::Right)] {
        let view = View::take(drive, &key(drive, 2, side));
        let bytes = fs::read(root.join("velodyne_points/data/0000000002.bin")).unwrap();
        let (mut seen, mut exact) = (0, 0);
        for point in bytes.chunks_exact(16) {
            let number =
                |index: usize| f64::from(f32::from_le_bytes(point[4 * index..][..4].try_into().unwrap()));
            let point = DVec3::new(number(0), number(1), number(2));
            assert!(point.length() < 80.01);
            let in_camera = camera_from_scanner.transform_point3(point);
            let row = |row: usize| {
                let p = &cameras[camera][4 * row..][..4];
                DVec3::new(p[0], p[1], p[2]).dot(in_camera) + p[3]
            };
            if row(2) < 1.0 {
                continue;
            }
            // The format counts pixels from 1.
            let place = DVec2::new(row(0), row(1)) / row(2) - 1.0;
            let Some(depth) = view.depth_at(place) else { continue };
            seen += 1;
            exact += i32::from((depth / row(2) - 1.0).abs() < 0.005);
        }
        println!("{camera}: {exact} of {seen} points");
        assert!(seen > 3000, "only {seen} points fall into the picture");
        // The other points are hidden from the camera by nearer objects.
        assert!(f64::from(exact) > 0.93 * f64::from(seen), "{exact} of {seen} points lie on the depth map");
    }
}

fn inertial_poses_are_the_drive_s(drive: &BuiltInDrive, date: &Path, root: &Path) {
    let camera_0_from_unit = rigid(&calibration(&date.join("calib_velo_to_cam.txt")))
        * rigid(&calibration(&date.join("calib_imu_to_velo.txt")));
    let projection = &calibration(&date.join("calib_cam_to_cam.txt"))["P_rect_02"];
    let camera_from_unit =
        DAffine3::from_translation(DVec3::new(projection[3] / projection[0], 0.0, 0.0)) * camera_0_from_unit;
    let lines: Vec<Vec<f64>> = (0..5)
        .map(|frame| {
            let text = fs::read_to_string(root.join(format!("oxts/data/{frame:010}.txt"))).unwrap();
            text.split_whitespace().map(|number| number.parse().unwrap()).collect()
        })
        .collect();
    let scale = lines[0][0].to_radians().cos() * 6_378_137.0;
    // Mercator projection of the GPS readings.
    let pose = |line: &[f64]| {
        let northing = ((90.0 + line[0]) * std::f64::consts::PI / 360.0).tan().ln();
        let place = DVec3::new(scale * line[1].to_radians(), scale * northing, line[2]);
        let turn = DMat3::from_rotation_z(line[5])
            * DMat3::from_rotation_y(line[4])
            * DMat3::from_rotation_x(line[3]);
        DAffine3::from_mat3_translation(turn, place)
    };
    for (frame, line) in lines.iter().enumerate().skip(1) {
        assert_eq!(line.len(), 30);
        let motion = pose(&lines[0]).inverse() * pose(line);
        let expected = camera_from_unit.inverse()
            * (drive.pose(0).inverse() * drive.pose(frame as u32))
            * camera_from_unit;
        assert!(motion.abs_diff_eq(expected, 1e-4), "frame {frame}: {motion} is not {expected}");
        let speed = (pose(line).translation - pose(&lines[frame - 1]).translation).length() * 10.0;
        assert!((line[8] - speed).abs() < 0.5, "forward velocity {} is not {speed}", line[8]);
    }
}

#[test]
fn a_failed_export_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "in the way").unwrap();
    assert!(export(&small(3, 5), &file, false, &mut |_, _| {}).is_err());
    assert!(export(&small(3, 5), &file.join("below"), false, &mut |_, _| {}).is_err());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let few = export(&small(3, 3), &folder.path().join("few"), false, &mut |_, _| {}).unwrap_err();
    assert!(few.to_string().contains("4 or more"), "{few}");
}
