//! Everything that travels between a session and its users can be serialised.

use crate::protocol::{DRIVE, Files, Model, command, training};
use monoscope::{
    config::{DataChoice, Setting},
    data::{FrameKey, Side},
    objective::MapName,
    session::{Bookmarks, Command, Event, OnRun, Reply, Request, RequestId},
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::collections::BTreeSet;

/// Checks that a value is unchanged by JSON.
fn assert_travels<T: Serialize + DeserializeOwned>(sent: &T) {
    let text = serde_json::to_string(sent).unwrap();
    let received: T = serde_json::from_str(&text).unwrap();
    let [sent, received] = [sent, &received].map(|value| serde_json::to_value(value).unwrap());
    assert!(is_same(&sent, &received), "{text}");
}

/// Tells if two values are equal, except for the last digit of numbers, which the JSON parser rounds.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            let [one, other] = [one, other].map(|number| number.as_f64().unwrap());
            (one - other).abs() <= 1e-15 * one.abs().max(other.abs())
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let is_there =
                |(name, value): (&String, &Value)| other.get(name).is_some_and(|other| is_same(value, other));
            one.len() == other.len() && one.iter().all(is_there)
        }
        _ => one == other,
    }
}

#[test]
fn requests_replies_notices_and_states_are_plain_data() {
    let files = Files::new();
    let random = &mut ChaCha8Rng::seed_from_u64(7);
    for number in 0..300 {
        let command = command(&files, &Model::default(), number, random);
        let request = Request { id: RequestId(number as u64), command };
        assert_travels(&request);
    }
    let (session, _) = training(&files);
    let bookmarks = Bookmarks {
        frames: vec![FrameKey { folder: DRIVE.to_owned(), frame: 5, side: Side::Left }],
        maps: BTreeSet::from([MapName::Disparity(0)]),
        every: 1,
    };
    session.send(Command::Bookmark(bookmarks));
    session.send(Command::OpenData { data: DataChoice::Demo, split: None, on_run: OnRun::Ask });
    session.send(Command::Evaluate(Box::default()));
    session.send(Command::Change(Setting::LearningRate(3e-4)));
    session.send(Command::ViewRun);
    session.send(Command::LoadWeights { path: Some(files.path("nowhere")), on_run: OnRun::Ask });
    let mut kinds = BTreeSet::new();
    while kinds.len() < 5 {
        let event = session.wait().unwrap();
        assert_travels(&event);
        kinds.insert(match event {
            Event::Reply(Reply { result: Ok(_), .. }) => "reply",
            Event::Reply(_) => "failure",
            Event::Step(_) => "step",
            Event::Snapshot(_) => "snapshot",
            Event::Evaluation(_) => "evaluation",
            _ => "other",
        });
    }
    let state = session.state();
    assert_travels(state.as_ref());
}
