//! Camera, or stereo pair of cameras, of a drive: from numbers of a file or an option, refused if hardly any camera has
//! such.

use crate::{config::ImageSize, data::Side, geometry::Intrinsics};
use std::ops::RangeInclusive;

/// Plausible focal lengths in widths of the image: horizontal fields of view of 136° to 11°.
const FOCAL_LENGTHS: RangeInclusive<f64> = 0.2..=5.0;
const FIELDS_OF_VIEW: &str = "11° to 136°";
/// Largest distances of the principal point from the middle, in widths and in heights of the image. Pictures are
/// cropped at the top and the bottom, hardly ever on one side.
const OFF_CENTRE: [f64; 2] = [0.25, 0.4];
/// Smallest distance of the principal point from the middle, in the same direction and in widths as in heights, from
/// which pixels of pictures of another size are more likely than any camera.
const OTHER_SIZE: f64 = 0.1;
/// Smallest number that is written with an exponent.
const MAX_SHOWN: f64 = 1e6;
/// Largest relative difference between the aspect ratios of the calibrated image and the images.
const ASPECT_TOLERANCE: f64 = 0.03;
/// Distances of two cameras that a rig may have, metres.
const BASELINES: RangeInclusive<f64> = 0.001..=10.0;
/// Distances that rigs of cars, hands and drones usually have, metres.
const USUAL_BASELINES: RangeInclusive<f32> = 0.02..=2.5;

/// Camera, or stereo pair of cameras, of a drive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rig {
    /// The only or the left camera.
    pub(super) left: Intrinsics,
    /// The right camera; the same if there is only one.
    pub(super) right: Intrinsics,
    /// Distance of the two cameras, metres; `None` if unknown or if there is only one.
    pub baseline_metres: Option<f32>,
    /// True if the right camera lies to the left of the left one.
    pub(super) is_crossed: bool,
    /// Key of the file that has several values, of which the last is taken.
    pub(super) repeated: Option<&'static str>,
}

impl Rig {
    /// A rig of one camera or of two equal ones.
    ///
    /// # Errors
    /// The baseline is no distance that two cameras of a rig have.
    pub(super) fn with_one_camera(camera: Intrinsics, baseline_metres: Option<f64>) -> Result<Self, String> {
        if let Some(metres) = baseline_metres {
            if !(metres > 0.0 && metres.is_finite()) {
                return Err(format!("baseline_metres {metres} is not a distance: give metres above 0"));
            }
            if !BASELINES.contains(&metres) {
                return Err(format!(
                    "a baseline of {} m is implausible, two cameras of a rig are {} to {} m apart: give metres, \
                     not centimetres or millimetres",
                    shown(metres),
                    BASELINES.start(),
                    BASELINES.end()
                ));
            }
        }
        let baseline_metres = baseline_metres.map(|metres| metres as f32);
        Ok(Self { left: camera, right: camera, baseline_metres, is_crossed: false, repeated: None })
    }

    /// Intrinsics of one of the cameras; both are the same if there is only one.
    pub fn camera(&self, side: Side) -> Intrinsics {
        match side {
            Side::Left => self.left,
            Side::Right => self.right,
        }
    }

    /// Clauses about what is unusual about it, though not impossible. `size` is that of the images.
    pub(super) fn doubts(&self, size: ImageSize) -> Vec<String> {
        let aspect = size.width as f32 / size.height as f32;
        let mut doubts = self.left.warnings(aspect);
        if self.right != self.left {
            let right = self.right.warnings(aspect);
            doubts.extend(right.into_iter().map(|doubt| format!("the right camera: {doubt}")));
        }
        if let Some(metres) = self.baseline_metres.filter(|metres| !USUAL_BASELINES.contains(metres)) {
            doubts.push(format!(
                "its two cameras are {metres} m apart, where {} to {} m is usual: is that in metres?",
                USUAL_BASELINES.start(),
                USUAL_BASELINES.end()
            ));
        }
        if let Some(key) = self.repeated {
            doubts.push(format!(
                "{key} stands in it twice with other numbers, and the last count: keep the line that is right"
            ));
        }
        if self.is_crossed {
            doubts.push(
                "its right camera lies to the left of the left one: are the two swapped? No baseline is taken"
                    .to_owned(),
            );
        }
        doubts
    }
}

/// Number of a message: large ones have an exponent.
fn shown(number: f64) -> String {
    if number.abs() < MAX_SHOWN { number.to_string() } else { format!("{number:e}") }
}

/// Camera with this horizontal field of view in degrees, square pixels and a centred principal point.
///
/// # Errors
/// Hardly any camera sees as much or as little.
pub(super) fn from_field_of_view(degrees: f64, size: ImageSize) -> Result<Intrinsics, String> {
    if !(degrees > 0.0 && degrees < 180.0) {
        return Err(format!(
            "a field of view of {}° is impossible: give degrees across the picture, {FIELDS_OF_VIEW}",
            shown(degrees)
        ));
    }
    let focal = (0.5 / (0.5 * degrees.to_radians()).tan()).min(MAX_SHOWN);
    if !FOCAL_LENGTHS.contains(&focal) {
        let radians = if degrees < 2.5 { ", not radians" } else { "" };
        return Err(format!(
            "a field of view of {degrees}°, which is a focal length of {focal:.3} widths of the picture, is \
             implausible: give degrees across the picture{radians}, {FIELDS_OF_VIEW}"
        ));
    }
    let aspect = size.width as f64 / size.height as f64;
    checked([focal, focal * aspect, 0.5, 0.5], size, "")
}

