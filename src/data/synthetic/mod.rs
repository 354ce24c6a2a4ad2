//! The built-in drive: a small ray-cast street with exact depth, pose and a stereo camera, made from
//! a seed. It is what the window opens with and what the tests train on.

mod bodywork;
mod export;
mod facade;
mod finish;
mod ground;
mod journey;
mod light;
mod material;
mod noise;
mod plants;
mod render;
mod road;
mod scan;
mod shade;
mod shape;
mod solids;
mod street;
mod vehicle;

pub use export::export;

use super::{DataError, DepthMap, Drive, FrameKey, FrameSource, Side, TrueDepth, image::shrink};
use crate::{config::ImageSize, geometry::Intrinsics};
use glam::{DAffine3, DVec3, Vec3};
use image::RgbImage;
use journey::Journey;
use render::{Camera, RenderedImage, Scene};
use solids::Solids;
use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use street::Street;

/// Distance between the stereo cameras, metres, as in KITTI.
pub const BASELINE: f64 = 0.54;

/// Rendered frames are kept up to this many pixels in all: 7 bytes each.
const KEPT_PIXELS: usize = 40_000_000;

/// What street to build and how to film it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DriveOptions {
    /// Decides everything about the street; other seeds give other streets.
    pub seed: u64,
    /// Number of frames, at ten a second and about one metre each.
    pub frames: u32,
    /// Size of the pictures.
    pub size: ImageSize,
}

impl Default for DriveOptions {
    fn default() -> Self {
        Self { seed: 1, frames: 91, size: ImageSize { height: 192, width: 640 } }
    }
}

/// A drive along a street that exists only as its seed.
///
/// The world's axes are those of a camera at the start of the street: x right, y down, z forward,
/// metres, the carriageway at y = 0. Whole pixel coordinates are pixel centres, as in the objective,
/// so `K·(R·K⁻¹·(u, v, 1)·depth + t)` names the same point of the street in the other
/// frame exactly.
pub struct BuiltInDrive {
    options: DriveOptions,
    drives: [Drive; 1],
    street: Street,
    journey: Journey,
    kept: Mutex<HashMap<FrameKey, Arc<RenderedFrame>>>,
}

struct RenderedFrame {
    image: RgbImage,
    depth: DepthMap,
}

impl Default for BuiltInDrive {
    fn default() -> Self {
        Self::new(DriveOptions::default())
    }
}

impl BuiltInDrive {
    /// Builds the street.
    pub fn new(options: DriveOptions) -> Self {
        let folder = format!("demo/demo_drive_{:04}_sync", options.seed % 10_000);
        let mut journey = Journey::new(options.seed);
        let street = Street::new(options.seed, journey.length(options.frames));
        journey.meet_junction(&street.road);
        let sides = vec![Side::Left, Side::Right];
        Self {
            options,
            drives: [Drive { folder, frames: 0..options.frames, sides }],
            street,
            journey,
            kept: Mutex::default(),
        }
    }

    /// What the drive was made with.
    pub fn options(&self) -> DriveOptions {
        self.options
    }

    /// World from left camera at a frame, exactly.
    pub fn pose(&self, frame: u32) -> DAffine3 {
        self.pose_between(f64::from(frame))
    }

    /// The same at a time in frames.
    fn pose_between(&self, time: f64) -> DAffine3 {
        self.journey.pose(&self.street.road, time)
    }

    /// World from the camera that took this picture, exactly.
    pub fn camera_pose(&self, key: &FrameKey) -> DAffine3 {
        let shift = match key.side {
            Side::Left => 0.0,
            Side::Right => BASELINE,
        };
        self.pose(key.frame) * DAffine3::from_translation(DVec3::new(shift, 0.0, 0.0))
    }

    /// Takes points of the target's camera to the source's, metres.
    pub fn source_from_target(&self, target: &FrameKey, source: &FrameKey) -> DAffine3 {
        self.camera_pose(source).inverse() * self.camera_pose(target)
    }

    /// Where the middle of the car that keeps pace stands on the ground, in the world, metres.
    pub fn leading_car(&self, frame: u32) -> DVec3 {
        self.journey.leader(&self.street.road, frame).0.translation.as_dvec3()
    }

