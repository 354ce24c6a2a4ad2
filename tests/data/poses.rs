//! Files of poses in all forms that trajectory tools write, and how poses of two files are paired.

use glam::{DAffine3, DVec3};
use monoscope::{
    data::poses::{self, Poses},
    evaluate::PosePairs,
};
use std::fs;

const START: f64 = 1403715524.907143;
const HEADER: &str =
    "#timestamp, p_RS_R_x [m], p_RS_R_y [m], p_RS_R_z [m], q_RS_w [], q_RS_x [], q_RS_y [], q_RS_z []\n";

/// Lines of a path of 40 poses straight on, written by `line` from their number and x and z.
fn lines(line: impl Fn(usize, f64, f64) -> String) -> Vec<String> {
    (0..40).map(|index| line(index, 0.01 * index as f64, 0.8 * index as f64)).collect()
}

fn kitti() -> Vec<String> {
    lines(|_, x, z| format!("1 0 0 {x:.6e} 0 1 0 0 0 0 1 {z:.6e}"))
}

fn tum() -> Vec<String> {
    lines(|index, x, z| format!("{:.6} {x:.6} 0 {z:.6} 0 0 0 1", START + 0.1 * index as f64))
}

fn read(text: &str) -> Poses {
    poses::parse(text).unwrap_or_else(|reason| panic!("{reason}:\n{text}"))
}

fn remarks(read: &Poses) -> String {
    read.remarks.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Checks that a text holds the path, with these words in its remarks; without words, none.
fn holds_path(text: &str, words: &str) -> Poses {
    let read = read(text);
    assert_eq!(read.poses.len(), 40, "{text}");
    for (index, pose) in read.poses.iter().enumerate() {
        let expected = DVec3::new(0.01 * index as f64, 0.0, 0.8 * index as f64);
        assert!(pose.abs_diff_eq(DAffine3::from_translation(expected), 1e-9), "{pose} in\n{text}");
    }
    if let Some(times) = &read.times {
        let expected = |index: usize| times[0] + 0.1 * index as f64;
        assert!((0..40).all(|index| (times[index] - expected(index)).abs() < 2e-6), "{times:?}");
    }
    let found = remarks(&read);
    assert!(found.contains(words) && found.is_empty() == words.is_empty(), "'{found}' lacks '{words}'");
    read
}

#[test]
fn each_form_is_read() {
    let [kitti, tum] = [kitti(), tum()];
    let with_commas = |lines: &[String]| lines.join("\n").replace(' ', ",");
    let ns = |index: usize| 1_403_715_524_907_143_168 + 100_000_000 * index as u64;
    let euroc = lines(|index, x, z| format!("{},{x},0,{z},1,0,0,0", ns(index))).join("\n");
    let states =
        lines(|index, x, z| format!("{},{x},0,{z},1,0,0,0,1,2,3,nan,0,0,0,0,0", ns(index))).join("\n");
    let numbered = |first: usize| {
        let rows = kitti.iter().enumerate().map(|(index, line)| format!("{} {line}\n", index + first));
        rows.collect::<String>()
    };
    holds_path(&kitti.join("\n"), "");
    holds_path(&kitti.join(" \r\n"), "");
    holds_path(&with_commas(&kitti), "");
    assert_eq!(holds_path(&numbered(1), "").frames[..3], [1, 2, 3]);
    holds_path(&kitti.iter().map(|line| format!("{line} 0 0 0 1\n")).collect::<String>(), "");
    let timed = |index: usize, line: &String| format!("{:.3} {line}\n", 0.1 * index as f64);
    let timed = kitti.iter().enumerate().map(|(index, line)| timed(index, line)).collect::<String>();
    assert!(holds_path(&timed, "").times.is_some());
    holds_path(&tum.join("\n"), "");
    holds_path(&with_commas(&tum), "");
    holds_path(&tum.join("\n").replace(' ', "\t"), "");
    holds_path(&tum.join("\n").replace(' ', ";").replace('.', ","), "");
    holds_path(&tum.join("\n").replace('.', ","), "");
    for header in
        ["timestamp tx ty tz qx qy qz qw\n", "# ground truth\n# timestamp tx ty tz qx qy qz qw\n", "\n%c\n"]
    {
        holds_path(&format!("{header}{}", tum.join("\n")), "");
    }
    holds_path(&format!("{HEADER}{euroc}"), "40 times in nanoseconds");
    holds_path(&euroc, "nanoseconds");
    holds_path(&states, "nanoseconds");
    let by_units = [(1e3, 6, "milliseconds"), (1e6, 3, "microseconds"), (1e9, 0, "nanoseconds")];
    for (per_second, digits, words) in by_units {
        let time = |index: usize| (START + 0.1 * index as f64) * per_second;
        let text = lines(|index, x, z| format!("{:.digits$} {x} 0 {z} 0 0 0 1", time(index))).join("\n");
        let read = holds_path(&text, words);
        assert!((read.times.unwrap()[0] - START).abs() < 1e-4);
    }
    // From the start of the recording; the names tell the order, with row numbers before them.
    let text = lines(|index, x, z| format!("{} {x} 0 {z} 0 0 0 1", index * 100_000_000)).join("\n");
    holds_path(&text, "nanoseconds");
    let text = lines(|index, x, z| format!("{index},1,0,0,0,{x},0,{z},{}", 0.1 * index as f64)).join("\n");
    holds_path(&format!(",qw,qx,qy,qz,x,y,z,time\n{text}"), "");
}

#[test]
fn marks_and_wide_characters_of_windows_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("poses.txt");
    let text = tum().join("\r\n");
    let wide =
        |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let marked = format!("\u{feff}{text}");
    for bytes in [
        marked.clone().into_bytes(),
        wide(&marked, u16::to_le_bytes),
        wide(&marked, u16::to_be_bytes),
        wide(&text, u16::to_le_bytes),
        wide(&text, u16::to_be_bytes),
    ] {
        fs::write(&file, bytes).unwrap();
        assert_eq!(poses::read(&file).unwrap(), read(&text));
    }
}

