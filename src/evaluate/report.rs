//! Text forms of an evaluation: rows of a table, LaTeX, JSON, CSV.

use super::{DepthEvaluation, DepthMetrics};
use std::fmt::Write;

/// Header of a table of metrics.
pub const TABLE_HEADER: &str = "abs_rel  sq_rel    rmse  rmse_log    a1     a2     a3";

/// Row of a table of metrics, below [`TABLE_HEADER`].
pub fn table_row(metrics: &DepthMetrics, name: &str) -> String {
    let DepthMetrics { abs_rel, sq_rel, rmse, rmse_log, a1, a2, a3 } = metrics;
    format!("{abs_rel:7.3} {sq_rel:7.3} {rmse:7.3} {rmse_log:9.3} {a1:6.3} {a2:6.3} {a3:6.3}  {name}")
}

/// Row of a LaTeX table: a name and the seven metrics to three digits.
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

/// JSON object of the whole evaluation, indented for reading.
pub fn json(evaluation: &DepthEvaluation) -> String {
    serde_json::to_string_pretty(evaluation).expect("an evaluation is numbers and texts")
}

/// CSV of all images: key, metrics, ratio of medians, pixels.
pub fn csv(evaluation: &DepthEvaluation) -> String {
    let mut text = "key,abs_rel,sq_rel,rmse,rmse_log,a1,a2,a3,ratio,pixels\n".to_owned();
    for image in &evaluation.per_image {
        let DepthMetrics { abs_rel, sq_rel, rmse, rmse_log, a1, a2, a3 } = image.metrics;
        // A folder of own frames may have any name.
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
