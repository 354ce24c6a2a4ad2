//! Presets, files and flags, and the refusal of what cannot work.

use clap::ValueEnum;
use monoscope::config::{
    Change, ConfigError, ConfigOption, FrameId, NetworkConfig, NumberRange, ObjectiveConfig, OptionKind,
    OptionName, Preset, RunConfig, Setting, TrainingConfig, layered, overridden,
};

#[test]
fn flags_win_over_file_and_file_over_preset() {
    let file = "[training]\nbatch_size = 3\nlearning_rate = 0.5\n[network]\nheight = 128\n";
    let mut flags = RunConfig::default();
    flags.training.batch_size = 7;
    flags.training.num_epochs = 9;
    let config = layered(Preset::Small, Some(file), &flags, |name| name == "batch_size").unwrap();
    assert_eq!(config.training.batch_size, 7, "the flag was given");
    assert_eq!(config.training.learning_rate, 0.5, "the file says so");
    assert_eq!(config.network.height, 128, "the file says so");
    assert_eq!(config.network.width, Preset::Small.config().network.width, "only the preset says so");
    assert_eq!(
        config.training.num_epochs,
        Preset::Small.config().training.num_epochs,
        "the flag was not given"
    );
}

#[test]
fn a_file_with_an_unknown_option_is_refused_by_name() {
    let error = layered(Preset::Small, Some("[training]\nbatchsize = 3"), &RunConfig::default(), |_| false);
    assert!(error.unwrap_err().to_string().contains("batchsize"));
}

#[test]
fn a_configuration_survives_its_file() {
    let mut config = Preset::Small.config();
    config.training.steps = Some(12);
    config.objective.frame_ids = vec![FrameId::TARGET, FrameId::PREVIOUS, FrameId::Stereo];
    let text = toml::to_string(&config).unwrap();
    assert_eq!(layered(Preset::Published, Some(&text), &RunConfig::default(), |_| false).unwrap(), config);
}

#[test]
fn what_cannot_work_is_refused_with_a_reason() {
    let frames =
        |ids: &[FrameId]| ObjectiveConfig { frame_ids: ids.to_vec(), ..Default::default() }.validate();
    assert!(frames(&[FrameId::NEXT, FrameId::TARGET]).unwrap_err().to_string().contains("begin with 0"));
    assert!(frames(&[FrameId::TARGET]).unwrap_err().to_string().contains("at least one source"));
    assert!(
        frames(&[FrameId::TARGET, FrameId::NEXT, FrameId::NEXT]).unwrap_err().to_string().contains("twice")
    );
    assert!(
        frames(&[FrameId::TARGET, FrameId::Stereo, FrameId::NEXT]).unwrap_err().to_string().contains("last")
    );
    assert!(frames(&[FrameId::TARGET, FrameId::Stereo]).is_ok());
    let height = NetworkConfig { height: 100, ..Default::default() }.validate().unwrap_err().to_string();
    assert!(height.contains("--height 100") && height.contains("96 or 128"), "{height}");
    assert!(NetworkConfig { width: 32, ..Default::default() }.validate().is_err());
    assert!(TrainingConfig { batch_size: 0, ..Default::default() }.validate().is_err());
    assert!(TrainingConfig { learning_rate: f64::NAN, ..Default::default() }.validate().is_err());
    assert!(ObjectiveConfig { min_depth: 2.0, max_depth: 1.0, ..Default::default() }.validate().is_err());
    for preset in Preset::ALL {
        assert_eq!(preset.config().validate(), Ok(()), "{}", preset.label());
    }
}