#[test]
fn rows_that_are_left_out_or_sorted_are_counted() {
    let tum = tum();
    let twice = [&tum[..20], &tum[19..]].concat().join("\n");
    holds_path(&twice, "1 row with the time of another left out (line 21)");
    let counted = read(&twice);
    assert_eq!((counted.row_count, counted.rows), (40, (0..40).collect::<Vec<u32>>()), "one row too many");
    let mut mixed = tum.clone();
    mixed.swap(3, 30);
    holds_path(&mixed.join("\n"), "rows sorted by time (line 5, line 6, line 7, …)");
    let cut = format!("{}\n1403715529.9 0.4 0", tum.join("\n"));
    holds_path(&cut, "1 cut row left out (line 41)");
    for words in ["NaN", "-nan", "inf"] {
        let row = |(index, line): (usize, &String)| match index % 9 {
            0 => format!("{}{}", line.split(' ').next().unwrap(), format!(" {words}").repeat(7)),
            _ => line.clone(),
        };
        let read = read(&tum.iter().enumerate().map(row).collect::<Vec<_>>().join("\n"));
        assert_eq!((read.poses.len(), read.row_count), (35, 40));
        assert!(remarks(&read).starts_with("5 rows with NaN or infinity left out (line 1, line 10"));
    }
    // Lost frames of a path by frames keep the numbers of the others.
    for lost in [["nan"; 12].join(" "), ["0"; 12].join(" ")] {
        let mut kitti = kitti();
        kitti[7] = lost;
        let read = read(&kitti.join("\n"));
        assert_eq!((read.poses.len(), read.frames[6], read.frames[7]), (39, 6, 8));
        assert!(remarks(&read).contains("left out (line 8)"), "{}", remarks(&read));
    }
}

