//! The evaluation pane.

use super::*;

/// A report about two images.
fn evaluation_report(name: &str, errors: [f64; 2]) -> Arc<EvaluationReport> {
    let image = |frame: u32, abs_rel: f64| ImageResult {
        key: key(frame).to_string(),
        metrics: DepthMetrics { abs_rel, ..DepthMetrics::default() },
        ratio: 1.0,
        pixels: 100,
    };
    let per_image = vec![image(3, errors[0]), image(7, errors[1])];
    let evaluation = DepthEvaluation {
        metrics: DepthMetrics::mean(per_image.iter().map(|image| &image.metrics)),
        ratio_median: 1.0,
        ratio_std: 0.0,
        images: 2,
        images_without_depth: 0,
        images_per_second: 5.0,
        protocol: "as in the test".to_owned(),
        by_distance: Vec::new(),
        per_image,
    };
    Arc::new(EvaluationReport { name: name.to_owned(), evaluation, published: Vec::new() })
}

#[test]
fn an_evaluation_is_asked_for_followed_and_its_worst_image_opened() {
    let mut stage = stage_with_data();
    click(&mut stage, "View");
    click(&mut stage, "Evaluation");
    assert!(stage.query_by_label_contains("There are no networks to evaluate").is_some());
    stage.state_mut().show(Arc::new(Picture {
        origin: PictureSource::Prediction,
        ..Arc::into_inner(picture(key(1))).unwrap()
    }));
    stage.run();
    click(&mut stage, "mirror blend");
    stage.state_mut().take_commands();
    click(&mut stage, "Evaluate");
    let commands = stage.state_mut().take_commands();
    let [Command::Evaluate(request)] = &commands[..] else { panic!("{commands:?}") };
    assert!(request.choices.post_process && request.weights.is_none());

    let begun = EvaluationProgress::Started { name: "first".into(), protocol: "so".into(), frames: 2 };
    stage.state_mut().receive(Event::Evaluation(begun));
    stage.state_mut().receive(Event::Evaluation(EvaluationProgress::Read(1)));
    stage.run();
    assert!(stage.query_by_label_contains("1 of 2 frames").is_some());
    click(&mut stage, "Cancel");
    assert!(matches!(stage.state_mut().take_commands()[..], [Command::CancelEvaluation]));

    for (name, errors) in [("first", [0.1, 0.2]), ("second", [0.3, 0.1])] {
        let news = EvaluationProgress::Finished(evaluation_report(name, errors));
        stage.state_mut().receive(Event::Evaluation(news));
    }
    stage.run();
    assert!(stage.query_by_label("+0.050").is_some(), "the second is worse by so much on average");
    click(&mut stage, "Images");
    stage.get_by_label_contains("drive_one 3 l: abs_rel 0.300").click();
    stage.run();
    let commands = stage.state_mut().take_commands();
    assert_eq!(shown(&commands), [key(3)]);
    let watched = watched(&commands).expect("what was scored is shown");
    assert!(watched.contains(&MapName::DepthError) && watched.contains(&MapName::TrueDepth), "{watched:?}");
}
