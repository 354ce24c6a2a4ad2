//! Everything the loss computes for one real sample, against the reference.

use crate::support::{Arrays, golden, shared};
use burn::tensor::Device;
use monoscope::{
    config::{ImageSize, ObjectiveConfig},
    data::{FrameKey, kitti::KittiRaw},
    inspect::{dump, inspect},
    model::weights,
};

const SAMPLE: &str = "2011_09_26/2011_09_26_drive_9011_sync 40 l";
const SIZE: ImageSize = ImageSize { height: 192, width: 640 };

#[test]
#[ignore = "needs ../shared/golden and ../shared/kitti_png and ../shared/weights/formula_resnet18: reference arrays, a triplet without a JPEG decoder between, weights files as PyTorch writes them"]
fn a_real_sample_agrees_with_the_reference_map_by_map() {
    let golden = golden("inspect_9011_0000000040_l");
    let (images, folder) = (shared("kitti_png"), shared("weights/formula_resnet18"));
    let device = Device::flex();
    let networks = weights::load(&folder, &device).unwrap().networks;
    let source = KittiRaw::open(&images).unwrap();
    let key: FrameKey = SAMPLE.parse().unwrap();
    let arrays = inspect(&networks, &source, &key, &ObjectiveConfig::default(), SIZE, &device).unwrap();

    let file = tempfile::tempdir().unwrap();
    let path = file.path().join("dump.safetensors");
    dump(&arrays, &path).unwrap();
    let found = Arrays::open(&path);
    for name in golden.names() {
        let ((expected_shape, expected), (shape, values)) = (golden.get(&name), found.get(&name));
        assert_eq!(shape, expected_shape, "{name}");
        if ["source_index", "automask"].contains(&name.as_str()) {
            let equal = values.iter().zip(&expected).filter(|(a, b)| a == b).count() as f64;
            let share = equal / values.len() as f64;
            assert!(share >= 0.998, "{name} is equal at {share} of the pixels");
        } else if shape.len() == 1 {
            let difference = (values[0] - expected[0]).abs();
            assert!(difference < 1e-4 * expected[0].abs(), "{name}: {} is not {}", values[0], expected[0]);
        } else {
            // Depth reaches 100, so it is compared relative to its size.
            let difference = |(a, b): (&f32, &f32)| (a - b).abs() / b.abs().max(1.0);
            let mut differences: Vec<f32> = values.iter().zip(&expected).map(difference).collect();
            differences.sort_by(f32::total_cmp);
            let percentile = differences[(differences.len() - 1) * 999 / 1000];
            assert!(percentile < 1e-4, "{name} differs by {percentile} at the 99.9th percentile");
        }
    }
}