#[test]
fn refusals_say_what_to_do() {
    let tum = tum();
    let without_time: Vec<&str> = tum.iter().map(|line| line.split_once(' ').unwrap().1).collect();
    let one_time: Vec<String> = without_time.iter().map(|line| format!("1604644894.0 {line}")).collect();
    let seconds: Vec<String> =
        without_time.iter().enumerate().map(|(index, line)| format!("{} {line}", index / 10)).collect();
    let columns = "1 0 0 0 0 1 0 0 0 0 1 0 1 2 3 1";
    for (text, words) in [
        (String::new(), "it holds no pose"),
        ("# only a comment\n".to_owned(), "it holds no pose"),
        (without_time.join("\n"), "write the time first"),
        (one_time.join("\n"), "all its 40 rows have the time 1604644894"),
        (seconds.join("\n"), "only 4 of its 40 rows have a time of their own"),
        ("1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n".to_owned(), "write each pose in one line"),
        ("0 0 1\n1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n".to_owned(), "write each pose in one line"),
        ("1 2 3 4 5\n".to_owned(), "KITTI has 12"),
        (columns.to_owned(), "column by column"),
        (format!("{}\nabc 2 3\n", tum[0]), "line 2: 'abc' is not a number"),
        (format!("{}\n1 2 3\n{}\n", tum[0], tum[1]), "line 2: it has 3 numbers instead of 8"),
        ("2 0 0 0 0 2 0 0 0 0 2 0\n".to_owned(), "scaled by 2.0000"),
        ("2 0 0 0 0 2 0 0 0 0 1 0\n".to_owned(), "the determinant is 4.000"),
        ("1 0 0 0 0 1 0 0 0 0 -1 0\n".to_owned(), "mirror image"),
        ("0 1 2 3 0.1 0 0 0.1\n".to_owned(), "not of length 1 but 0.141"),
        ("1 0 0 0 0 1 0 0 0 0 1 9e7\n".to_owned(), "once around the Earth"),
        (["nan"; 8].join(" "), "none of its 1 rows holds a pose"),
    ] {
        let reason = poses::parse(&text).unwrap_err();
        assert!(reason.contains(words) && reason.len() < 300, "'{reason}' lacks '{words}'");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("poses");
    for (bytes, words) in [
        (&b"\x93NUMPY\x01\x00"[..], "NumPy"),
        (b"PK\x03\x04", "zip"),
        (b"#ROSBAG V2.0\n", "ROS bag"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"<!DOCTYPE html>", "web page"),
        (b"{\"frames\": []}", "JSON"),
        (b"# Image list\n#   IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME\n", "COLMAP"),
        (b"\x00\x01\x02\x1b[31m\xff", "not a number"),
    ] {
        fs::write(&file, bytes).unwrap();
        let error = poses::read(&file).unwrap_err().to_string();
        assert!(error.contains(words) && !error.contains('\u{1b}'), "{error}");
    }
    assert!(poses::read(folder.path()).unwrap_err().to_string().contains("it is a folder"));
}

#[test]
fn implausible_poses_are_named_with_the_likely_cause() {
    let doubts = |text: &str| remarks(&read(text));
    let first = |index: usize, x: f64, z: f64| format!("{} {x} 0 {z} 1 0 0 0", 0.1 * index as f64);
    let found = doubts(&lines(first).join("\n"));
    assert!(found.contains("40 rows whose quaternion w seems to stand first"), "{found}");
    // A turning car: by its direction of travel.
    let turning = |is_first: bool| {
        let row = |index: usize| {
            let (angle, radius) = (0.05 * index as f64, 20.0);
            let (x, z) = (radius * (1.0 - angle.cos()), radius * angle.sin());
            let (sine, cosine) = (angle / 2.0).sin_cos();
            let [a, b, c, d] = if is_first { [cosine, 0.0, sine, 0.0] } else { [0.0, sine, 0.0, cosine] };
            format!("{} {x} 0 {z} {a} {b} {c} {d}", 0.1 * index as f64)
        };
        (0..100).map(row).collect::<Vec<_>>().join("\n")
    };
    assert!(doubts(&turning(true)).contains("w seems to stand first"), "{}", doubts(&turning(true)));
    assert_eq!(doubts(&turning(false)), "");
    let named = format!("time,x,y,z,qw,qx,qy,qz\n{}", turning(true).replace(' ', ","));
    assert_eq!(doubts(&named), "");
    let named = format!("time x y z qw qx qy qz\n{}", tum().join("\n"));
    assert!(doubts(&named).contains("w seems to stand last"), "{}", doubts(&named));
    // A jump of 3 km, by time and by frame.
    let jump = tum().join("\n").replace(" 16.000000 ", " 3016.000000 ");
    assert!(
        doubts(&jump).contains("2 poses farther from the one before than 150 m a second"),
        "{}",
        doubts(&jump)
    );
    let jump = kitti().join("\n").replace(" 1.600000e1", " 3.016e3");
    assert!(doubts(&jump).contains("2 poses farther than 50 m"), "{}", doubts(&jump));
}

/// Lines of a path with frame numbers first, from this one.
fn kitti_from(kitti: &str, first: usize) -> String {
    kitti.lines().enumerate().map(|(index, line)| format!("{} {line}\n", index + first)).collect()
}

#[test]
fn poses_are_paired_by_time_by_frame_or_by_line() {
    let pairs = |predicted: &str, truth: &str| PosePairs::new(&read(predicted), &read(truth));
    let said = |predicted: &str, truth: &str| {
        pairs(predicted, truth).map_or_else(|error| format!("{error:#}"), |pairs| pairs.pairing.to_string())
    };
    let (kitti, tum) = (kitti().join("\n"), tum().join("\n"));
    let late = |seconds: f64, step: usize| {
        let row =
            |index: usize, x, z| format!("{:.6} {x} 0 {z} 0 0 0 1", START + seconds + 0.1 * index as f64);
        lines(row).into_iter().step_by(step).collect::<Vec<_>>().join("\n")
    };
    let found = said(&late(0.015, 3), &tum);
    assert_eq!(
        found,
        "14 of 14 poses paired within 20 ms with 40 true ones; first times 1403715524.922143 s and 1403715524.907143 s"
    );
    let found = said(&late(0.03, 1), &tum);
    assert!(
        found.starts_with("0 of 40 poses paired within 20 ms") && found.contains("0.030 s apart"),
        "{found}"
    );
    // Of many predicted poses around a true one, the nearest is compared, once.
    let row = |index: usize| format!("{} 0 0 {index} 0 0 0 1", 0.004 * index as f64);
    let dense: String = (0..100).map(|index| row(index) + "\n").collect();
    let truth = "0 0 0 0 0 0 0 1\n0.1 0 0 25 0 0 0 1\n0.2 0 0 50 0 0 0 1\n";
    let found = pairs(&dense, truth).unwrap();
    assert_eq!((found.pairing.pairs, &found.predicted), (3, &found.truth));
    assert!(said(&kitti, &tum).starts_with("40 of 40 poses paired line by line"));
    assert!(said(&kitti_from(&kitti, 7), &tum).starts_with("40 of 40 poses paired line by line"));
    let numbered = |first: usize, step: usize| {
        let rows = kitti.lines().enumerate().step_by(step);
        rows.map(|(index, line)| format!("{} {line}\n", index + first)).collect::<String>()
    };
    let found = said(&numbered(0, 2), &kitti);
    assert_eq!(found, "20 of 20 poses paired by frame number with 40 true ones; first frames 0 and 0");
    let found = pairs(&numbered(1, 1), &kitti).unwrap();
    assert!(found.pairing.counts_from_one && found.pairing.pairs == 40, "{:?}", found.pairing);
    assert_eq!(found.predicted, found.truth);
    let found = pairs(&kitti, &numbered(1, 1)).unwrap();
    assert_eq!((found.pairing.pairs, &found.predicted), (40, &found.truth));
    // A path that begins at frame 1 of frames from 0 is not one that counts from 1.
    let part: String = numbered(0, 1).lines().skip(1).take(20).map(|line| format!("{line}\n")).collect();
    let found = pairs(&part, &kitti).unwrap();
    assert!(!found.pairing.counts_from_one && found.pairing.pairs == 20, "{:?}", found.pairing);
    assert_eq!(found.predicted, found.truth);
    // A lost frame of a path by lines takes its partner with it.
    let lost = kitti.replacen("1 0 0 7.000000e-2", "nan 0 0 0", 1);
    let found = pairs(&lost, &kitti).unwrap();
    assert_eq!((found.pairing.pairs, &found.predicted), (39, &found.truth));
    let part = kitti.lines().take(30).collect::<Vec<_>>().join("\n");
    let found = said(&part, &tum);
    assert!(
        found.contains("30 predicted poses cannot be compared with 40 true ones line by line"),
        "{found}"
    );
}