/// Camera with these focal lengths and principal point, `[focal_x, focal_y, centre_x, centre_y]`, in pixels of an image
/// of the size `calibrated`; without that in widths and heights of the image if the centre is at most 1, else in pixels
/// of an image of the size `size`.
///
/// # Errors
/// Hardly any camera has such lengths, or the two sizes differ in shape.
pub(super) fn normalised(
    lengths: [f64; 4],
    calibrated: Option<[f64; 2]>,
    size: ImageSize,
) -> Result<Intrinsics, String> {
    let [_, _, centre_x, centre_y] = lengths;
    let [width, height] = match calibrated {
        Some(sides) => sides,
        None if centre_x <= 1.0 && centre_y <= 1.0 => [1.0, 1.0],
        None => return in_pixels_of(lengths, size),
    };
    let distortion = width / height * size.height as f64 / size.width as f64;
    if calibrated.is_some() && !(0.0..=ASPECT_TOLERANCE).contains(&(distortion - 1.0).abs()) {
        return Err(format!(
            "it is for pictures of {width} × {height}, which have another shape than the frames ({size}): \
             give the camera of the frames as they are"
        ));
    }
    let sides = [width, height, width, height];
    checked(std::array::from_fn(|index| lengths[index] / sides[index]), size, "")
}

/// Camera with these lengths in pixels of the frames, as no file says for which pictures they are.
fn in_pixels_of(lengths: [f64; 4], size: ImageSize) -> Result<Intrinsics, String> {
    let [_, _, centre_x, centre_y] = lengths;
    let parts = [centre_x / size.width as f64, centre_y / size.height as f64];
    let [x, y] = parts.map(|part| part - 0.5);
    let fits = super::kitti::published_size(lengths).unwrap_or_else(|| {
        // The principal point is near the middle of the picture that the numbers are for.
        [centre_x, centre_y].map(|length| 10.0 * (length / 5.0).round())
    });
    let [width, height] = fits;
    let cause = if fits.iter().all(|side| (1.0..MAX_SHOWN).contains(side)) {
        format!(
            "these numbers fit pictures of about {width} × {height}, and the frames have {size}; if they were resized, \
             write the numbers to camera.toml with width = {width} and height = {height}"
        )
    } else {
        String::new()
    };
    if x * y > 0.0 && x.abs() > OTHER_SIZE && y.abs() > OTHER_SIZE && parts.iter().all(|part| *part <= 1.0) {
        let [x, y] = parts;
        return Err(format!(
            "the principal point at ({x:.2} widths, {y:.2} heights) is implausible: {cause}"
        ));
    }
    let sides = [size.width, size.height, size.width, size.height];
    checked(std::array::from_fn(|index| lengths[index] / sides[index] as f64), size, &cause)
}

/// Checks that normalised intrinsics are plausible for a pinhole camera. `cause` is the likely cause if the principal
/// point is not.
fn checked(lengths: [f64; 4], size: ImageSize, cause: &str) -> Result<Intrinsics, String> {
    let usual = "check that the numbers are in pixels of the picture size that goes with them";
    let cause = if cause.is_empty() { usual } else { cause };
    let [focal_x, focal_y, centre_x, centre_y] = lengths;
    let in_widths = [focal_x, focal_y * size.height as f64 / size.width as f64];
    if let Some(focal) = in_widths.into_iter().find(|focal| !FOCAL_LENGTHS.contains(focal)) {
        return Err(format!(
            "a focal length of {} widths of the picture is implausible, 0.2 to 5 is usual: {usual}",
            if focal.abs() < MAX_SHOWN { format!("{focal:.3}") } else { shown(focal) }
        ));
    }
    if !(0.0..=1.0).contains(&centre_x) || !(0.0..=1.0).contains(&centre_y) {
        return Err(format!(
            "the principal point ({} widths, {} heights) lies outside the picture: {cause}",
            shown((1000.0 * centre_x).round() / 1000.0),
            shown((1000.0 * centre_y).round() / 1000.0)
        ));
    }
    let [off_x, off_y] = OFF_CENTRE;
    if (centre_x - 0.5).abs() > off_x || (centre_y - 0.5).abs() > off_y {
        return Err(format!(
            "the principal point ({centre_x:.2} widths, {centre_y:.2} heights) is implausibly far from the middle: \
             {cause}"
        ));
    }
    let [focal_x, focal_y, centre_x, centre_y] = lengths.map(|length| length as f32);
    Ok(Intrinsics { focal_x, focal_y, centre_x, centre_y })
}
