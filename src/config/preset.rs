//! Named starting points for a run: the published recipes, their ablations, and a small one.

use super::RunConfig;

/// A named configuration to start from; flags and files change it further. The published ones are
/// those of the paper's tables 1 and 2 and of its supplement G.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Preset {
    /// A small size and batch for a machine without a GPU: depth forms within minutes
    Small,
    /// The small preset with RT-MonoDepth-S, whose encoder serves depth and motion: more steps a second
    Light,
    /// Mode M: neighbouring frames, 640×192, batches of 12, 20 epochs; trains on eigen_zhou
    Published,
    /// Mode S: the other stereo camera, 640×192; trains on eigen_full
    Stereo,
    /// Mode MS: neighbouring frames and the other camera, 640×192; trains on eigen_zhou
    MonoStereo,
    /// Mode M at 1024×320: 5 epochs from the 640×192 networks, which --weights names; eigen_zhou
    MonoHigh,
    /// Mode S at 1024×320: 5 epochs from the 640×192 networks, which --weights names; eigen_full
    StereoHigh,
    /// Mode MS at 1024×320: 5 epochs from the 640×192 networks, which --weights names; eigen_zhou
    MonoStereoHigh,
    /// Ablation of M: none of the paper's three contributions
    Baseline,
    /// Ablation of M: the average of the sources instead of their minimum
    WithoutMinimum,
    /// Ablation of M: every pixel trains
    WithoutAutomask,
    /// Ablation of M: each scale is compared at its own size
    WithoutFullResolution,
    /// Ablation of M: colours are compared by L1 only
    WithoutSsim,
    /// Ablation of M: a predicted mask instead of the auto-mask
    PredictiveMask,
}

/// Every preset: its name for a person, and what differs from the defaults, which are mode M.
const TABLE: [(Preset, &str, &str); 14] = [
    (
        Preset::Small,
        "Small",
        "network = { height = 64, width = 192 }
         training = { batch_size = 4, num_epochs = 40, scheduler_step_size = 30 }",
    ),
    (
        Preset::Light,
        "Light",
        "network = { height = 64, width = 192, depth_network = 'rt-monodepth-s', pose_model_type = 'shared' }
         objective = { scales = [0, 1, 2] }
         training = { batch_size = 4, num_epochs = 40, scheduler_step_size = 30 }",
    ),
    (Preset::Published, "M, 640×192", ""),
    (Preset::Stereo, "S, 640×192", "objective = { frame_ids = ['0', 's'] }"),
    (Preset::MonoStereo, "MS, 640×192", "objective = { frame_ids = ['0', '-1', '1', 's'] }"),
    (
        Preset::MonoHigh,
        "M, 1024×320",
        "network = { height = 320, width = 1024 }
         training = { batch_size = 4, num_epochs = 5, learning_rate = 1e-5 }",
    ),
    (
        Preset::StereoHigh,
        "S, 1024×320",
        "network = { height = 320, width = 1024 }
         objective = { frame_ids = ['0', 's'] }
         training = { batch_size = 4, num_epochs = 5, learning_rate = 1e-5 }",
    ),
    (
        Preset::MonoStereoHigh,
        "MS, 1024×320",
        "network = { height = 320, width = 1024 }
         objective = { frame_ids = ['0', '-1', '1', 's'] }
         training = { batch_size = 4, num_epochs = 5, learning_rate = 1e-5 }",
    ),
    (
        Preset::Baseline,
        "M, baseline",
        "objective = { v1_multiscale = true, disable_automasking = true, avg_reprojection = true }",
    ),
    (Preset::WithoutMinimum, "M, no minimum", "objective = { avg_reprojection = true }"),
    (Preset::WithoutAutomask, "M, no auto-mask", "objective = { disable_automasking = true }"),
    (Preset::WithoutFullResolution, "M, no full size", "objective = { v1_multiscale = true }"),
    (Preset::WithoutSsim, "M, no SSIM", "objective = { no_ssim = true }"),
    (
        Preset::PredictiveMask,
        "M, predictive mask",
        "objective = { predictive_mask = true, disable_automasking = true }",
    ),
];

impl Preset {
    /// Every preset, in the order shown.
    pub const ALL: [Self; TABLE.len()] = {
        let mut all = [Self::Small; TABLE.len()];
        let mut index = 0;
        while index < all.len() {
            all[index] = TABLE[index].0;
            index += 1;
        }
        all
    };

    fn row(self) -> (&'static str, &'static str) {
        let row = TABLE.into_iter().find(|(preset, ..)| *preset == self);
        let (_, label, options) = row.expect("the table has every preset, which a test holds");
        (label, options)
    }

    /// Name for a person.
    pub fn label(self) -> &'static str {
        self.row().0
    }

    /// Returns the configuration of the preset.
    pub fn config(self) -> RunConfig {
        toml::from_str(self.row().1).expect("the table's options exist, which a test holds")
    }
}
