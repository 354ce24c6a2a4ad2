//! `archives`: download addresses of the official archives of a split.

use crate::{data::split, output::outln};
use anyhow::Result;
use clap::Args;
use serde_json::json;

#[derive(Args)]
pub(super) struct ArchivesArgs {
    /// The split: the name of one of KITTI's, or a folder of split files
    #[arg(long, value_name = "NAME|DIR")]
    split: String,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &ArchivesArgs) -> Result<()> {
    let archives = split::archives(&args.split)?;
    if args.json {
        outln!("{}", json!({ "split": args.split, "archives": archives }));
    } else {
        outln!("{}", archives.join("\n"));
    }
    Ok(())
}
