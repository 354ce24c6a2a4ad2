//! Facts about a pixel: rows of the inspector's table, each with a sentence that explains it, and the same rows as
//! plain text.

use crate::{
    config::FrameId,
    inspect::{Candidate, Difference, MinimumResult, PixelReport, ScaleReport, SourceReport},
};
use std::fmt::Write as _;

/// Group of rows.
pub struct FactGroup {
    /// Heading of the group.
    pub title: &'static str,
    /// Headings of the columns; empty for a group of single values.
    pub columns: Vec<String>,
    /// Rows of the group.
    pub facts: Vec<Fact>,
}

/// A row of the table.
pub struct Fact {
    /// Name of the value.
    pub name: &'static str,
    /// Texts of the values: one, or one for each column.
    pub values: Vec<String>,
    /// Index of the value to highlight, such as the minimum; `None` for no value.
    pub decisive: Option<usize>,
    /// Explanation for the tooltip, one sentence.
    pub help: String,
}

impl Fact {
    fn one(name: &'static str, value: String, help: impl Into<String>) -> Self {
        Self::row(name, vec![value], help)
    }

    fn row(name: &'static str, values: Vec<String>, help: impl Into<String>) -> Self {
        Self { name, values, decisive: None, help: help.into() }
    }
}

/// All facts about a pixel, in groups.
pub fn groups(report: &PixelReport) -> Vec<FactGroup> {
    let mut groups = Vec::new();
    if let Some(minimum) = &report.minimum {
        groups.push(loss(report, minimum));
        groups.push(sources(report, minimum));
    }
    groups.push(depth(report));
    groups.push(scales(&report.scales));
    groups
}

/// All facts as lines of text.
pub fn text(report: &PixelReport, heading: &str) -> String {
    let mut text = String::new();
    let [column, row] = report.pixel;
    let _ = writeln!(text, "{heading}, pixel {column}, {row} of {}", report.size);
    for FactGroup { title, columns, facts } in groups(report) {
        let _ = writeln!(text, "\n{title:<18}{}", cells(&columns));
        for Fact { name, values, .. } in facts {
            let _ = writeln!(text, "{name:<18}{}", cells(&values));
        }
    }
    text
}

fn cells(values: &[String]) -> String {
    values.iter().map(|value| format!("{value:>10}")).collect()
}

/// Text of a number with four significant digits.
pub fn number(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-3..1e4).contains(&size) {
        return format!("{value:.2e}").replace('-', "−");
    }
    let decimals = match size {
        size if size < 1.0 => 4,
        size if size < 10.0 => 3,
        size if size < 100.0 => 2,
        _ => 1,
    };
    format!("{value:.decimals$}").replace('-', "−")
}

fn loss_number(value: f64) -> String {
    format!("{value:.4}")
}

fn name_of(candidate: Candidate) -> String {
    let name = |id: Option<FrameId>| id.map_or_else(|| "average".to_owned(), FrameId::label);
    match candidate {
        Candidate::Identity(id) => format!("{} unwarped", name(id)),
        Candidate::Warped(id) => format!("{} warped", name(id)),
    }
}

fn loss(report: &PixelReport, minimum: &MinimumResult) -> FactGroup {
    let mut facts = vec![
        Fact::one(
            "loss",
            loss_number(minimum.loss),
            "What the pixel contributes to the photometric loss at the finest scale: the minimum of the \
             candidates below",
        ),
        Fact::one(
            "explained by",
            name_of(minimum.winner),
            "The candidate with the lowest loss: a source warped by depth and motion, or unwarped",
        ),
    ];
    if let Some((candidate, margin)) = minimum.runner_up {
        let value = format!("{} over {}", loss_number(margin), name_of(candidate));
        facts.push(Fact::one("wins by", value, "How much worse the second best candidate is"));
    }
    let (value, help) = if minimum.trains() {
        ("trains", "A warped source explains the pixel best, so it trains")
    } else {
        (
            "left out",
            "An unwarped source explains the pixel better, as where nothing moves relative to the \
             camera, so the auto-mask leaves it out",
        )
    };
    facts.push(Fact::one("auto-mask", value.to_owned(), help));
    if let Some(gradient) = report.gradient {
        facts.push(Fact::one(
            "gradient",
            format!("{gradient:+.2e}").replace('-', "−"),
            "How this sample's total loss changes with the disparity of the finest scale at this pixel, all \
             scales' losses and smoothness included and motions held; below 0 training makes the pixel nearer",
        ));
    }
    FactGroup { title: "Loss", columns: Vec::new(), facts }
}