#[test]
fn networks_that_do_not_exist_or_do_not_fit_are_refused_with_a_reason() {
    use monoscope::config::{DepthNetworkType::RtMonodepthS, PoseModelInput, PoseModelType};
    type Change = fn(&mut RunConfig);
    let refused: [(&[&str], Change); 14] = [
        (&["--num-layers 20", "18, 34, 50"], |config| config.network.num_layers = 20),
        (&["--pose-num-layers 34", "18, 50"], |config| config.network.pose_num_layers = 34),
        (&["--num-layers", "rt-monodepth-s"], |config| {
            (config.network.depth_network, config.network.num_layers) = (RtMonodepthS, 50);
        }),
        (&["--scales 3", "RT-MonoDepth-S", "0 1 2"], |config| config.network.depth_network = RtMonodepthS),
        (&["--height 40", "four times", "32 or 48"], |config| {
            (config.network.depth_network, config.network.height) = (RtMonodepthS, 40);
        }),
        (&["--width 16", "use 32 to 8192"], |config| {
            (config.network.depth_network, config.network.width) = (RtMonodepthS, 16);
        }),
        (&["--height 48", "five times"], |config| config.network.height = 48),
        (&["--pose-num-layers", "separate_resnet"], |config| {
            (config.network.pose_model_type, config.network.pose_num_layers) = (PoseModelType::Shared, 50);
        }),
        (&["--pretrained-encoder"], |config| {
            config.network.depth_network = RtMonodepthS;
            config.network.pose_model_type = PoseModelType::Posecnn;
            config.network.pretrained_encoder = Some("resnet18.pth".into());
        }),
        (&["no pose network", "--frame-ids"], |config| {
            config.network.pose_model_type = PoseModelType::Posecnn;
            config.objective.frame_ids = vec![FrameId::TARGET, FrameId::Stereo];
        }),
        (&["no pose network"], |config| {
            config.network.pose_model_input = PoseModelInput::All;
            config.objective.frame_ids = vec![FrameId::TARGET, FrameId::Stereo];
        }),
        (&["no pose network"], |config| {
            config.network.pose_num_layers = 50;
            config.objective.frame_ids = vec![FrameId::TARGET, FrameId::Stereo];
        }),
        (&["--predictive-mask", "--disable-automasking"], |config| config.objective.predictive_mask = true),
        (&["--batch-size 1", "32×32"], |config| {
            config.network.depth_network = RtMonodepthS;
            (config.network.height, config.network.width) = (32, 32);
            (config.training.batch_size, config.objective.scales) = (1, vec![0, 1, 2]);
        }),
    ];
    for (words, change) in refused {
        let mut config = RunConfig::default();
        change(&mut config);
        let reason = config.validate().unwrap_err().to_string();
        for word in words {
            assert!(reason.contains(word), "'{reason}' does not say '{word}'");
        }
    }
    let mut fits = RunConfig::default();
    fits.network.depth_network = RtMonodepthS;
    (fits.network.height, fits.network.width, fits.objective.scales) = (48, 80, vec![0, 2]);
    fits.validate().unwrap();
}

#[test]
fn a_refusal_is_data_that_each_reader_is_told_in_their_words() {
    let mut config = RunConfig::default();
    config.network.height = 100;
    let error = config.validate().unwrap_err();
    let [field, height] = [error.field.unwrap(), ConfigOption::named("height").unwrap().id()];
    assert_eq!((field, error.value.as_deref()), (height, Some("100")));
    let reason = "100 does not fit: the depth network halves its input five times; \
                  use a multiple of 32 from 64 up, such as 96 or 128";
    assert_eq!(error.to_string(), format!("--height {reason}"));
    assert_eq!(error.text(|option| format!("<{}>", option.label())), format!("<Height> {reason}"));

    let mut config = RunConfig::default();
    config.objective.predictive_mask = true;
    let error = config.validate().unwrap_err();
    assert_eq!(error.option().unwrap().name, "predictive_mask");
    let labels = error.text(OptionName::label);
    assert_eq!(labels, "Predictive mask takes the place of auto-masking; add Disable automasking");
    assert_eq!(ConfigError::plain("no option").option().map(|option| option.name), None);
}

