//! A few small frames of the built-in drive as a session would show them: its exact depth stands for the networks'.

use super::*;
use monoscope::{
    data::{
        FrameSource,
        synthetic::{BuiltInDrive, DriveOptions},
    },
    model::weights::MetricScale,
    runs::{FrameMaps, Snapshot, Thumbnail},
    session::Cloud,
};

pub const SIZE: ImageSize = ImageSize { height: 64, width: 192 };
/// The frame that is shown.
const FRAME: u32 = 8;

/// The first frames of the drive.
pub struct Street(pub Arc<BuiltInDrive>);

impl Street {
    pub fn new() -> Self {
        Self(Arc::new(BuiltInDrive::new(DriveOptions { seed: 1, frames: 20, size: SIZE })))
    }

    pub fn key(&self, frame: u32) -> FrameKey {
        FrameKey { folder: self.0.drives()[0].folder.clone(), frame, side: Side::Left }
    }

    /// Opens the frames in a window.
    pub fn open(&self, stage: &mut Stage) {
        let report = DataReport {
            version: 0,
            choice: DataChoice::Demo,
            name: self.0.name(),
            drives: self.0.drives().to_vec(),
            split: None,
            training: (1..17).map(|frame| self.key(frame)).collect(),
            validation: (17..19).map(|frame| self.key(frame)).collect(),
            dropped: vec![(self.key(0), "frame -1 is missing".to_owned())],
        };
        let frames: Arc<dyn FrameSource> = Arc::<BuiltInDrive>::clone(&self.0);
        stage.state_mut().open_frames(report, frames);
        stage.run_steps(4);
    }

    /// Renders every frame, so that none is waited for later.
    pub fn render_all(&self) {
        for frame in 0..20 {
            self.0.image(&self.key(frame)).unwrap();
        }
    }

    /// The image of a frame in planes, from 0 to 1.
    fn colours(&self, frame: u32) -> Vec<f32> {
        let image = self.0.image(&self.key(frame)).unwrap();
        let plane = |channel: usize| image.pixels().map(move |pixel| f32::from(pixel.0[channel]) / 255.0);
        (0..3).flat_map(plane).collect()
    }

    /// The depth of a frame in a third of a metre.
    fn depths(&self, frame: u32) -> Vec<f32> {
        let depth = self.0.depth(&self.key(frame)).unwrap().unwrap();
        depth.metres.iter().map(|metres| metres / 3.0).collect()
    }

    /// A disparity of a frame that grows sharper with the steps of a run.
    fn disparities(&self, frame: u32, sharpness: f32) -> Vec<f32> {
        self.depths(frame).iter().map(|depth| 0.3 + sharpness * (1.0 / depth - 0.3)).collect()
    }

    /// A prediction of a frame, with cloud and the terms of the loss.
    pub fn picture(&self) -> Arc<Picture> {
        let [_, compute] = backends();
        let lease = |values: &[f32]| {
            Arc::new(
                Lease::upload(values, [values.len() / SIZE.pixels(), SIZE.height, SIZE.width], &compute)
                    .unwrap(),
            )
        };
        let (depth, colour) = (lease(&self.depths(FRAME)), lease(&self.colours(FRAME)));
        let inspection = self.inspection();
        Arc::new(Picture {
            origin: PictureSource::Prediction,
            weights: Some(Provenance::Demo),
            maps: BTreeMap::from([
                (MapName::Colour(FrameId::TARGET), Arc::clone(&colour)),
                (MapName::Depth, Arc::clone(&depth)),
            ]),
            objective: inspection.config().clone(),
            inspection: Some(inspection),
            cloud: Some(Cloud {
                depth,
                colour,
                intrinsics: self.0.intrinsics(&self.key(FRAME)),
                scale: Some(MetricScale::stated(3.0, "exact depth")),
            }),
            ..Arc::into_inner(picture(self.key(FRAME))).unwrap()
        })
    }

    /// The loss of the frame against its next one, with their exact motion.
    fn inspection(&self) -> Arc<PixelInspection> {
        let device = Device::flex();
        let config = ObjectiveConfig {
            frame_ids: vec![FrameId::TARGET, FrameId::NEXT],
            scales: vec![0],
            ..ObjectiveConfig::default()
        };
        let tensor = |values: Vec<f32>| {
            let shape = [1, values.len() / SIZE.pixels(), SIZE.height, SIZE.width];
            Tensor::<1>::from_floats(&values[..], &device).reshape(shape)
        };
        let mut motion = self.0.source_from_target(&self.key(FRAME), &self.key(FRAME + 1));
        motion.translation /= 3.0;
        let rows = glam::DMat4::from(motion).transpose().to_cols_array().map(|value| value as f32);
        // Disparity 0 to 1 stands for depths from 100 to 0.1.
        let disparity = |depth: &f32| ((1.0 / depth - 0.01) / 9.99).clamp(0.0, 1.0);
        let inputs = Inputs {
            colour: BTreeMap::from([
                (FrameId::TARGET, vec![tensor(self.colours(FRAME))]),
                (FrameId::NEXT, vec![tensor(self.colours(FRAME + 1))]),
            ]),
            disparities: BTreeMap::from([(0, tensor(self.depths(FRAME).iter().map(disparity).collect()))]),
            source_from_target: Motions::Shared(BTreeMap::from([(
                FrameId::NEXT,
                Tensor::<1>::from_floats(rows, &device).reshape([1, 4, 4]),
            )])),
            intrinsics: vec![self.0.intrinsics(&self.key(FRAME))],
            predictive_masks: BTreeMap::new(),
            noise: Noise::None,
        };
        Arc::new(PixelInspection::gather(&Objective::new(&config, SIZE), &inputs))
    }

    /// A snapshot of a frame, whose disparity grows sharper with the steps.
    pub fn snapshot(&self, step: u64) -> Arc<Snapshot> {
        let sharpness = step as f32 / 100.0;
        let frame = |frame: u32| {
            let map = |name, values: &[f32]| (name, Thumbnail::new(name, values, SIZE));
            // What is not sharp yet is what the loss is.
            let error: Vec<f32> =
                self.disparities(frame, 1.0 - sharpness).iter().map(|value| (value - 0.3).abs()).collect();
            let maps = [
                map(MapName::Disparity(0), &self.disparities(frame, sharpness)),
                map(MapName::MinimumLoss, &error),
            ];
            let colour = Thumbnail::new(MapName::Colour(FrameId::TARGET), &self.colours(frame), SIZE);
            FrameMaps { key: self.key(frame), colour: Arc::new(colour), maps: maps.into() }
        };
        Arc::new(Snapshot { step: Some(step), frames: vec![frame(17)], seconds: 0.25 })
    }

    /// A path that drifts away from the true one.
    pub fn trajectory(&self) -> Trajectory {
        let truth = (0..20).map(|frame| (frame, self.0.pose(frame)));
        let drifts = |frame: u32| {
            let turn = DAffine3::from_rotation_y(0.004 * f64::from(frame));
            let mut pose = turn * self.0.pose(frame);
            pose.translation *= 0.2;
            pose
        };
        Trajectory {
            folder: self.key(0).folder,
            side: Side::Left,
            frames: (0..20).collect(),
            predicted: (0..20).map(drifts).collect(),
            truth: Arc::new(truth.collect()),
            remarks: Remarks::default(),
            problem: None,
            step: 0,
        }
    }
}
