//! The neighbours of the frame that is looked at, predicted one at a time beside other work, with the
//! motions that put their points into its space.

use super::{Job, Now, Slice};
use crate::{
    compute::Compute,
    config::FrameId,
    data::{FrameKey, Side},
    evaluate::median,
    objective::MapName,
    predict::MotionPredictor,
    session::{
        Cloud,
        model::ModelSnapshot,
        publisher::Publisher,
        showing::{FrameView, MapRequest},
    },
};
use anyhow::{Context, Result, bail};
use glam::DAffine3;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Which frames are put together into one cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FusionRequest {
    /// Their number with the frame that is looked at, half of them on either side; 1 for it alone.
    pub frames: u32,
    /// How they are put together.
    pub poses: PoseSource,
}

impl Default for FusionRequest {
    fn default() -> Self {
        Self { frames: 1, poses: PoseSource::Predicted }
    }
}

/// Where the motion between frames comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PoseSource {
    /// The pose network, pair by pair of frames.
    Predicted,
    /// What the data says of the camera's way, brought to the scale of the depths.
    Measured,
}

/// A frame beside the one that is looked at.
#[derive(Clone, Debug)]
pub struct Neighbour {
    /// Its number.
    pub frame: u32,
    /// Its depth and colours.
    pub cloud: Cloud,
    /// From its camera to that of the frame that is looked at, in the network's unit of length.
    pub target_from_source: DAffine3,
}

/// The neighbours of a frame, as far as they are predicted.
#[derive(Clone, Debug)]
pub struct CloudFusion {
    /// The frame.
    pub key: FrameKey,
    /// Steps that the networks had made.
    pub step: u64,
    /// What was asked for.
    pub request: FusionRequest,
    /// Its neighbours by their number.
    pub neighbours: Vec<Neighbour>,
    /// Whether no more will come.
    pub is_whole: bool,
    /// Why there are no more, if that is not for the end of the drive.
    pub problem: Option<String>,
}

impl CloudFusion {
    /// None, for this reason.
    pub fn impossible(key: FrameKey, step: u64, request: FusionRequest, reason: &anyhow::Error) -> Self {
        let problem = Some(format!("{reason:#}"));
        Self { key, step, request, neighbours: Vec::new(), is_whole: true, problem }
    }
}

/// The poses of a drive with the drive's name.
type TruePoses = (String, Side, BTreeMap<u32, DAffine3>);

/// Predicts neighbours and keeps those that are near.
pub struct CloudFusionJob {
    version: Now,
    /// With no frame but the target.
    snapshot: ModelSnapshot,
    motion_predictor: Option<MotionPredictor>,
    knows_stereo: bool,
    compute: Compute,
    watched: BTreeSet<MapName>,
    request: FusionRequest,
    target: Option<FrameKey>,
    problem: Option<String>,
    clouds: BTreeMap<FrameKey, Cloud>,
    /// `next_from_this`, by the key of this.
    motions: BTreeMap<FrameKey, DAffine3>,
    true_poses: Option<TruePoses>,
}

impl CloudFusionJob {
    /// Gets ready to predict with the networks of a snapshot.
    pub fn new(
        request: FusionRequest,
        snapshot: ModelSnapshot,
        compute: &Compute,
        version: Now,
    ) -> Result<Self> {
        let motion_predictor = match (request.poses, snapshot.networks()) {
            (PoseSource::Predicted, Some(networks)) => {
                let (size, objective) = (snapshot.config.network.size(), &snapshot.config.objective);
                Some(MotionPredictor::new(networks.clone(), size, objective, &compute.device)?)
            }
            _ => None,
        };
        let knows_stereo = snapshot.knows_stereo() || snapshot.config.objective.uses_stereo();
        let mut watched = BTreeSet::from([MapName::Depth, MapName::Colour(FrameId::TARGET)]);
        if request.poses == PoseSource::Measured {
            // Its medians tell what the measured lengths are in the network's unit.
            watched.insert(MapName::TrueDepth);
        }
        Ok(Self {
            version,
            snapshot: snapshot.without_sources(),
            motion_predictor,
            knows_stereo,
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

    /// Turns to the neighbours of this frame.
    pub fn aim(&mut self, key: FrameKey) {
        let kept = 2 * self.request.frames;
        let is_near = |other: &FrameKey| {
            other.folder == key.folder && other.side == key.side && other.frame.abs_diff(key.frame) <= kept
        };
        self.clouds.retain(|other, _| is_near(other));
        self.motions.retain(|other, _| is_near(other));
        self.target = Some(key);
        self.problem = None;
    }

    fn is_unfinished(&self) -> bool {
        self.target.as_ref().is_some_and(|target| self.problem.is_none() && self.missing(target).is_some())
    }

    /// Publishes what there is so far for the frame that was aimed at.
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
            is_whole: !self.is_unfinished(),
            problem: self.problem.clone(),
            key,
        })
    }