    /// # Errors
    /// The drive is shorter.
    fn check(&self, key: &FrameKey) -> Result<(), DataError> {
        if !self.contains(key) {
            return Err(DataError::Missing {
                what: format!("frame {}", key.frame),
                path: PathBuf::from(&key.folder),
                advice: format!(
                    "the built-in drive has frames 0 to {}",
                    self.options.frames.saturating_sub(1)
                ),
            });
        }
        Ok(())
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<FrameKey, Arc<RenderedFrame>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn frame(&self, key: &FrameKey) -> Result<Arc<RenderedFrame>, DataError> {
        self.check(key)?;
        if let Some(frame) = self.kept().get(key) {
            return Ok(frame.clone());
        }
        let frame = Arc::new(self.render(key, self.options.size));
        let mut kept = self.kept();
        if (kept.len() + 1) * self.options.size.pixels() <= KEPT_PIXELS {
            kept.insert(key.clone(), frame.clone());
        }
        Ok(frame)
    }

    /// Does something with all there is to see at a frame.
    fn with_scene<T>(&self, frame: u32, look: impl FnOnce(&Scene<'_>) -> T) -> T {
        let moving = self.journey.moving_parts(&self.street.road, frame);
        look(&Scene { street: &self.street, moving: &Solids::new(moving) })
    }

    /// KITTI's camera where the pictures have KITTI's shape (10:3 to 5 %), else the same angles across
    /// and square pixels.
    fn camera(&self) -> Intrinsics {
        let stretch = self.options.size.width as f32 / self.options.size.height as f32 / (10.0 / 3.0);
        if (stretch - 1.0).abs() < 0.05 {
            Intrinsics::KITTI
        } else {
            Intrinsics { focal_y: Intrinsics::KITTI.focal_y * stretch, ..Intrinsics::KITTI }
        }
    }

    fn render(&self, key: &FrameKey, size: ImageSize) -> RenderedFrame {
        let camera = Camera::new(&self.camera_pose(key), self.camera(), size);
        let RenderedImage { colours, depths } = self.with_scene(key.frame, |scene| scene.render(&camera));
        let bytes = colours.into_iter().flat_map(encoded).collect();
        RenderedFrame {
            image: RgbImage::from_raw(size.width as u32, size.height as u32, bytes)
                .expect("one colour a pixel was rendered"),
            depth: DepthMap { width: size.width, height: size.height, metres: depths },
        }
    }
}

/// sRGB-like bytes of a colour between 0 and 1.
fn encoded(colour: Vec3) -> [u8; 3] {
    colour.to_array().map(|value| (value.clamp(0.0, 1.0).powf(1.0 / 2.2) * 255.0 + 0.5) as u8)
}

impl FrameSource for BuiltInDrive {
    fn name(&self) -> String {
        "built-in drive".to_owned()
    }

    fn drives(&self) -> &[Drive] {
        &self.drives
    }

    fn contains(&self, key: &FrameKey) -> bool {
        key.folder == self.drives[0].folder && key.frame < self.options.frames
    }

    fn image(&self, key: &FrameKey) -> Result<RgbImage, DataError> {
        Ok(self.frame(key)?.image.clone())
    }

    /// Rendered at its size, unless the frame is there.
    fn preview(&self, key: &FrameKey, within: ImageSize) -> Result<RgbImage, DataError> {
        self.check(key)?;
        let kept = self.kept().get(key).cloned();
        Ok(match kept {
            Some(frame) => shrink(&frame.image, within),
            None => self.render(key, self.options.size.shrunk_into(within)).image,
        })
    }

    fn intrinsics(&self, _: &FrameKey) -> Intrinsics {
        self.camera()
    }

    fn baseline_metres(&self, _: &FrameKey) -> Option<f32> {
        Some(BASELINE as f32)
    }

    /// Exact depth along the optical axis at every pixel's centre; 0 in the sky.
    fn depth(&self, key: &FrameKey) -> Result<Option<DepthMap>, DataError> {
        Ok(Some(self.frame(key)?.depth.clone()))
    }

    fn true_depths(&self) -> &'static [TrueDepth] {
        &[TrueDepth::Exact]
    }

    fn depth_as(&self, key: &FrameKey, kind: TrueDepth) -> Result<Option<DepthMap>, DataError> {
        if kind == TrueDepth::Exact { self.depth(key) } else { Ok(None) }
    }

    fn true_poses(&self, drive: &Drive, side: Side) -> Result<BTreeMap<u32, DAffine3>, DataError> {
        let keys = drive.keys(side).filter(|key| self.contains(key));
        Ok(keys.map(|key| (key.frame, self.camera_pose(&key))).collect())
    }
}
