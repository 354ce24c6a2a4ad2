//! Prefixes that programs put before the published names of tensors: wrappers of modules, checkpoints of trainers, and
//! names of other re-implementations for the parts of the networks.

use crate::config::NetworkFile;
use std::collections::BTreeSet;

/// Pieces that wrappers of modules put anywhere into a name.
const WRAPPERS: &[&str] =
    &["module", "_orig_mod", "_forward_module", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"];

/// Pieces that trainers put at the beginning of a name.
pub(super) const CONTAINERS: &[&str] = &[
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "models",
    "net",
    "nets",
    "network",
    "networks",
    "params",
    "weights",
];

/// Paths under which a part of the networks is found in one file with the others, longest first.
const PATHS: &[(NetworkFile, &[&str])] = &[
    (NetworkFile::Encoder, &["depth_net", "encoder"]),
    (NetworkFile::Encoder, &["depthnet", "encoder"]),
    (NetworkFile::Encoder, &["disp_net", "encoder"]),
    (NetworkFile::Encoder, &["dispnet", "encoder"]),
    (NetworkFile::Encoder, &["depth", "encoder"]),
    (NetworkFile::Depth, &["depth_net", "decoder"]),
    (NetworkFile::Depth, &["depthnet", "decoder"]),
    (NetworkFile::Depth, &["disp_net", "decoder"]),
    (NetworkFile::Depth, &["dispnet", "decoder"]),
    (NetworkFile::Depth, &["depth", "decoder"]),
    (NetworkFile::PoseEncoder, &["pose_net", "encoder"]),
    (NetworkFile::PoseEncoder, &["posenet", "encoder"]),
    (NetworkFile::PoseEncoder, &["pose", "encoder"]),
    (NetworkFile::Pose, &["pose_net", "decoder"]),
    (NetworkFile::Pose, &["posenet", "decoder"]),
    (NetworkFile::Pose, &["pose", "decoder"]),
    (NetworkFile::Encoder, &["encoder"]),
    (NetworkFile::Encoder, &["depth_encoder"]),
    (NetworkFile::Encoder, &["disp_encoder"]),
    (NetworkFile::Depth, &["depth"]),
    (NetworkFile::Depth, &["depth_decoder"]),
    (NetworkFile::Depth, &["disp_decoder"]),
    (NetworkFile::Depth, &["decoder"]),
    (NetworkFile::PoseEncoder, &["pose_encoder"]),
    (NetworkFile::Pose, &["pose"]),
    (NetworkFile::Pose, &["pose_decoder"]),
    (NetworkFile::Pose, &["pose_net"]),
    (NetworkFile::Pose, &["posenet"]),
    (NetworkFile::Pose, &["pose_cnn"]),
    (NetworkFile::PredictiveMask, &["predictive_mask"]),
];

/// A tensor by which a part of the networks is known, under each name that it may have.
pub(super) fn anchors(part: NetworkFile) -> &'static [&'static str] {
    match part {
        NetworkFile::Encoder => &["encoder.conv1.weight", "convs.0.0.weight"],
        NetworkFile::PoseEncoder => &["encoder.conv1.weight"],
        NetworkFile::Depth | NetworkFile::PredictiveMask => {
            &["decoder.0.conv.conv.weight", "decoder.0.conv.weight", "upconvs.upconv_4_0.0.1.weight"]
        }
        NetworkFile::Pose => &["net.0.weight", "pose_conv.weight", "layers.compress.weight"],
    }
}

/// A name without the pieces of wrappers, and those pieces.
pub(super) fn without_wrappers(name: &str) -> (String, BTreeSet<&'static str>) {
    let mut found = BTreeSet::new();
    let kept: Vec<&str> = name
        .split('.')
        .filter(|piece| {
            let wrapper = WRAPPERS.iter().find(|wrapper| *wrapper == piece);
            found.extend(wrapper);
            wrapper.is_none()
        })
        .collect();
    (kept.join("."), found)
}

/// The prefix before the names of one part of the networks, with its dot; empty if there is none.
///
/// # Errors
/// The prefixes, if the part is there under several.
pub(super) fn prefix_of_part<'a>(
    part: NetworkFile,
    names: impl Iterator<Item = &'a str>,
) -> Result<String, Vec<String>> {
    let prefix = |name: &'a str| anchors(part).iter().find_map(|anchor| prefix_before(name, anchor));
    let found: BTreeSet<&str> = names.filter_map(prefix).collect();
    let words = |piece: &str| piece == part.stem() || CONTAINERS.contains(&piece);
    choose(found, words)
}

/// The prefix before the names of all parts in one file, with its dot; empty if there is none.
///
/// # Errors
/// The prefixes, if the networks are there under several.
pub(super) fn prefix_of_all<'a>(names: impl Iterator<Item = &'a str>) -> Result<String, Vec<String>> {
    let prefix = |name: &'a str| {
        let head = anchors(NetworkFile::Encoder).iter().find_map(|anchor| prefix_before(name, anchor))?;
        let pieces: Vec<&str> = head.strip_suffix('.')?.split('.').collect();
        let (_, path) = PATHS
            .iter()
            .filter(|(part, _)| matches!(part, NetworkFile::Encoder | NetworkFile::PoseEncoder))
            .find(|(_, path)| ends_with(&pieces, path))?;
        let (before, own) = pieces.split_at(pieces.len() - path.len());
        let is_of_pose = own.iter().any(|piece| piece.to_lowercase().starts_with("pose"));
        let length = before.iter().map(|piece| piece.len() + 1).sum::<usize>();
        (!is_of_pose).then(|| &name[..length])
    };
    choose(names.filter_map(prefix).collect(), |piece| CONTAINERS.contains(&piece))
}

/// The part of the networks that a name belongs to, and its name in that part.
pub(super) fn part_of(name: &str) -> Option<(NetworkFile, String)> {
    let pieces: Vec<&str> = name.split('.').collect();
    let (part, path) =
        PATHS.iter().find(|(_, path)| pieces.len() > path.len() && ends_with(&pieces[..path.len()], path))?;
    Some((*part, pieces[path.len()..].join(".")))
}

fn ends_with(pieces: &[&str], path: &[&str]) -> bool {
    let Some(start) = pieces.len().checked_sub(path.len()) else { return false };
    pieces[start..].iter().zip(path).all(|(piece, word)| {
        let piece = piece.to_lowercase();
        piece.strip_suffix("_state_dict").unwrap_or(&piece) == *word
    })
}

/// Beginning of a name before this end, with its dot.
fn prefix_before<'a>(name: &'a str, end: &str) -> Option<&'a str> {
    name.strip_suffix(end).filter(|prefix| prefix.is_empty() || prefix.ends_with('.'))
}

/// The only prefix; of several the empty one, or the only one of known words.
fn choose(found: BTreeSet<&str>, is_known: impl Fn(&str) -> bool) -> Result<String, Vec<String>> {
    if found.is_empty() || found.contains("") {
        return Ok(String::new());
    }
    let of_known_words = |prefix: &&&str| prefix.split_terminator('.').all(&is_known);
    let known: Vec<&&str> = found.iter().filter(of_known_words).collect();
    match (&known[..], found.len()) {
        ([only], _) => Ok((**only).to_owned()),
        (_, 1) => Ok(found.into_iter().collect()),
        _ => Err(found.into_iter().map(str::to_owned).collect()),
    }
}