fn sources(report: &PixelReport, minimum: &MinimumResult) -> FactGroup {
    let sources = &report.sources;
    let each = |value: &dyn Fn(&SourceReport) -> String| sources.iter().map(value).collect::<Vec<_>>();
    let index = |wanted: Candidate| {
        sources.iter().position(|source| match wanted {
            Candidate::Identity(id) | Candidate::Warped(id) => id == Some(source.id),
        })
    };
    let winner = index(minimum.winner);
    let warped = |source: &SourceReport| source.reprojection;
    let mut facts = Vec::new();
    facts.extend(difference_rows(sources, ["SSIM, warped", "L1, warped"], "warped source", warped));
    facts.push(Fact {
        decisive: winner.filter(|_| minimum.trains()),
        ..Fact::row(
            "reprojection",
            each(&|source| loss_number(source.reprojection.loss)),
            "Photometric loss of the warped source: 0.85 SSIM + 0.15 L1, or L1 alone without SSIM",
        )
    });
    if sources.iter().any(|source| source.weight.is_some()) {
        facts.push(Fact::row(
            "mask weight",
            each(&|source| source.weight.map_or_else(String::new, loss_number)),
            "The factor by which the predictive mask multiplies the reprojection loss",
        ));
    }
    if let Some(identities) = sources.iter().map(|source| source.identity).collect::<Option<Vec<_>>>() {
        let identity = |source: &SourceReport| source.identity.unwrap_or(source.reprojection);
        facts.extend(difference_rows(
            sources,
            ["SSIM, unwarped", "L1, unwarped"],
            "unwarped source",
            identity,
        ));
        facts.push(Fact {
            decisive: winner.filter(|_| !minimum.trains()),
            ..Fact::row(
                "identity",
                identities.iter().map(|identity| loss_number(identity.loss)).collect(),
                "Photometric loss of the unwarped source; tie-breaking noise is left out",
            )
        });
    }
    facts.push(Fact::row(
        "sampled x",
        each(&|source| format!("{:.2}", source.sampled[0]).replace('-', "−")),
        "Column of the source, in pixels, at which the pixel's point is seen",
    ));
    facts.push(Fact::row(
        "sampled y",
        each(&|source| format!("{:.2}", source.sampled[1]).replace('-', "−")),
        "Row of the source, in pixels, at which the pixel's point is seen",
    ));
    facts.push(Fact::row(
        "seen",
        each(&|source| {
            match (source.is_behind, source.is_outside) {
                (true, _) => "behind",
                (false, true) => "outside",
                (false, false) => "yes",
            }
            .to_owned()
        }),
        "Whether that position lies within the source; outside it, colours of its border are compared, and behind the \
         camera the projection has no meaning",
    ));
    let columns = sources.iter().map(|source| source.id.label()).collect();
    FactGroup { title: "Sources", columns, facts }
}

fn difference_rows(
    sources: &[SourceReport],
    names: [&'static str; 2],
    what: &str,
    difference: impl Fn(&SourceReport) -> Difference,
) -> Vec<Fact> {
    let ssim: Option<Vec<f64>> = sources.iter().map(|source| difference(source).ssim).collect();
    let ssim = ssim.map(|values| {
        let help = format!(
            "(1 − SSIM) / 2 of the {what} and the target over the 3×3 pixels around this one, averaged over \
             colours: 0 is the same structure"
        );
        Fact::row(names[0], values.into_iter().map(loss_number).collect(), help)
    });
    let l1 = sources.iter().map(|source| loss_number(difference(source).l1)).collect();
    let help =
        format!("Absolute difference of the {what} and the target at this pixel, averaged over colours");
    ssim.into_iter().chain([Fact::row(names[1], l1, help)]).collect()
}

/// Rows about depth. Every pixel has every row, so that nothing moves while the pointer does.
fn depth(report: &PixelReport) -> FactGroup {
    let unknown = || "–".to_owned();
    let metres = report.scale.as_ref().map(|scale| scale.metres_per_unit * report.depth);
    let scale = report.scale.as_ref().map_or_else(
        || {
            "How far that is: known where networks were trained with a stereo camera of known baseline, or the \
             frame has true depths; not looked up for training batches"
                .to_owned()
        },
        |scale| format!("Depth times {}, from {}", number(scale.metres_per_unit), scale.origin),
    );
    let truth = report.truth.map_or_else(
        || {
            "Measured by LiDAR or known exactly; there is none within the 3×3 pixels that SSIM compares"
                .to_owned()
        },
        |truth| {
            format!(
                "Measured by LiDAR or known exactly, {:.1} pixels from this one's centre: the nearest within \
                 the 3×3 pixels that SSIM compares",
                truth.distance
            )
        },
    );
    let error = metres.zip(report.truth).map(|(metres, truth)| {
        let error = metres - truth.metres;
        format!("{:+.2} m, {:+.1} %", error, 100.0 * error / truth.metres).replace('-', "−")
    });
    let in_metres = |metres: f64| format!("{} m", number(metres));
    let facts = vec![
        Fact::one(
            "depth",
            number(report.depth),
            "Predicted depth along the optical axis, in the network's own units: 1 / (a + b·disparity)",
        ),
        Fact::one("in metres", metres.map_or_else(unknown, in_metres), scale),
        Fact::one("true depth", report.truth.map_or_else(unknown, |truth| in_metres(truth.metres)), truth),
        Fact::one(
            "error",
            error.unwrap_or_else(unknown),
            "Predicted minus true depth, in metres and relative to the true depth",
        ),
    ];
    FactGroup { title: "Depth", columns: Vec::new(), facts }
}

fn scales(scales: &[ScaleReport]) -> FactGroup {
    let each = |value: &dyn Fn(&ScaleReport) -> String| scales.iter().map(value).collect::<Vec<_>>();
    let smoothness = |direction: usize| {
        each(&|scale| scale.smoothness[direction].map_or_else(|| "–".to_owned(), loss_number))
    };
    let weights: Vec<String> = scales.iter().map(|scale| number(scale.smoothness_weight)).collect();
    let help = |direction: &str| {
        format!(
            "|∂d|·exp(−|∂image|) towards the pixel {direction}, where d is the disparity divided by its \
             mean; it counts {} times in the scales' losses",
            weights.join(", ")
        )
    };
    FactGroup {
        title: "Scales",
        columns: scales.iter().map(|scale| scale.scale.to_string()).collect(),
        facts: vec![
            Fact::row(
                "disparity",
                each(&|scale| loss_number(scale.disparity)),
                "Disparity that the depth network predicts at each scale, interpolated at this pixel: 1 is nearest, 0 farthest",
            ),
            Fact::row("smoothness x", smoothness(0), help("to the right")),
            Fact::row("smoothness y", smoothness(1), help("below")),
        ],
    }
}