#[test]
fn every_number_has_a_range_outside_of_which_it_is_refused() {
    let config = RunConfig::default();
    for option in ConfigOption::all() {
        let is_number = matches!(option.kind, OptionKind::Whole | OptionKind::Number);
        let is_path = ["DIR", "FILE"].contains(&option.value_name.as_str());
        let may_be_number = is_number || (option.kind == OptionKind::Optional && !is_path);
        assert_eq!(option.quantity.is_some(), may_be_number, "{} is a {}", option.name, option.value_name);
        let Some(quantity) = option.quantity else { continue };
        let NumberRange { min, max, .. } = quantity.range;
        let below = match min {
            // Below zero a whole number is no value at all.
            0.0 if quantity.range.includes_min && option.kind != OptionKind::Number => None,
            0.0 if quantity.range.includes_min => Some("-1"),
            _ => Some("0"),
        };
        let above = (max < f64::MAX).then(|| (1.5 * max).to_string());
        for outside in below.map(str::to_owned).into_iter().chain(above) {
            let refused = option.set(&config, &outside).and_then(|config| config.validate());
            let error = refused.unwrap_err();
            assert_eq!(
                (error.field, error.value.as_deref()),
                (Some(option.id()), Some(&outside[..])),
                "{error}"
            );
            // Of the layers of a network only some numbers exist.
            let has_layers = option.name.ends_with("num_layers");
            let words = if has_layers { "; use one of 18, " } else { " is out of range; use " };
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}

#[test]
fn a_setting_is_written_by_the_name_of_its_option() {
    let config = RunConfig::default();
    for setting in Setting::all(&config) {
        let written = toml::Table::try_from(setting).unwrap();
        assert_eq!(written.keys().collect::<Vec<_>>(), [setting.option().as_str()]);
    }
}

#[test]
fn scales_that_nobody_named_are_those_of_the_depth_network() {
    let light = "[network]\ndepth_network = \"rt-monodepth-s\"\n";
    let scales = |file: &str, given: &[usize]| {
        let mut flags = RunConfig::default();
        flags.objective.scales = given.to_vec();
        let is_given = |name: &str| name == "scales" && !given.is_empty();
        layered(Preset::Small, Some(file), &flags, is_given).unwrap().objective.scales
    };
    assert_eq!(scales("", &[]), [0, 1, 2, 3]);
    assert_eq!(scales(light, &[]), [0, 1, 2]);
    assert_eq!(scales(light, &[0, 3]), [0, 3], "what is asked for is refused by validation, not changed");
    assert_eq!(scales(&format!("{light}[objective]\nscales = [3]\n"), &[]), [3]);
}

#[test]
fn the_learning_rate_drops_after_epoch_fifteen() {
    let training = TrainingConfig::default();
    let close = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-12;
    assert!((0..15).all(|epoch| close(training.learning_rate_at(epoch), 1e-4)));
    assert!((15..30).all(|epoch| close(training.learning_rate_at(epoch), 1e-5)));
    assert!(close(training.learning_rate_at(30), 1e-6));
}

#[test]
fn flags_have_the_defaults_of_the_struct() {
    use clap::{Args, FromArgMatches};
    let command = RunConfig::augment_args(clap::Command::new("defaults"));
    let matches = command.get_matches_from(["defaults"]);
    assert_eq!(RunConfig::from_arg_matches(&matches).unwrap(), RunConfig::default());
}

#[test]
fn every_preset_is_in_the_table_and_can_be_trained() {
    assert_eq!(Preset::ALL, Preset::value_variants());
    for preset in Preset::ALL {
        preset.config().validate().unwrap();
        let help = preset.to_possible_value().unwrap().get_help().unwrap().to_string();
        let is_stereo = preset.config().objective.frame_ids == [FrameId::TARGET, FrameId::Stereo];
        assert_eq!(help.contains("eigen_full"), is_stereo, "{preset:?} says which split it trains on");
        let same = Preset::ALL.into_iter().filter(|other| other.config() == preset.config()).count();
        assert_eq!(same, 1, "{preset:?} is another's twin");
    }
    assert_eq!(Preset::Published.config(), RunConfig::default());
    let high = Preset::MonoStereoHigh.config();
    assert_eq!((high.network.height, high.network.width), (320, 1024));
    assert_eq!((high.training.batch_size, high.training.num_epochs), (4, 5));
    assert_eq!(high.training.learning_rate, 1e-5);
}

#[test]
fn changes_hold_from_their_step_on_and_survive_the_file() {
    let mut config = RunConfig::default();
    let change = |step, setting| Change { step, setting };
    config.change(change(5, Setting::LearningRate(1e-3))).unwrap();
    config.change(change(3, Setting::NoSsim(true))).unwrap();
    config.change(change(5, Setting::DisparitySmoothness(0.1))).unwrap();
    config.change(change(5, Setting::LearningRate(2e-3))).unwrap();
    assert_eq!(config.changes.len(), 3, "the later value of a step takes the place of the earlier");
    assert!(
        config
            .change(change(7, Setting::LearningRate(-1.0)))
            .unwrap_err()
            .to_string()
            .contains("--learning-rate")
    );
    let text = toml::to_string(&config).unwrap();
    assert!(text.contains("disparity_smoothness = 0.1\n"), "{text}");
    assert_eq!(toml::from_str::<RunConfig>(&text).unwrap(), config);

    let rates: Vec<f64> = [2, 4, 5, 9].map(|step| config.at_step(step).training.learning_rate).into();
    assert_eq!(rates, [1e-4, 1e-4, 2e-3, 2e-3]);
    assert!(!config.at_step(2).objective.no_ssim && config.at_step(3).objective.no_ssim);
    assert!(config.at_step(9).changes.is_empty());
}

#[test]
fn a_resumed_run_takes_only_options_that_change_no_step_made() {
    let mut saved = RunConfig::default();
    saved.training.steps = Some(10);
    let continued = |names: &[&str], change: fn(&mut RunConfig)| {
        let mut flags = RunConfig::default();
        change(&mut flags);
        let wanted = overridden(&saved.at_step(8), &flags, |name| names.contains(&name)).unwrap();
        saved.continued(&wanted, 8)
    };
    assert_eq!(continued(&[], |_| ()).unwrap(), saved);
    let longer = continued(&["steps"], |flags| flags.training.steps = Some(20)).unwrap();
    assert_eq!(longer.training.steps, Some(20));
    let slower = continued(&["learning_rate"], |flags| flags.training.learning_rate = 1e-6).unwrap();
    assert_eq!(slower.changes, [Change { step: 8, setting: Setting::LearningRate(1e-6) }]);
    let refused = continued(&["seed"], |flags| flags.training.seed = 5).unwrap_err();
    assert!(refused.to_string().contains("--seed"), "{refused}");
    let refused = continued(&["frame_ids"], |flags| flags.objective.frame_ids.truncate(2)).unwrap_err();
    assert!(refused.to_string().contains("--frame-ids"), "{refused}");
}