    /// The frames on one side of the target, the nearest first, up to the first gap.
    fn side(&self, target: &FrameKey, direction: i64) -> Vec<FrameKey> {
        let half = i64::from(self.request.frames / 2);
        let key = |distance: i64| {
            let frame = u32::try_from(i64::from(target.frame) + direction * distance).ok()?;
            let key = FrameKey { frame, ..target.clone() };
            self.snapshot.source.contains(&key).then_some(key)
        };
        (1..=half).map_while(key).collect()
    }

    /// What is to be predicted next: what is nearest to the target.
    fn missing(&self, target: &FrameKey) -> Option<Missing> {
        let sides = [self.side(target, 1), self.side(target, -1)];
        if self.request.poses == PoseSource::Measured && !self.clouds.contains_key(target) {
            return Some(Missing::Cloud(target.clone()));
        }
        let most = sides.iter().map(Vec::len).max().unwrap_or(0);
        for index in 0..most {
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
        let target_pose =
            poses.get(&target.frame).context("the data does not say where this frame was taken")?;
        let Some(metres) = metres else {
            if is_due {
                bail!(
                    "the measured way is in metres, and neither the weights nor true depth of these frames \
                     tell how many a unit of the network has"
                );
            }
            return Ok(Vec::new());
        };
        let place = |(key, cloud): (FrameKey, Cloud)| {
            let mut target_from_source = target_pose.inverse() * *poses.get(&key.frame)?;
            target_from_source.translation /= metres;
            Some(Neighbour { frame: key.frame, cloud, target_from_source })
        };
        Ok(clouds.into_iter().filter_map(place).collect())
    }

    /// By the networks, else by the true depth of the target, else by that of its neighbours.
    fn metres_per_unit(&self, target: &FrameKey) -> Option<f64> {
        if let Some(scale) = self.snapshot.stated_scale() {
            return Some(scale.metres_per_unit);
        }
        if let Some(metres) = self.snapshot.source.metres_per_unit(target).filter(|_| self.knows_stereo) {
            return Some(f64::from(metres));
        }
        let of = |cloud: &Cloud| Some(cloud.scale.as_ref()?.metres_per_unit);
        let all: Vec<f32> = self.clouds.values().filter_map(of).map(|metres| metres as f32).collect();
        let own = self.clouds.get(target).and_then(of);
        own.or_else(|| (!all.is_empty()).then(|| median(&all)))
    }

    /// The true poses of the target's drive.
    fn poses(&mut self, target: &FrameKey) -> Result<&BTreeMap<u32, DAffine3>> {
        let is_known = |(folder, side, _): &TruePoses| *folder == target.folder && *side == target.side;
        if !self.true_poses.as_ref().is_some_and(is_known) {
            let mut drives = self.snapshot.source.drives().iter();
            let drive =
                drives.find(|drive| drive.folder == target.folder).context("there is no such drive")?;
            let poses = self.snapshot.source.true_poses(drive, target.side)?;
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

    fn is_current(&self, now: &Now) -> bool {
        self.version == *now
    }

    fn has_work(&self) -> bool {
        self.is_unfinished()
    }

    /// Predicts one more frame or motion. It stays for the next frame that is looked at.
    fn advance(&mut self, _: Slice, publisher: &Publisher) -> Result<bool> {
        let missing = self.target.as_ref().and_then(|target| self.missing(target));
        if let Some(missing) = missing
            && let Err(error) = self.predict(missing)
        {
            self.problem = Some(format!("{error:#}"));
        }
        self.publish(publisher);
        Ok(true)
    }

    fn give_up(&mut self, _: &Publisher) {}
}

/// Something to predict.
enum Missing {
    Cloud(FrameKey),
    /// From the first to the second, which was taken after it.
    Motion(FrameKey, FrameKey),
}
