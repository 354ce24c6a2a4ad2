//! Prediction of the viewed frame's neighbours as a job: one depth map or one motion per time slice. The motions
//! bring the neighbours' points into the space of the viewed frame.

use super::{Job, Versions};
use crate::{
    compute::Compute,
    config::FrameId,
    data::{FrameKey, Side},
    evaluate::median,
    objective::MapName,
    predict::MotionPredictor,
    session::{
        Cloud, CloudFusion, FusionRequest, Neighbour, PoseSource, frame_view::FrameView,
        map_request::MapRequest, model::ModelSnapshot, publisher::Publisher,
    },
};
use anyhow::{Context, Result, bail};
use glam::DAffine3;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Folder and camera of a drive, and its measured poses by frame number.
type TruePoses = (String, Side, BTreeMap<u32, DAffine3>);

/// Job that predicts the neighbours of the viewed frame. Predictions of frames near the target are kept for the
/// next target.
pub struct CloudFusionJob {
    versions: Versions,
    /// Networks that view each frame alone, without its source frames.
    snapshot: ModelSnapshot,
    motion_predictor: Option<MotionPredictor>,
    compute: Compute,
    watched: BTreeSet<MapName>,
    request: FusionRequest,
    target: Option<FrameKey>,
    problem: Option<String>,
    clouds: BTreeMap<FrameKey, Cloud>,
    /// `next_from_this` by the key of the earlier frame.
    motions: BTreeMap<FrameKey, DAffine3>,
    true_poses: Option<TruePoses>,
}

impl CloudFusionJob {
    /// Prepares the prediction with the networks of a snapshot.
    ///
    /// # Errors
    /// If predicted poses are requested and there is no pose network.
    pub fn new(
        request: FusionRequest,
        snapshot: ModelSnapshot,
        compute: &Compute,
        versions: Versions,
    ) -> Result<Self> {
        let motion_predictor = match (request.poses, snapshot.networks()) {
            (PoseSource::Predicted, Some(networks)) => {
                let (size, objective) = (snapshot.config.network.size(), &snapshot.config.objective);
                Some(MotionPredictor::new(networks.clone(), size, objective, &compute.device)?)
            }
            _ => None,
        };
        let mut watched = BTreeSet::from([MapName::Depth, MapName::Colour(FrameId::TARGET)]);
        if request.poses == PoseSource::Measured {
            // The ratio of medians gives the scale between measured lengths and the network's unit.
            watched.insert(MapName::TrueDepth);
        }
        Ok(Self {
            versions,
            snapshot: snapshot.without_sources(),
            motion_predictor,
            compute: compute.clone(),
            watched,
            request,
            target: None,
            problem: None,
            clouds: BTreeMap::new(),
            motions: BTreeMap::new(),
            true_poses: None,
        })
    }

    /// Sets the frame whose neighbours are predicted.
    pub fn set_target(&mut self, key: FrameKey) {
        let max_distance = 2 * self.request.frames;
        let is_near = |other: &FrameKey| {
            other.folder == key.folder
                && other.side == key.side
                && other.frame.abs_diff(key.frame) <= max_distance
        };
        self.clouds.retain(|other, _| is_near(other));
        self.motions.retain(|other, _| is_near(other));
        self.target = Some(key);
        self.problem = None;
    }

    /// Publishes the neighbours of the target that are predicted so far.
    pub fn publish(&mut self, publisher: &Publisher) {
        if let Some(fusion) = self.fusion() {
            publisher.publish_fusion(fusion);
        }
    }

    fn fusion(&mut self) -> Option<CloudFusion> {
        let key = self.target.clone()?;
        let neighbours = match self.neighbours(&key) {
            Ok(neighbours) => neighbours,
            Err(error) => {
                self.problem.get_or_insert_with(|| format!("{error:#}"));
                Vec::new()
            }
        };
        Some(CloudFusion {
            step: self.snapshot.step().unwrap_or(0),
            request: self.request,
            neighbours,
            is_complete: !self.has_work(),
            problem: self.problem.clone(),
            key,
        })
    }

    /// Frames on one side of the target, the nearest first, up to the first gap in their numbers.
    fn side(&self, target: &FrameKey, direction: i64) -> Vec<FrameKey> {
        let half = i64::from(self.request.frames / 2);
        let key = |distance: i64| {
            let frame = u32::try_from(i64::from(target.frame) + direction * distance).ok()?;
            let key = FrameKey { frame, ..target.clone() };
            self.snapshot.source.contains(&key).then_some(key)
        };
        (1..=half).map_while(key).collect()
    }

    /// Missing prediction that is nearest to the target.
    fn missing(&self, target: &FrameKey) -> Option<Missing> {
        let sides = [self.side(target, 1), self.side(target, -1)];
        if self.request.poses == PoseSource::Measured && !self.clouds.contains_key(target) {
            return Some(Missing::Cloud(target.clone()));
        }
        let longest = sides.iter().map(Vec::len).max().unwrap_or(0);
        for index in 0..longest {
            for (side, direction) in sides.iter().zip([1, -1]) {
                let Some(key) = side.get(index) else { continue };
                let before = if index == 0 { target } else { &side[index - 1] };
                let (this, next) = if direction > 0 { (before, key) } else { (key, before) };
                if self.motion_predictor.is_some() && !self.motions.contains_key(this) {
                    return Some(Missing::Motion(this.clone(), next.clone()));
                }
                if !self.clouds.contains_key(key) {
                    return Some(Missing::Cloud(key.clone()));
                }
            }
        }
        None
    }

