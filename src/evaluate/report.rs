//! An evaluation as text: a table beside published rows, a row of LaTeX, a table of all images.

use super::{DepthEvaluation, DepthMetrics};
use std::fmt::Write;

/// The heads of a table of metrics.
pub const HEADS: &str = "abs_rel  sq_rel    rmse  rmse_log    a1     a2     a3";

/// A line of a table of metrics, below [`HEADS`].
pub fn table_line(metrics: &DepthMetrics, name: &str) -> String {
    let DepthMetrics { abs_rel, sq_rel, rmse, rmse_log, a1, a2, a3 } = metrics;
    format!("{abs_rel:7.3} {sq_rel:7.3} {rmse:7.3} {rmse_log:9.3} {a1:6.3} {a2:6.3} {a3:6.3}  {name}")
}

/// A row of a LaTeX table: a name and the seven metrics to three digits.
pub fn latex_row(metrics: &DepthMetrics, name: &str) -> String {
    let DepthMetrics { abs_rel, sq_rel, rmse, rmse_log, a1, a2, a3 } = metrics;
    let mut escaped = String::new();
    for letter in name.chars() {
        match letter {
            '_' | '%' | '&' | '#' | '$' | '{' | '}' => escaped.extend(['\\', letter]),
            '×' => escaped.push_str("$\\times$"),
            '\\' | '~' | '^' => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    format!(
        "{escaped} & {abs_rel:.3} & {sq_rel:.3} & {rmse:.3} & {rmse_log:.3} & {a1:.3} & {a2:.3} & {a3:.3} \\\\"
    )
}

/// Everything as one JSON object, to be read by people too.
pub fn json(evaluation: &DepthEvaluation) -> String {
    serde_json::to_string_pretty(evaluation).expect("an evaluation is numbers and texts")
}

/// A table of all images with commas: key, metrics, ratio of medians, pixels.
pub fn csv(evaluation: &DepthEvaluation) -> String {
    let mut text = "key,abs_rel,sq_rel,rmse,rmse_log,a1,a2,a3,ratio,pixels\n".to_owned();
    for image in &evaluation.per_image {
        let DepthMetrics { abs_rel, sq_rel, rmse, rmse_log, a1, a2, a3 } = image.metrics;
        // A folder of one's own may have any name.
        let key = image.key.replace('"', "\"\"");
        let key = if key.contains([',', '"']) { format!("\"{key}\"") } else { key };
        let _ = writeln!(
            text,
            "{key},{abs_rel},{sq_rel},{rmse},{rmse_log},{a1},{a2},{a3},{},{}",
            image.ratio, image.pixels
        );
    }
    text
}
