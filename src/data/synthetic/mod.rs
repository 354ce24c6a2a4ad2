//! The built-in drive: a small ray-cast street with exact depth, exact poses and a stereo camera, generated
//! from a seed. The window opens with it, and the tests train on it.

mod bodywork;
mod export;
mod facade;
mod finish;
mod ground;
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
mod traffic;
mod vehicle;

pub use export::export;

use super::{
    DataError, DepthMap, Drive, FrameKey, FrameSource, MeasuredPoses, Side, TrueDepth, image::shrink,
    kitti::BASELINE_METRES,
};
use crate::{config::ImageSize, geometry::Intrinsics};
use glam::{DAffine3, DVec3, Vec3};
use image::RgbImage;
use render::{Camera, RenderedImage, Scene};
use solids::Solids;
use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use street::Street;
use traffic::Traffic;

/// Most pixels of rendered frames in the cache, of 7 bytes each.
const MAX_CACHED_PIXELS: usize = 40_000_000;

/// Options of the built-in drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DriveOptions {
    /// Seed of the street, which determines everything in it.
    pub seed: u64,
    /// Number of frames, ten per second and about one metre apart.
    pub frames: u32,
    /// Size of the images.
    pub size: ImageSize,
}

impl Default for DriveOptions {
    fn default() -> Self {
        Self { seed: 1, frames: 91, size: ImageSize { height: 192, width: 640 } }
    }
}

/// Drive along a street that is generated from a seed and rendered on demand.
///
/// The world's axes are those of a camera at the start of the street: x right, y down, z forward, metres,
/// with the carriageway at y = 0. Whole pixel coordinates are pixel centres, as in the objective, so that
/// `K·(R·K⁻¹·(u, v, 1)·depth + t)` is exactly the same point of the street in the other frame.
pub struct BuiltInDrive {
    options: DriveOptions,
    drives: [Drive; 1],
    street: Street,
    traffic: Traffic,
    cache: Mutex<HashMap<FrameKey, Arc<RenderedFrame>>>,
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
    /// Generates the street.
    pub fn new(options: DriveOptions) -> Self {
        let folder = format!("demo/demo_drive_{:04}_sync", options.seed % 10_000);
        let mut traffic = Traffic::new(options.seed);
        let street = Street::new(options.seed, traffic.length(options.frames));
        traffic.meet_junction(&street.road);
        let sides = vec![Side::Left, Side::Right];
        Self {
            options,
            drives: [Drive { folder, frames: 0..options.frames, step: 1, sides }],
            street,
            traffic,
            cache: Mutex::default(),
        }
    }

    /// Options that the drive was generated with.
    pub fn options(&self) -> DriveOptions {
        self.options
    }

    /// Exact pose `world_from_camera` of the left camera at a frame, metres.
    pub fn pose(&self, frame: u32) -> DAffine3 {
        self.pose_between(f64::from(frame))
    }

    /// Exact pose `world_from_camera` of the left camera at a time in frames.
    fn pose_between(&self, time: f64) -> DAffine3 {
        self.traffic.pose(&self.street.road, time)
    }

    /// Exact pose `world_from_camera` of the camera of this frame, metres.
    pub fn camera_pose(&self, key: &FrameKey) -> DAffine3 {
        let shift = match key.side {
            Side::Left => 0.0,
            Side::Right => BASELINE_METRES,
        };
        self.pose(key.frame) * DAffine3::from_translation(DVec3::new(shift, 0.0, 0.0))
    }

    /// Exact transform of points of the target's camera to the source's, metres.
    pub fn source_from_target(&self, target: &FrameKey, source: &FrameKey) -> DAffine3 {
        self.camera_pose(source).inverse() * self.camera_pose(target)
    }

    /// Point on the ground below the middle of the leading car, in the world, metres.
    pub fn leading_car(&self, frame: u32) -> DVec3 {
        self.traffic.leader(&self.street.road, frame).0.translation.as_dvec3()
    }

    /// Checks that the frame exists.
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

    fn cache(&self) -> MutexGuard<'_, HashMap<FrameKey, Arc<RenderedFrame>>> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn frame(&self, key: &FrameKey) -> Result<Arc<RenderedFrame>, DataError> {
        self.check(key)?;
        if let Some(frame) = self.cache().get(key) {
            return Ok(frame.clone());
        }
        let frame = Arc::new(self.render(key, self.options.size));
        let mut cache = self.cache();
        if (cache.len() + 1) * self.options.size.pixels() <= MAX_CACHED_PIXELS {
            cache.insert(key.clone(), frame.clone());
        }
        Ok(frame)
    }

    /// Calls `work` with the scene at a frame.
    fn with_scene<T>(&self, frame: u32, work: impl FnOnce(&Scene<'_>) -> T) -> T {
        let moving = self.traffic.moving_solids(&self.street.road, frame);
        work(&Scene { street: &self.street, moving: &Solids::new(moving) })
    }

    /// Intrinsics: KITTI's if the images have KITTI's aspect ratio (10:3 to 5 %), else its horizontal field
    /// of view with square pixels.
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
        let bytes = colours.into_iter().flat_map(gamma_encoded).collect();
        RenderedFrame {
            image: RgbImage::from_raw(size.width as u32, size.height as u32, bytes)
                .expect("one colour per pixel was rendered"),
            depth: DepthMap { width: size.width, height: size.height, metres: depths },
        }
    }
}

/// Bytes of a linear colour between 0 and 1, with a gamma of 2.2.
fn gamma_encoded(colour: Vec3) -> [u8; 3] {
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

    /// Renders at the preview's size, unless the frame is in the cache.
    fn preview(&self, key: &FrameKey, within: ImageSize) -> Result<RgbImage, DataError> {
        self.check(key)?;
        let cached = self.cache().get(key).cloned();
        Ok(match cached {
            Some(frame) => shrink(&frame.image, within),
            None => self.render(key, self.options.size.shrunk_into(within)).image,
        })
    }

    fn intrinsics(&self, _: &FrameKey) -> Intrinsics {
        self.camera()
    }

    fn baseline_metres(&self, _: &FrameKey) -> Option<f32> {
        Some(BASELINE_METRES as f32)
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

    fn true_poses(&self, drive: &Drive, side: Side) -> Result<MeasuredPoses, DataError> {
        let keys = drive.keys(side).filter(|key| self.contains(key));
        let by_frame: BTreeMap<_, _> = keys.map(|key| (key.frame, self.camera_pose(&key))).collect();
        Ok(by_frame.into())
    }
}
