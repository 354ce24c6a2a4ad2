//! Recognition by name of pictures that describe others: masks, labels, depth in colours.

/// Phrase of the remark about them.
pub(super) const LEFT_OUT: &str =
    "pictures of masks, labels or depth left out, beside those that they describe";
/// Words for what such pictures show, in small letters.
const ANNOTATIONS: [&str; 20] = [
    "annotation",
    "annotations",
    "depth",
    "depthmap",
    "depths",
    "disp",
    "disparity",
    "instance",
    "instances",
    "label",
    "labelids",
    "labels",
    "mask",
    "masks",
    "normals",
    "seg",
    "segmentation",
    "segmentations",
    "semantic",
    "semantics",
];
/// Words beside them that tell nothing else.
const PLAIN: [&str; 14] = [
    "gt", "image", "images", "img", "left", "map", "maps", "png", "preview", "raw", "right", "vis", "viz",
    "view",
];
/// Beginning of the word colour and what is made of it, in British and in American English.
const COLOUR: &str = "colo";

/// True if a name says that pictures are annotations, and nothing else.
pub(super) fn is_annotation(name: &str) -> bool {
    let name = name.to_lowercase();
    let mut words = name.split(|letter: char| !letter.is_alphabetic()).filter(|word| !word.is_empty());
    let is_known =
        |word: &str| ANNOTATIONS.contains(&word) || PLAIN.contains(&word) || word.starts_with(COLOUR);
    words.clone().all(is_known) && words.any(|word| ANNOTATIONS.contains(&word))
}
