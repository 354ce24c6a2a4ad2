//! Neighbours of a frame, predicted beside other work and put where their cameras stood.

use crate::session::{next, next_picture, open_demo, request, session, small};
use glam::DAffine3;
use monoscope::{
    config::FrameId,
    data::{FrameKey, FrameSource, Side, synthetic::BuiltInDrive},
    objective::MapName,
    session::{CloudFusion, Command, Event, FusionRequest, OnRun, PoseSource, SessionHandle},
};
use std::sync::Arc;

/// The neighbours once they are all there.
fn fused(session: &SessionHandle, frame: u32) -> Arc<CloudFusion> {
    next_fusion(session, |fusion| fusion.key.frame == frame && fusion.is_complete)
}

fn next_fusion(session: &SessionHandle, is_it: impl Fn(&CloudFusion) -> bool) -> Arc<CloudFusion> {
    for _ in 0..6000 {
        if let Some(fusion) = session.fusion().filter(|fusion| is_it(fusion)) {
            return fusion;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("no neighbours came");
}

fn frames(fusion: &CloudFusion) -> Vec<u32> {
    fusion.neighbours.iter().map(|neighbour| neighbour.frame).collect()
}

fn distance(motion: DAffine3, other: DAffine3) -> f64 {
    let rows = motion.to_cols_array().into_iter().zip(other.to_cols_array());
    rows.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn neighbours_stand_where_the_measured_way_puts_them() {
    let session = session();
    session.send(Command::Watch([MapName::Depth, MapName::Colour(FrameId::TARGET)].into()));
    open_demo(&session);
    request(&session, Command::LoadWeights { path: None, on_run: OnRun::End });
    let drive = BuiltInDrive::default();
    let key = FrameKey {
        folder: drive.drives()[0].folder.clone(),
        frame: drive.drives()[0].frames.start,
        side: Side::Left,
    };
    // At the start of the drive there are neighbours on one side only.
    session.send(Command::Show(FrameKey { frame: key.frame + 1, ..key.clone() }));
    session.send(Command::Fuse(FusionRequest { frames: 5, poses: PoseSource::Measured }));
    let fusion = fused(&session, key.frame + 1);
    assert!(fusion.problem.is_none(), "{:?}", fusion.problem);
    assert_eq!(frames(&fusion), [0, 2, 3].map(|beside| key.frame + beside));
    let poses = drive.true_poses(&drive.drives()[0], Side::Left).unwrap().by_frame;
    let mut metres = Vec::new();
    for neighbour in &fusion.neighbours {
        let truth = poses[&(key.frame + 1)].inverse() * poses[&neighbour.frame];
        assert!(neighbour.target_from_source.matrix3.col(2).distance(truth.matrix3.col(2)) < 1e-9);
        metres.push(truth.translation.length() / neighbour.target_from_source.translation.length());
        assert!(truth.translation.length() > 0.1, "the drive moves");
    }
    assert!(
        metres.iter().all(|ratio| (ratio / metres[0] - 1.0).abs() < 1e-6),
        "one scale for all: {metres:?}"
    );

    session.send(Command::Fuse(FusionRequest { frames: 5, poses: PoseSource::Predicted }));
    let fusion = next_fusion(&session, |fusion| fusion.problem.is_some());
    let problem = fusion.problem.clone().unwrap_or_default();
    assert!(problem.contains("no pose network") && fusion.neighbours.is_empty(), "{problem}");
}

#[test]
fn predicted_motions_are_chained_and_kept_while_scrubbing() {
    let folder = tempfile::tempdir().unwrap();
    let session = session();
    session.send(Command::Watch([MapName::Depth, MapName::Colour(FrameId::TARGET)].into()));
    open_demo(&session);
    session.send(Command::Start { config: small(1), out: folder.path().join("run") });
    next(&session, |event| matches!(event, Event::RunEnded { .. }));
    let mut key = next_picture(&session, |_| true).key.clone();
    key.frame += 5;
    session.send(Command::Show(key.clone()));
    session.send(Command::Fuse(FusionRequest { frames: 5, poses: PoseSource::Predicted }));
    let first = fused(&session, key.frame);
    let neighbours = [-2, -1, 1, 2].map(|beside| key.frame.saturating_add_signed(beside));
    assert_eq!(frames(&first), neighbours);
    assert!(first.problem.is_none(), "{:?}", first.problem);

    // The next frame has the same neighbours but for one, and the same lies between them.
    session.send(Command::Show(FrameKey { frame: key.frame + 1, ..key.clone() }));
    let second = fused(&session, key.frame + 1);
    let of = |fusion: &CloudFusion, frame: u32| {
        let mut neighbours = fusion.neighbours.iter();
        neighbours.find(|neighbour| neighbour.frame == frame).unwrap().clone()
    };
    let (old, new) = (of(&first, key.frame + 2), of(&second, key.frame + 2));
    assert!(Arc::ptr_eq(&old.cloud.depth, &new.cloud.depth), "its depth was predicted once");
    // first: from +2 to 0; second: from 0 to +1, and from +2 to +1.
    let chained = of(&second, key.frame).target_from_source * old.target_from_source;
    let error = distance(chained, new.target_from_source);
    assert!(error < 1e-6, "the motions agree: {error}");
}
