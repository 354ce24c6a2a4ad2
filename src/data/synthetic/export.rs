//! Export of the built-in drive in KITTI raw layout ([Data layouts](crate::objective::method#data-layouts) of
//! the method), with everything that readers of real drives expect: calibration, laser points, inertial
//! poses, timestamps, a split.
//!
//! Images are PNG, which is lossless, so that exact depth and pose still explain every pixel.

use super::{BuiltInDrive, scan::scan};
use crate::data::{
    DataError, FrameKey, FrameSource, Side,
    atomic_file::in_words,
    image,
    kitti::{BASELINE_METRES, camera_folder, oxts::EARTH_RADIUS_METRES},
};
use glam::{DAffine3, DMat3, DVec3};
use std::{fmt::Write, fs, io, path::Path};

/// Distance of camera 0, which the calibration refers to, to the right of camera 2, metres.
const REFERENCE_SHIFT: f64 = 0.06;
/// Position of the scanner in camera 0, metres: above and behind it.
const SCANNER: DVec3 = DVec3::new(0.0, -0.08, -0.27);
/// Position of the inertial unit in the scanner's coordinates, metres.
const INERTIAL: DVec3 = DVec3::new(-0.81, 0.32, -0.8);
/// Latitude, longitude (degrees) and altitude (metres) of the first frame.
const START: (f64, f64, f64) = (49.0, 8.4, 115.0);
/// Frames per second.
const RATE: f64 = 10.0;
/// Fewest frames of an export: a target with two neighbours to train on, and another to validate on.
const MIN_FRAMES: u32 = 4;