    fn predict(&mut self, missing: Missing) -> Result<()> {
        match missing {
            Missing::Motion(this, next) => {
                let predictor = self.motion_predictor.as_mut().context("there is no pose network")?;
                let motion = predictor.motion(self.snapshot.source.as_ref(), &this, &next)?;
                self.motions.insert(this, motion);
            }
            Missing::Cloud(key) => {
                let request = MapRequest { watched: &self.watched, inspects: false, compute: &self.compute };
                let picture = FrameView { snapshot: &self.snapshot, request }.picture(&key)?;
                let cloud = picture.and_then(|picture| picture.cloud);
                self.clouds.insert(key, cloud.context("there is nothing to draw with")?);
            }
        }
        Ok(())
    }

    fn neighbours(&mut self, target: &FrameKey) -> Result<Vec<Neighbour>> {
        let mut neighbours = match self.request.poses {
            PoseSource::Predicted => self.by_predicted_motions(target),
            PoseSource::Measured => self.by_true_poses(target)?,
        };
        neighbours.sort_by_key(|neighbour| neighbour.frame);
        Ok(neighbours)
    }

    fn by_predicted_motions(&self, target: &FrameKey) -> Vec<Neighbour> {
        let mut neighbours = Vec::new();
        for direction in [1, -1] {
            let mut target_from_here = DAffine3::IDENTITY;
            let mut here = target.clone();
            for key in self.side(target, direction) {
                let motion = self.motions.get(if direction > 0 { &here } else { &key });
                let (Some(motion), Some(cloud)) = (motion, self.clouds.get(&key)) else { break };
                target_from_here *= if direction > 0 { motion.inverse() } else { *motion };
                let (frame, cloud) = (key.frame, cloud.clone());
                neighbours.push(Neighbour { frame, cloud, target_from_source: target_from_here });
                here = key;
            }
        }
        neighbours
    }

    fn by_true_poses(&mut self, target: &FrameKey) -> Result<Vec<Neighbour>> {
        let clouds: Vec<(FrameKey, Cloud)> = [1, -1]
            .into_iter()
            .flat_map(|direction| self.side(target, direction))
            .filter_map(|key| Some((key.clone(), self.clouds.get(&key)?.clone())))
            .collect();
        let metres = self.metres_per_unit(target);
        let is_due = !clouds.is_empty() && self.missing(target).is_none();
        let poses = self.poses(target)?;
        let target_pose = poses.get(&target.frame).context("the data has no pose of this frame")?;
        let Some(metres) = metres else {
            if is_due {
                bail!(
                    "the measured poses are in metres, and neither the weights nor the true depth of these frames \
                     tell how many metres one unit of the network is"
                );
            }
            return Ok(Vec::new());
        };
        let neighbour = |(key, cloud): (FrameKey, Cloud)| {
            let mut target_from_source = target_pose.inverse() * *poses.get(&key.frame)?;
            target_from_source.translation /= metres;
            Some(Neighbour { frame: key.frame, cloud, target_from_source })
        };
        Ok(clouds.into_iter().filter_map(neighbour).collect())
    }

    /// Metres per unit of the network: the known one, else from the true depth of the target, else the median over its
    /// neighbours.
    fn metres_per_unit(&self, target: &FrameKey) -> Option<f64> {
        if let Some(scale) = self.snapshot.known_scale() {
            return Some(scale.metres_per_unit);
        }
        let of = |cloud: &Cloud| Some(cloud.scale.as_ref()?.metres_per_unit);
        let all: Vec<f32> = self.clouds.values().filter_map(of).map(|metres| metres as f32).collect();
        let own = self.clouds.get(target).and_then(of);
        own.or_else(|| (!all.is_empty()).then(|| median(&all)))
    }

    /// Measured poses of the target's drive.
    fn poses(&mut self, target: &FrameKey) -> Result<&BTreeMap<u32, DAffine3>> {
        let is_known = |(folder, side, _): &TruePoses| *folder == target.folder && *side == target.side;
        if !self.true_poses.as_ref().is_some_and(is_known) {
            let mut drives = self.snapshot.source.drives().iter();
            let drive =
                drives.find(|drive| drive.folder == target.folder).context("there is no such drive")?;
            let poses = self.snapshot.source.true_poses(drive, target.side)?.by_frame;
            self.true_poses = Some((target.folder.clone(), target.side, poses));
        }
        match &self.true_poses {
            Some((.., poses)) if !poses.is_empty() => Ok(poses),
            _ => bail!("no poses were measured with this data"),
        }
    }
}

impl Job for CloudFusionJob {
    const NAME: &str = "the neighbours cannot be predicted";

    fn is_current(&self, versions: &Versions) -> bool {
        self.versions == *versions
    }

    fn has_work(&self) -> bool {
        self.target.as_ref().is_some_and(|target| self.problem.is_none() && self.missing(target).is_some())
    }

    /// Predicts one more frame or motion. The job never ends by itself, because the next target may need the frames
    /// that are predicted already.
    fn advance(&mut self, _: Duration, publisher: &Publisher) -> Result<bool> {
        let missing = self.target.as_ref().and_then(|target| self.missing(target));
        if let Some(missing) = missing
            && let Err(error) = self.predict(missing)
        {
            self.problem = Some(format!("{error:#}"));
        }
        self.publish(publisher);
        Ok(true)
    }

    fn abort(&mut self, _: &Publisher) {}
}

/// A prediction that is missing.
enum Missing {
    Cloud(FrameKey),
    /// Motion from the first frame to the second, which is the next one.
    Motion(FrameKey, FrameKey),
}