/// Writes the drive to the folder `out`, which must not exist or be empty. `stereo` adds the right camera.
/// `progress` is called with the numbers of written and of all frames. The export is atomic: it is written to a
/// temporary folder next to `out`, which is then renamed.
///
/// # Errors
/// The drive is too short, or the folder is not empty or cannot be written.
pub fn export(
    drive: &BuiltInDrive,
    out: &Path,
    stereo: bool,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<(), DataError> {
    if drive.options().frames < MIN_FRAMES {
        return Err(DataError::Unusable(format!(
            "{} frames are too few to train on and validate: use {MIN_FRAMES} or more",
            drive.options().frames
        )));
    }
    let failed =
        |error: io::Error| DataError::unwritable("the built-in drive", out, in_words(error).to_string());
    if out.exists() && fs::read_dir(out).map_err(failed)?.next().is_some() {
        return Err(DataError::Unusable(format!(
            "{} is not empty: name a new folder or empty this one",
            out.display()
        )));
    }
    let parent = match out.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(failed)?;
    let temporary = tempfile::Builder::new().prefix(".demo-data-").tempdir_in(parent).map_err(failed)?;
    let complete = temporary.path().join("whole");
    write_all(drive, &complete, stereo, progress).map_err(failed)?;
    if out.exists() {
        fs::remove_dir(out).map_err(failed)?;
    }
    fs::rename(&complete, out).map_err(failed)
}

fn write_all(
    drive: &BuiltInDrive,
    root: &Path,
    stereo: bool,
    progress: &mut dyn FnMut(usize, usize),
) -> io::Result<()> {
    let folder = &drive.drives()[0].folder;
    let frames = drive.options().frames;
    let drive_root = root.join(folder);
    let date_root = drive_root.parent().unwrap_or(root);
    let sides: &[Side] = if stereo { &[Side::Left, Side::Right] } else { &[Side::Left] };
    for sensor in sides.iter().map(|side| camera_folder(*side)).chain(["velodyne_points", "oxts"]) {
        fs::create_dir_all(drive_root.join(sensor).join("data"))?;
        fs::write(drive_root.join(sensor).join("timestamps.txt"), timestamps(frames))?;
    }
    write_calibration(drive, date_root)?;
    for frame in 0..frames {
        let name = |sensor: &str, extension: &str| {
            drive_root.join(sensor).join("data").join(format!("{frame:010}.{extension}"))
        };
        for side in sides {
            let key = FrameKey { folder: folder.clone(), frame, side: *side };
            let image = drive.image(&key).map_err(io::Error::other)?;
            image::write(&name(camera_folder(*side), "png"), &image).map_err(io::Error::other)?;
        }
        fs::write(name("velodyne_points", "bin"), laser_points(drive, frame))?;
        fs::write(name("oxts", "txt"), inertial_line(drive, frame))?;
        progress(frame as usize + 1, frames as usize);
    }
    write_split(&root.join("splits"), folder, frames, sides)
}

fn timestamps(frames: u32) -> String {
    (0..frames)
        .map(|frame| {
            let tenths = frame % 10;
            let (seconds, minutes, hours) = (frame / 10 % 60, frame / 600 % 60, 9 + frame / 36_000);
            format!("2025-05-01 {hours:02}:{minutes:02}:{seconds:02}.{tenths}00000000\n")
        })
        .collect()
}

/// Transform of the scanner's points (x forward, y left, z up) to camera 2, metres.
fn camera_from_scanner() -> DAffine3 {
    let axes = DMat3::from_cols(DVec3::Z, DVec3::NEG_X, DVec3::NEG_Y);
    DAffine3::from_mat3_translation(axes, SCANNER + DVec3::X * REFERENCE_SHIFT)
}

fn write_calibration(drive: &BuiltInDrive, folder: &Path) -> io::Result<()> {
    let size = drive.options().size;
    let camera = drive.camera();
    let [focal_x, focal_y, centre_x, centre_y] = camera.in_pixels(size.width, size.height).map(f64::from);
    let line =
        |numbers: &[f64]| numbers.iter().map(|number| format!("{number:e}")).collect::<Vec<_>>().join(" ");
    let identity = line(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    let mut cameras = "calib_time: 01-May-2025 09:00:00\n".to_owned();
    // Cameras 0 and 1 are the grey pair, of which no images are written.
    for (number, shift) in
        [(0, 0.0), (1, -0.54), (2, REFERENCE_SHIFT), (3, REFERENCE_SHIFT - BASELINE_METRES)]
    {
        // KITTI's calibration counts pixels from 1, everything else here from 0.
        let projection = [
            [focal_x, 0.0, centre_x + 1.0, focal_x * shift],
            [0.0, focal_y, centre_y + 1.0, 0.0],
            [0.0, 0.0, 1.0, 0.0],
        ];
        for (key, value) in [
            ("S_rect", line(&[size.width as f64, size.height as f64])),
            ("R_rect", identity.clone()),
            ("P_rect", line(&projection.concat())),
        ] {
            let _ = writeln!(cameras, "{key}_{number:02}: {value}");
        }
    }
    fs::write(folder.join("calib_cam_to_cam.txt"), cameras)?;
    let rigid = |rows: &[f64; 9], shift: DVec3| {
        format!("calib_time: 01-May-2025 09:00:00\nR: {}\nT: {}\n", line(rows), line(&shift.to_array()))
    };
    let axes = [0.0, -1.0, 0.0, 0.0, 0.0, -1.0, 1.0, 0.0, 0.0];
    fs::write(folder.join("calib_velo_to_cam.txt"), rigid(&axes, SCANNER))?;
    let axes = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    fs::write(folder.join("calib_imu_to_velo.txt"), rigid(&axes, INERTIAL))
}

/// Bytes of a laser scan: four little-endian f32 per point, x, y, z, reflectance.
fn laser_points(drive: &BuiltInDrive, frame: u32) -> Vec<u8> {
    let size = drive.options().size;
    let pixel = 1.0 / drive.camera().in_pixels(size.width, size.height)[0];
    let world_from_scanner = drive.pose(frame) * camera_from_scanner();
    drive
        .with_scene(frame, |scene| scan(scene, &world_from_scanner, pixel))
        .into_iter()
        .flat_map(|point| point.extend(0.3).to_array())
        .flat_map(f32::to_le_bytes)
        .collect()
}

/// Pose of the inertial unit at a time in frames: east, north, up, metres from its position at frame 0.
fn inertial_pose(drive: &BuiltInDrive, frame: f64) -> DAffine3 {
    let east_north_up = DMat3::from_cols(DVec3::NEG_Y, DVec3::NEG_Z, DVec3::X);
    let unit_in_scanner = DAffine3::from_translation(INERTIAL);
    let in_world = |frame: f64| drive.pose_between(frame) * camera_from_scanner() * unit_in_scanner;
    let first = in_world(0.0).translation;
    let mut pose = in_world(frame);
    pose.translation -= first;
    DAffine3::from_mat3(east_north_up) * pose
}

/// Line of oxts readings: position, attitude, velocity, acceleration, angular rates, accuracy, state.
fn inertial_line(drive: &BuiltInDrive, frame: u32) -> String {
    let time = f64::from(frame);
    let pose = inertial_pose(drive, time);
    let (before, after) = (inertial_pose(drive, time - 0.5), inertial_pose(drive, time + 0.5));
    let axes = pose.matrix3;
    let (yaw, pitch) = (axes.x_axis.y.atan2(axes.x_axis.x), -axes.x_axis.z.asin());
    let roll = axes.y_axis.z.atan2(axes.z_axis.z);

    let (latitude, longitude, altitude) = START;
    let scale = EARTH_RADIUS_METRES * latitude.to_radians().cos();
    let northing = ((90.0 + latitude).to_radians() / 2.0).tan().ln() + pose.translation.y / scale;
    let latitude = (2.0 * northing.exp().atan()).to_degrees() - 90.0;
    let longitude = longitude + (pose.translation.x / scale).to_degrees();
    let altitude = altitude + pose.translation.z;

    // Level axes: forward, left and up, rotated by the yaw alone.
    let level = DMat3::from_rotation_z(yaw).transpose();
    let velocity = (after.translation - before.translation) * RATE;
    let gravity = DVec3::Z * 9.81;
    let second_difference = after.translation + before.translation - 2.0 * pose.translation;
    let acceleration = second_difference * (4.0 * RATE * RATE) + gravity;
    let rates = glam::DQuat::from_mat3(&(before.matrix3.transpose() * after.matrix3)).to_scaled_axis() * RATE;
    let along_level = level * velocity;
    let groups = [
        DVec3::new(latitude, longitude, altitude),
        DVec3::new(roll, pitch, yaw),
        DVec3::new(velocity.y, velocity.x, along_level.x),
        DVec3::new(along_level.y, along_level.z, 0.0),
        axes.transpose() * acceleration,
        level * acceleration,
        rates,
        level * (axes * rates),
    ];
    let mut numbers: Vec<f64> = groups.iter().flat_map(DVec3::to_array).collect();
    // The fourth group holds only two numbers.
    numbers.remove(11);
    let mut line = numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    // Accuracies in metres and metres per second, then the state of a receiver that sees ten satellites.
    line.push_str(" 0.01 0.01 4 10 6 6 6\n");
    line
}

/// Writes a split whose last tenth of the frames is for validation.
fn write_split(folder: &Path, drive: &str, frames: u32, sides: &[Side]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let targets = 1..frames - 1;
    let first_validated = targets.end - (targets.len() as u32).div_ceil(10);
    let list = |frames: std::ops::Range<u32>| {
        let keys = frames.flat_map(|frame| {
            sides.iter().map(move |side| FrameKey { folder: drive.to_owned(), frame, side: *side })
        });
        keys.map(|key| format!("{key}\n")).collect::<String>()
    };
    fs::write(folder.join("train_files.txt"), list(targets.start..first_validated))?;
    fs::write(folder.join("val_files.txt"), list(first_validated..targets.end))
}
